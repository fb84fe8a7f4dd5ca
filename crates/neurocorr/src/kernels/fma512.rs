//! AVX-512: products of three registers of neurons with eight neurons, over all tokens of a piece, in 24 registers.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::multiply::Rows;
use std::arch::x86_64::{
    __m512, __m512d, _MM_HINT_T0, _mm_prefetch, _mm512_add_pd, _mm512_add_ps, _mm512_fmadd_pd, _mm512_fmadd_ps,
    _mm512_loadu_pd, _mm512_loadu_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps,
    _mm512_storeu_pd, _mm512_storeu_ps,
};

/// Registers of neurons on the left.
const HIGH: usize = 3;

/// Neurons on the right: 24 sums, 3 of the left and 1 of the right are 28 of 32 registers.
const WIDE: usize = 8;

/// A register of values.
///
/// # Safety
/// All of it is for where there is AVX-512 F; `load` and `store` for where there are `LANES` values.
pub trait Lanes: Copy {
    type Register: Copy;
    const LANES: usize;

    unsafe fn zero() -> Self::Register;
    unsafe fn splat(self) -> Self::Register;
    unsafe fn add(a: Self::Register, b: Self::Register) -> Self::Register;
    /// a b + c, rounded once.
    unsafe fn fma(a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register;
    unsafe fn load(from: *const Self) -> Self::Register;
    unsafe fn store(to: *mut Self, register: Self::Register);
}

impl Lanes for f64 {
    type Register = __m512d;
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> __m512d {
        // SAFETY: the caller knows that there is AVX-512 F.
        unsafe { _mm512_setzero_pd() }
    }

    #[inline(always)]
    unsafe fn splat(self) -> __m512d {
        // SAFETY: as above.
        unsafe { _mm512_set1_pd(self) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512d, b: __m512d) -> __m512d {
        // SAFETY: as above.
        unsafe { _mm512_add_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512d, b: __m512d, c: __m512d) -> __m512d {
        // SAFETY: as above.
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }

    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m512d {
        // SAFETY: as above, and the values are there; no alignment is asked for.
        unsafe { _mm512_loadu_pd(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Self, register: __m512d) {
        // SAFETY: as for `load`.
        unsafe { _mm512_storeu_pd(to, register) };
    }
}

impl Lanes for f32 {
    type Register = __m512;
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the caller knows that there is AVX-512 F.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(self) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_set1_ps(self) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: as above.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn load(from: *const Self) -> __m512 {
        // SAFETY: as above, and the values are there; no alignment is asked for.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut Self, register: __m512) {
        // SAFETY: as for `load`.
        unsafe { _mm512_storeu_ps(to, register) };
    }
}

/// Neurons of the left that are in work together.
const fn high<P: Lanes>() -> usize {
    HIGH * P::LANES
}

/// Whether tiles of so many rows and columns are made of whole pieces of work.
pub(super) const fn fits<P: Lanes>(rows: usize, columns: usize) -> bool {
    rows.is_multiple_of(high::<P>()) && columns.is_multiple_of(WIDE)
}

/// Adds the products of all neurons of the left with all of the right to a tile's columns, or puts them there; of a `triangle` not
/// those of pieces of work that lie above the diagonal.
///
/// Eight columns are done from end to end before the next: with the left's registers outside instead, a third as much comes from the
/// second cache, but columns, which lie pages apart, are gone through 8 or 4 times, which costs more.
///
/// # Safety
/// There is AVX-512 F; `left` and `right` have all their rows, and as many; the tile [`fits`], has a column for each neuron of the right,
/// and each column a value for each of the left.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn multiply<P: Lanes>(
    left: Rows<'_, P>,
    right: Rows<'_, P>,
    tile: &mut [&mut [P]],
    triangle: bool,
    replace: bool,
) {
    for (index, columns) in tile.as_chunks_mut::<WIDE>().0.iter_mut().enumerate() {
        let right_from = right.values.as_ptr().wrapping_add(index * WIDE);
        let starts = (0..left.neurons).step_by(high::<P>());
        for start in starts.skip_while(|start| triangle && start + high::<P>() <= index * WIDE) {
            let to = columns.each_mut().map(|column| column.as_mut_ptr().wrapping_add(start));
            let left_from = left.values.as_ptr().wrapping_add(start);
            // SAFETY: each row of the left has 3 registers from `start`, each of the right 8 values from the strip's first, each
            // column 3 registers from `start`.
            unsafe { micro(left_from, left.stride, right_from, right.stride, left.tokens, to, replace) };
        }
    }
}

/// # Safety
/// There is AVX-512 F, and everywhere room for what is read and written: 3 registers a row of `left`, 8 values a row of `right`, 3
/// registers in each place of `to`.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn micro<P: Lanes>(
    left: *const P,
    left_stride: usize,
    right: *const P,
    right_stride: usize,
    tokens: usize,
    to: [*mut P; WIDE],
    replace: bool,
) {
    for to in to {
        for part in 0..HIGH {
            _mm_prefetch::<_MM_HINT_T0>(to.wrapping_add(part * P::LANES).cast());
        }
    }
    // SAFETY: there is AVX-512 F.
    let mut sums = [[unsafe { P::zero() }; HIGH]; WIDE];
    for token in 0..tokens {
        let (left, right) = (left.wrapping_add(token * left_stride), right.wrapping_add(token * right_stride));
        // SAFETY: the row has 3 registers.
        let a: [P::Register; HIGH] =
            std::array::from_fn(|part| unsafe { P::load(left.wrapping_add(part * P::LANES)) });
        for (column, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the row has 8 values.
            let b = unsafe { (*right.wrapping_add(column)).splat() };
            for (sum, a) in sums.iter_mut().zip(a) {
                // SAFETY: there is AVX-512 F.
                *sum = unsafe { P::fma(a, b, *sum) };
            }
        }
    }
    for (to, sums) in to.into_iter().zip(sums) {
        for (part, sum) in sums.into_iter().enumerate() {
            let to = to.wrapping_add(part * P::LANES);
            // SAFETY: there are 3 registers.
            unsafe { P::store(to, if replace { sum } else { P::add(P::load(to), sum) }) };
        }
    }
}
