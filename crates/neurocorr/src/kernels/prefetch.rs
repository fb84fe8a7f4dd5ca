//! Asking for memory ahead of its use: rows of a matrix lie too far apart for the processor to guess.

/// Lines of 64 bytes.
const LINE: usize = 64;

/// Memory that will be needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    pub(super) from: *const u8,
    pub(super) bytes: usize,
}

impl Ahead {
    pub(crate) fn of<T>(values: &[T]) -> Self {
        Self { from: values.as_ptr().cast(), bytes: size_of_val(values) }
    }

    /// Twelve lines each: about as many as are asked for while a piece of work is done.
    pub(crate) fn parts(self) -> impl Iterator<Item = Self> {
        let each = 12 * LINE;
        (0..self.bytes)
            .step_by(each)
            .map(move |at| Self { from: self.from.wrapping_add(at), bytes: each.min(self.bytes - at) })
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) const SECOND: i32 = std::arch::x86_64::_MM_HINT_T1;
#[cfg(not(target_arch = "x86_64"))]
const SECOND: i32 = 0;

/// Asks for values to be brought into the second cache; nothing else happens, and where there is no such instruction nothing does.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T]) {
    ask::<SECOND>(Ahead::of(values));
}

/// Asks for some bytes to be brought nearer.
#[inline(always)]
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "a hint to the processor"))]
pub(super) fn ask<const HINT: i32>(ahead: Ahead) {
    let Ahead { from, bytes } = ahead;
    #[cfg(target_arch = "x86_64")]
    for at in (0..bytes).step_by(LINE) {
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing: any address is allowed.
        unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(from.wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, bytes, LINE);
}
