//! AVX-512: three registers of neurons with eight neurons, in 24 sums.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::fma::{HIGH, Piece};
use super::multiply::LINE_BYTES;
use std::arch::x86_64::{
    __m512, __m512d, _mm512_add_pd, _mm512_add_ps, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd,
    _mm512_loadu_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps, _mm512_storeu_pd,
    _mm512_storeu_ps,
};
use std::marker::PhantomData;

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

/// The kernel of a precision.
pub struct Of512<P>(PhantomData<P>);

impl<P: Lanes> Piece for Of512<P> {
    type Value = P;
    const LANES: usize = P::LANES;
    const WIDE: usize = WIDE;

    #[inline(always)]
    unsafe fn add(left: [*const P; HIGH], right: *const P, tokens: usize, to: *mut P, replace: bool) {
        // SAFETY: the caller's.
        unsafe { add(left, right, tokens, to, replace) };
    }
}

/// [`Piece::add`].
///
/// # Safety
/// That of [`Piece`].
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn add<P: Lanes>(left: [*const P; HIGH], right: *const P, tokens: usize, to: *mut P, replace: bool) {
    // SAFETY: there is AVX-512 F.
    let mut sums = [[unsafe { P::zero() }; HIGH]; WIDE];
    let line = LINE_BYTES / size_of::<P>();
    for token in 0..tokens {
        // SAFETY: each place has a register for this token.
        let a: [P::Register; HIGH] = left.map(|left| unsafe { P::load(left.wrapping_add(token * line)) });
        for (column, sums) in sums.iter_mut().enumerate() {
            // SAFETY: there are 8 values for this token.
            let b = unsafe { (*right.wrapping_add(token * line + column)).splat() };
            for (sum, a) in sums.iter_mut().zip(a) {
                // SAFETY: there is AVX-512 F.
                *sum = unsafe { P::fma(a, b, *sum) };
            }
        }
    }
    for (at, sum) in sums.as_flattened().iter().enumerate() {
        let to = to.wrapping_add(at * P::LANES);
        // SAFETY: `to` has room for all sums.
        unsafe { P::store(to, if replace { *sum } else { P::add(P::load(to), *sum) }) };
    }
}
