//! Products of two panels of standardised tokens, added to a tile: where AVX-512 is, as near to what the processor can do as
//! registers allow; elsewhere faer does it.

use crate::level::Level;
#[cfg(target_arch = "x86_64")]
use crate::level::Set;

/// Some tokens of some neurons: a row for each token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a, P> {
    pub(crate) values: &'a [P],
    /// Values from one row to the next.
    pub(crate) stride: usize,
    pub(crate) tokens: usize,
    pub(crate) neurons: usize,
}

impl<'a, P> Rows<'a, P> {
    /// Of some of the tokens.
    pub(crate) fn of(self, start: usize, tokens: usize) -> Self {
        let values = self.values.get(start * self.stride..).unwrap_or_default();
        Self { values, tokens, ..self }
    }

    /// Whether all rows are there.
    #[cfg(target_arch = "x86_64")]
    fn are_whole(self) -> bool {
        let last = self.tokens.saturating_sub(1).saturating_mul(self.stride);
        self.neurons <= self.stride && last.saturating_add(self.neurons) <= self.values.len()
    }
}

/// What can be multiplied so.
#[cfg(target_arch = "x86_64")]
pub trait Multiply: super::fma512::Lanes + Send + Sync {}

/// What can be multiplied so.
#[cfg(not(target_arch = "x86_64"))]
pub trait Multiply: Send + Sync {}

impl Multiply for f32 {}
impl Multiply for f64 {}

/// Whether there is a kernel for tiles of so many rows and columns.
pub(crate) fn multiplies<P: Multiply>(level: Level, rows: usize, columns: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    if level.0 == Set::Avx512Vnni {
        return super::fma512::fits::<P>(rows, columns);
    }
    let _ = (level, rows, columns);
    false
}

/// Adds Σ left · right over their tokens to a tile, given by its columns, or puts it there: a row for each neuron of the left, a
/// column for each of the right. Every sum is made from zero by fused multiply-adds, token by token, and then added. Of a
/// `triangle`, what lies above the diagonal may be left out. Returns `false`, and does nothing, where there is no kernel for it
/// or the sizes do not match.
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "calls into code for what the processor has"))]
pub(crate) fn multiply<P: Multiply>(
    level: Level,
    left: Rows<'_, P>,
    right: Rows<'_, P>,
    tile: &mut [&mut [P]],
    triangle: bool,
    replace: bool,
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if multiplies::<P>(level, left.neurons, right.neurons)
        && left.are_whole()
        && right.are_whole()
        && left.tokens == right.tokens
        && tile.len() == right.neurons
        && tile.iter().all(|column| column.len() >= left.neurons)
    {
        // SAFETY: the level says that there is AVX-512 F; all sizes have been looked at.
        unsafe { super::fma512::multiply(left, right, tile, triangle, replace) };
        return true;
    }
    let _ = (level, left, right, tile, triangle, replace);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Rng;

    fn held_to_a_plain_loop<P: Multiply + Copy + PartialEq + Default + std::fmt::Debug>(
        of: impl Fn(f64) -> P,
        mul_add: impl Fn(P, P, P) -> P,
        add: impl Fn(P, P) -> P,
    ) {
        let mut rng = Rng::new(3);
        for level in Level::available() {
            for (tokens, rows, columns, stride) in [
                (0, 48, 8, 48),
                (1, 48, 8, 56),
                (7, 96, 16, 200),
                (64, 144, 24, 144),
                (128, 192, 192, 200),
                (5, 47, 8, 56),
                (5, 48, 9, 56),
            ] {
                let mut values = |neurons: usize| -> Vec<P> {
                    let length = (tokens.max(1) - 1) * stride + neurons;
                    (0..length).map(|_| of(rng.normal())).collect()
                };
                let (left, right) = (values(rows), values(columns));
                let left = Rows { values: &left, stride, tokens, neurons: rows };
                let right = Rows { values: &right, stride, tokens, neurons: columns };
                for (triangle, replace) in [(false, false), (false, true), (true, false), (true, true)] {
                    let before: Vec<P> = (0..rows * columns).map(|at| of(at as f64)).collect();
                    let mut after = before.clone();
                    let mut tile: Vec<&mut [P]> = after.chunks_mut(rows).collect();
                    let done = multiply(level, left, right, &mut tile, triangle, replace);
                    assert_eq!(done, multiplies::<P>(level, rows, columns));
                    for (at, (&before, &after)) in before.iter().zip(&after).enumerate() {
                        let (column, row) = (at / rows, at % rows);
                        if !done {
                            assert!(before == after);
                        } else if !triangle || row >= column {
                            let term = |sum, token: usize| {
                                mul_add(
                                    left.values[token * stride + row],
                                    right.values[token * stride + column],
                                    sum,
                                )
                            };
                            let sum = (0..tokens).fold(P::default(), term);
                            let expected = if replace { sum } else { add(before, sum) };
                            assert!(after == expected, "{} {tokens} {row} {column}", level.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_tile_has_the_bits_of_a_plain_loop_of_fused_multiply_adds_in_both_precisions() {
        #[expect(clippy::cast_possible_truncation, reason = "test data")]
        held_to_a_plain_loop(|value| value as f32, f32::mul_add, |a, b| a + b);
        held_to_a_plain_loop(|value| value, f64::mul_add, |a, b| a + b);
    }

    #[test]
    fn sizes_that_do_not_match_are_refused_and_nothing_is_written() {
        let level = Level::detect();
        let values = vec![1.0_f64; 48 * 4];
        let whole = Rows { values: &values, stride: 48, tokens: 4, neurons: 48 };
        let short = Rows { values: &values[..191], ..whole };
        let fewer = Rows { tokens: 3, ..whole };
        let narrow = Rows { stride: 40, ..whole };
        for (left, right, columns, rows) in [
            (short, whole, 48, 48),
            (whole, short, 48, 48),
            (fewer, whole, 48, 48),
            (narrow, whole, 48, 48),
            (whole, whole, 40, 48),
            (whole, whole, 48, 47),
        ] {
            let mut out = vec![5.0; columns * rows];
            let mut tile: Vec<&mut [f64]> = out.chunks_mut(rows).collect();
            assert!(!multiply(level, left, right, &mut tile, false, false));
            assert!(out.iter().all(|&value| value == 5.0));
        }
    }
}
