//! Products of two panels by fused multiply-adds, three registers of neurons with a few neurons at a time, over all tokens of a piece.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::multiply::{Factors, LINE_BYTES, Rows};
use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

/// Registers of neurons on the left.
pub(super) const HIGH: usize = 3;

/// The innermost piece of work: a register's width times three neurons of the left, a few of the right, all tokens.
///
/// # Safety
/// Whoever calls [`add`](Self::add) knows that the processor has the register's instructions (AVX2 and FMA of 256 bits, AVX-512 F of 512),
/// and that everywhere there is what is read and written: for each token, a line of 64 bytes further, a register at each place of
/// `left` and `WIDE` values at `right`; 3 · `WIDE` registers at `to`.
pub trait Piece {
    type Value: Copy;
    /// Values of a register.
    const LANES: usize;
    /// Neurons on the right.
    const WIDE: usize;

    /// Adds the products over all tokens, summed from zero, to what is at `to`, or puts them there: three registers for each neuron of
    /// the right.
    unsafe fn add(
        left: [*const Self::Value; HIGH],
        right: *const Self::Value,
        tokens: usize,
        to: *mut Self::Value,
        replace: bool,
    );
}

/// [`products`] in registers of 256 bits.
///
/// # Safety
/// That of [`products`], with AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn products_256<R: Piece>(
    factors: Factors<'_, R::Value>,
    sums: &mut [R::Value],
    replace: bool,
) {
    // SAFETY: the caller's.
    unsafe { products::<R>(factors, sums, replace) };
}

/// [`products`] in registers of 512 bits.
///
/// # Safety
/// That of [`products`], with AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn products_512<R: Piece>(
    factors: Factors<'_, R::Value>,
    sums: &mut [R::Value],
    replace: bool,
) {
    // SAFETY: the caller's.
    unsafe { products::<R>(factors, sums, replace) };
}

/// Adds the products of all neurons of the left with all of the right to `sums`, or puts them there: strip of three registers after
/// strip, in each strip its products with `WIDE` neurons of the right after those with the ones before. Of a `triangle` not those that
/// lie above the diagonal.
///
/// A strip of the left stays in the first cache while all of the right passes by, from the second.
///
/// # Safety
/// The processor has the register's instructions; both sides have all their lines, for whole registers and strips, and as many tokens; a
/// register lies in one line, and so do `WIDE` neurons; `sums` has room for all strips.
#[inline(always)]
unsafe fn products<R: Piece>(factors: Factors<'_, R::Value>, sums: &mut [R::Value], replace: bool) {
    let Factors { left, right, triangle, ahead } = factors;
    let (high, value) = (HIGH * R::LANES, size_of::<R::Value>());
    let strips = right.neurons.div_ceil(R::WIDE);
    let rows = left.neurons.div_ceil(high);
    // Bytes of the left that a strip of it takes, and of what is on the right next, for each of the last pieces of work.
    let left_each = high * left.apart * value / (LINE_BYTES / value) / strips.max(1);
    let late = rows - rows.div_ceil(4);
    let right_each = size_of_val(ahead) / ((rows - late) * strips).max(1);
    let mut ahead: *const u8 = ahead.as_ptr().cast();
    let place = |side: Rows<'_, R::Value>, neuron: usize| {
        let line = LINE_BYTES / value;
        side.values.as_ptr().wrapping_add(neuron / line * side.apart + neuron % line)
    };
    for (row, start) in (0..left.neurons).step_by(high).enumerate() {
        let own: [*const R::Value; HIGH] = std::array::from_fn(|part| place(left, start + part * R::LANES));
        let end = start + high;
        let mut next: *const u8 = place(left, end).cast();
        for strip in (0..strips).take_while(|strip| !triangle || strip * R::WIDE < end) {
            let to = sums.as_mut_ptr().wrapping_add((row * strips + strip) * high * R::WIDE);
            if !replace {
                ask::<{ _MM_HINT_T0 }>(to.cast_const().cast(), high * R::WIDE * value);
            }
            ask::<{ _MM_HINT_T1 }>(next, left_each);
            next = next.wrapping_add(left_each);
            if row >= late {
                ask::<{ _MM_HINT_T1 }>(ahead, right_each);
                ahead = ahead.wrapping_add(right_each);
            }
            // SAFETY: each token has a register at each place of the left and `WIDE` values at that of the right, and `to` is a part of
            // `sums`, all by what the caller knows.
            unsafe { R::add(own, place(right, strip * R::WIDE), left.tokens, to, replace) };
        }
    }
}

/// Asks for some bytes to be brought nearer.
#[inline(always)]
fn ask<const HINT: i32>(from: *const u8, bytes: usize) {
    for at in (0..bytes).step_by(LINE_BYTES) {
        // SAFETY: SSE is part of x86-64, and nothing is read: any address is allowed.
        unsafe { _mm_prefetch::<HINT>(from.wrapping_add(at).cast()) };
    }
}
