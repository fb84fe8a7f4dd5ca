//! Lines of memory written past the caches: what is not read before much else has been should not be read to be overwritten, nor push out
//! what is in use.

use super::LINE_BYTES;

/// A line of memory.
pub(crate) type Line = [u8; LINE_BYTES];

/// Writes a line, past the caches where it begins at a multiple of 16 bytes and the processor has such a store. Other threads may read it after
/// [`fence`].
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "stores past the caches"))]
pub(crate) fn write_past_caches(to: &mut Line, from: &Line) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        let (to, from): (*mut __m128i, *const __m128i) = (to.as_mut_ptr().cast(), from.as_ptr().cast());
        if to.is_aligned() {
            for at in 0..LINE_BYTES / size_of::<__m128i>() {
                // SAFETY: SSE2 is part of x86-64; both arrays have 64 bytes, and `to` begins at a multiple of 16.
                unsafe { _mm_stream_si128(to.add(at), _mm_loadu_si128(from.add(at))) };
            }
            return;
        }
    }
    *to = *from;
}

/// Orders what this thread has written past the caches before whatever follows: for other threads.
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an instruction"))]
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_at_any_place_is_written_as_a_copy_would_be_and_nothing_beside_it() {
        let from: Line = std::array::from_fn(|at| u8::try_from(at).unwrap() + 1);
        for start in 0..=LINE_BYTES {
            let (mut found, mut expected) = ([0xEE; 4 * LINE_BYTES], [0xEE; 4 * LINE_BYTES]);
            expected[start..][..LINE_BYTES].copy_from_slice(&from);
            write_past_caches(found[start..].first_chunk_mut().unwrap(), &from);
            fence();
            assert!(found == expected, "{start}");
        }
    }
}
