//! Products of two panels by fused multiply-adds, three registers of neurons with a few neurons at a time, over all tokens of a piece.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::multiply::{Factors, LINE_BYTES, Rows};
use super::prefetch::{Ahead, SECOND, ask};
use std::arch::x86_64::_MM_HINT_T0;

/// Registers of neurons on the left.
pub(super) const HIGH: usize = 3;

/// Tokens between two jumps: so few jumps in a row that the processor foresees the last.
pub(super) const TOGETHER: usize = 8;

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
    /// Whether what comes next is asked for all the time, a line of each part after every eight tokens; else at once, before the first.
    const EVENLY: bool;

    /// Adds the products over all tokens, summed from zero, to what is at `to`, or puts them there: three registers for each neuron of
    /// the right. Meanwhile asks for what comes next.
    unsafe fn add(
        left: [*const Self::Value; HIGH],
        right: *const Self::Value,
        tokens: usize,
        to: *mut Self::Value,
        replace: bool,
        next: [Next; 4],
    );
}

/// Memory that will be needed: asked for, not read.
#[derive(Clone, Copy)]
pub struct Next(Ahead);

impl Next {
    const NOTHING: Self = Self::new(std::ptr::null(), 0);

    const fn new(from: *const u8, bytes: usize) -> Self {
        Self(Ahead { from, bytes })
    }

    /// Where it begins, if there is any; else somewhere that may be asked for as well.
    #[inline(always)]
    pub(super) fn start_or(self, other: *const u8) -> *const u8 {
        if self.0.bytes > 0 { self.0.from } else { other }
    }

    /// Asks for it to be brought into the second cache.
    #[inline(always)]
    pub(super) fn ask(self) {
        ask::<SECOND>(self.0);
    }
}

/// Where a neuron's first token is, in lines of 64 bytes.
#[inline(always)]
fn place<P: Copy>(side: Rows<'_, P>, neuron: usize) -> *const P {
    let line = LINE_BYTES / size_of::<P>();
    side.values.as_ptr().wrapping_add(neuron / line * side.apart + neuron % line)
}

/// Lines of a side, to be asked for from the first on.
struct Walk {
    line: *const u8,
    at: usize,
    /// Bytes of a line's tokens, and from one line to the next.
    length: usize,
    apart: usize,
}

impl Walk {
    fn from<P: Copy>(side: Rows<'_, P>, neuron: usize) -> Self {
        let line = place(side, neuron).cast();
        Self { line, at: 0, length: side.tokens * LINE_BYTES, apart: side.apart * size_of::<P>() }
    }

    /// The next bytes; a line's end is that of a part too.
    fn next(&mut self, bytes: usize) -> Next {
        let next = Next::new(self.line.wrapping_add(self.at), bytes);
        self.at += bytes;
        if self.at >= self.length {
            (self.line, self.at) = (self.line.wrapping_add(self.apart), 0);
        }
        next
    }
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
    let Factors { left, right, triangle, ahead, soon } = factors;
    let mut soon = soon.iter();
    let (high, value) = (HIGH * R::LANES, size_of::<R::Value>());
    let strips = right.neurons.div_ceil(R::WIDE);
    let rows = left.neurons.div_ceil(high);
    // Bytes of the left that a strip of it takes, and of what is on the right next, for each piece of work, or each of the last ones.
    let bytes = |neurons: usize| neurons * left.tokens * value;
    let left_each = bytes(high) / strips.max(1);
    let late = if R::EVENLY { 0 } else { rows - rows.div_ceil(4) };
    let right_each = bytes(right.neurons) / ((rows - late) * strips).max(1);
    let mut right_next = ahead.map(|[_, right]| Walk::from(right, 0));
    for (row, start) in (0..left.neurons).step_by(high).enumerate() {
        let own: [*const R::Value; HIGH] = std::array::from_fn(|part| place(left, start + part * R::LANES));
        let end = start + high;
        let mut left_next = match ahead {
            _ if end < left.neurons => Some(Walk::from(left, end)),
            Some([left, _]) => Some(Walk::from(left, 0)),
            None => None,
        };
        for strip in (0..strips).take_while(|strip| !triangle || strip * R::WIDE < end) {
            let to = sums.as_mut_ptr().wrapping_add((row * strips + strip) * high * R::WIDE);
            if !replace {
                ask::<{ _MM_HINT_T0 }>(Ahead { from: to.cast_const().cast(), bytes: high * R::WIDE * value });
            }
            let next =
                |walk: &mut Option<Walk>, bytes| walk.as_mut().map_or(Next::NOTHING, |walk| walk.next(bytes));
            let right_now = if row >= late { next(&mut right_next, right_each) } else { Next::NOTHING };
            let mut of_soon = || soon.next().copied().map_or(Next::NOTHING, Next);
            let next = [next(&mut left_next, left_each), right_now, of_soon(), of_soon()];
            // SAFETY: each token has a register at each place of the left and `WIDE` values at that of the right, and `to` is a part of
            // `sums`, all by what the caller knows.
            unsafe { R::add(own, place(right, strip * R::WIDE), left.tokens, to, replace, next) };
        }
    }
}

/// One token of a piece, so many bytes further than the first.
macro_rules! token {
    ($load:literal, $splat:literal, $fma:literal, $bytes:literal, $from:literal, $ask:literal, [$($nth:literal: $s0:ident $s1:ident $s2:ident),*]) => {
        concat!(
            $ask, "\n",
            $load, " {a0}, [{left0} + ", $from, "]\n",
            $load, " {a1}, [{left1} + ", $from, "]\n",
            $load, " {a2}, [{left2} + ", $from, "]\n",
            $(
                $splat, " {b}, [{right} + ", $from, " + ", $nth, " * ", $bytes, "]\n",
                $fma, " {", stringify!($s0), "}, {a0}, {b}\n",
                $fma, " {", stringify!($s1), "}, {a1}, {b}\n",
                $fma, " {", stringify!($s2), "}, {a2}, {b}\n",
            )*
        )
    };
}

/// Written out in instructions: compilers move loads of later tokens up and put sums into memory instead, always where all
/// registers are taken, and else whenever the code around changes. What comes next is asked for at once, or by an instruction for each of its parts
/// in eight tokens: a line of each every time, which is all of the left and the right.
macro_rules! piece {
    ($of:ty: $lanes:literal of $value:ident in $register:ident, $features:literal, evenly $evenly:literal, [$($ask:literal),*], $bytes:literal, $load:literal, $splat:literal,
        $fma:literal, $zero:ident, $loaded:ident, $sum:ident, $store:ident, $wide:literal: $columns:tt) => {
        impl Piece for $of {
            type Value = $value;
            const LANES: usize = $lanes;
            const WIDE: usize = $wide;
            const EVENLY: bool = $evenly;

            #[target_feature(enable = $features)]
            #[inline]
            unsafe fn add(
                left: [*const $value; HIGH],
                right: *const $value,
                tokens: usize,
                to: *mut $value,
                replace: bool,
                next: [Next; 4],
            ) {
                let mut sums = [$zero(); HIGH * $wide];
                let (turns, from) = (tokens / TOGETHER, 0);
                if !$evenly {
                    next.into_iter().for_each(Next::ask);
                }
                // Where there is nothing to ask for, what is at hand is asked for.
                let asks = next.map(|next| next.start_or(right.cast()));
                if turns > 0 {
                    // SAFETY: the caller knows that the processor has the instructions, and that all tokens are there.
                    unsafe {
                        $crate::kernels::fma::turns!(
                            eight!([$($ask),*], $load, $splat, $fma, $bytes, $columns),
                            "512",
                            turns,
                            sums,
                            left,
                            right,
                            from,
                            asks,
                            $register,
                            $columns
                        );
                    }
                }
                let (from, turns) = (tokens - tokens % TOGETHER, tokens % TOGETHER);
                if turns > 0 {
                    // SAFETY: as above.
                    unsafe {
                        $crate::kernels::fma::turns!(
                            token!($load, $splat, $fma, $bytes, "0", "", $columns),
                            "64",
                            turns,
                            sums,
                            left,
                            right,
                            from,
                            asks,
                            $register,
                            $columns
                        );
                    }
                }
                for (at, sum) in sums.into_iter().enumerate() {
                    let to = to.wrapping_add(at * $lanes);
                    // SAFETY: `to` has room for all sums.
                    unsafe { $store(to, if replace { sum } else { $sum($loaded(to), sum) }) };
                }
            }
        }
    };
}

/// Eight tokens; what is to be asked for meanwhile, every second one.
macro_rules! eight {
    ([$a0:literal, $a1:literal, $a2:literal, $a3:literal], $load:literal, $splat:literal, $fma:literal, $bytes:literal, $columns:tt) => {
        concat!(
            token!($load, $splat, $fma, $bytes, "0", $a0, $columns),
            token!($load, $splat, $fma, $bytes, "64", "", $columns),
            token!($load, $splat, $fma, $bytes, "128", $a1, $columns),
            token!($load, $splat, $fma, $bytes, "192", "", $columns),
            token!($load, $splat, $fma, $bytes, "256", $a2, $columns),
            token!($load, $splat, $fma, $bytes, "320", "", $columns),
            token!($load, $splat, $fma, $bytes, "384", $a3, $columns),
            token!($load, $splat, $fma, $bytes, "448", "", $columns)
        )
    };
}

/// Some tokens, at least once, so many bytes further each time.
macro_rules! turns {
    ($tokens:expr, $further:literal, $turns:ident, $sums:ident, $left:ident, $right:ident, $from:ident, $asks:ident, $register:ident,
        [$($nth:literal: $s0:ident $s1:ident $s2:ident),*]) => {
        std::arch::asm!(
            "2:",
            $tokens,
            concat!("add {left0}, ", $further),
            concat!("add {left1}, ", $further),
            concat!("add {left2}, ", $further),
            concat!("add {right}, ", $further),
            "add {ask0}, 64",
            "add {ask1}, 64",
            "add {ask2}, 64",
            "add {ask3}, 64",
            "dec {turns}",
            "jnz 2b",
            turns = inout(reg) $turns => _,
            left0 = inout(reg) $left[0].wrapping_byte_add($from * LINE_BYTES) => _,
            left1 = inout(reg) $left[1].wrapping_byte_add($from * LINE_BYTES) => _,
            left2 = inout(reg) $left[2].wrapping_byte_add($from * LINE_BYTES) => _,
            right = inout(reg) $right.wrapping_byte_add($from * LINE_BYTES) => _,
            ask0 = inout(reg) $asks[0] => _,
            ask1 = inout(reg) $asks[1] => _,
            ask2 = inout(reg) $asks[2] => _,
            ask3 = inout(reg) $asks[3] => _,
            a0 = out($register) _,
            a1 = out($register) _,
            a2 = out($register) _,
            b = out($register) _,
            $(
                $s0 = inout($register) $sums[HIGH * $nth],
                $s1 = inout($register) $sums[HIGH * $nth + 1],
                $s2 = inout($register) $sums[HIGH * $nth + 2],
            )*
            options(pure, readonly, nostack),
        )
    };
}

pub(super) use {eight, piece, token, turns};
