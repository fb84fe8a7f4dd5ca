//! AVX-512 VNNI: 64 products of bytes and their sums by one instruction.
#![expect(unsafe_code, reason = "SIMD kernel; the portable level is its safe twin")]

use super::{PANEL, ROWS, Step, starts};
use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_sub_epi32,
};

/// Registers of a panel.
const WIDTH: usize = PANEL / 16;

/// # Safety
/// Every row must lie inside `left`: (row / 48 + 1) × right.len() ≤ left.len().
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) unsafe fn products(
    left: &[Step],
    rows: &[u16; ROWS],
    right: &[Step],
    offsets: &[i32; PANEL],
    out: &mut [[i32; PANEL]; ROWS],
) {
    let starts = starts(left, rows, right.len());
    let begin: [__m512i; WIDTH] = std::array::from_fn(|third| {
        // SAFETY: `offsets` has 48 numbers, three times sixteen.
        let offsets = unsafe { _mm512_loadu_si512(offsets.as_ptr().add(16 * third).cast()) };
        _mm512_sub_epi32(_mm512_setzero_si512(), offsets)
    });
    let mut sums = [begin; ROWS];
    for (step, columns) in right.iter().enumerate() {
        let columns = columns.as_ptr();
        // SAFETY: three registers of sixteen words are the 48 words of a step; no alignment is asked for.
        let b: [__m512i; WIDTH] =
            std::array::from_fn(|third| unsafe { _mm512_loadu_si512(columns.add(16 * third).cast()) });
        for (start, sums) in starts.iter().zip(&mut sums) {
            // SAFETY: `step` is below right.len(), so the word is in the row's panel, which is inside `left`.
            let a = _mm512_set1_epi32(unsafe { *start.add(step * PANEL) }.cast_signed());
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = _mm512_dpbusd_epi32(*sum, a, b);
            }
        }
    }
    for (sums, out) in sums.iter().zip(out) {
        for (third, sum) in sums.iter().enumerate() {
            // SAFETY: `out` has 48 places, three times sixteen.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(16 * third).cast(), *sum) };
        }
    }
}
