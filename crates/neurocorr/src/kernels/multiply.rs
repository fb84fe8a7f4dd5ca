//! Products of two panels of standardised tokens, added up: as near to what the processor can do as registers allow, where it has AVX2
//! or AVX-512.

#[cfg(target_arch = "x86_64")]
use super::fma::{HIGH, Piece, products_256, products_512};
use super::prefetch::Ahead;
use crate::level::Level;
#[cfg(target_arch = "x86_64")]
use crate::level::Set;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

/// Bytes of a line, as our kernels take them: as many as the processor moves at a time.
pub(crate) const LINE_BYTES: usize = 64;

/// Some tokens of some neurons, in lines: a few neurons side by side, token after token, then the next few.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a, P> {
    pub(crate) values: &'a [P],
    /// Neurons of a line.
    pub(crate) line: usize,
    /// Values from one token of a line to the next.
    pub(crate) stride: usize,
    /// Values from one line to the next.
    pub(crate) apart: usize,
    pub(crate) tokens: usize,
    pub(crate) neurons: usize,
}

impl<'a, P> Rows<'a, P> {
    /// Of some of the tokens.
    pub(crate) fn of(self, start: usize, tokens: usize) -> Self {
        let values = self.values.get(start * self.stride..).unwrap_or_default();
        Self { values, tokens, ..self }
    }

    /// Where the first token's value of a neuron stands.
    fn place(self, neuron: usize) -> usize {
        neuron / self.line * self.apart + neuron % self.line
    }

    /// Whether all lines of so many neurons are there.
    #[cfg(target_arch = "x86_64")]
    fn has(self, neurons: usize) -> bool {
        let rows = self.tokens.saturating_sub(1).saturating_mul(self.stride);
        let last = neurons.div_ceil(self.line.max(1)).saturating_sub(1).saturating_mul(self.apart);
        self.line > 0
            && self.line <= self.stride
            && last.saturating_add(rows).saturating_add(self.line) <= self.values.len()
    }
}

impl<P: Copy + Default> Rows<'_, P> {
    /// 0 where there is none.
    fn value(self, neuron: usize, token: usize) -> P {
        self.values.get(self.place(neuron) + token * self.stride).copied().unwrap_or_default()
    }
}

/// The two sides of a product.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a, P> {
    /// A row of the tile for each of its neurons.
    pub(crate) left: Rows<'a, P>,
    /// A column for each of its neurons.
    pub(crate) right: Rows<'a, P>,
    /// Whether what lies above the diagonal may be left out.
    pub(crate) triangle: bool,
    /// What will be on the left and on the right next: it is asked for, not read.
    pub(crate) ahead: Option<[Rows<'a, P>; 2]>,
    /// What else will be needed soon: as much of it as there is time for is asked for.
    pub(crate) soon: &'a [Ahead],
}

/// What can be multiplied so.
pub trait Multiply: Registers + Copy + Default + Send + Sync {
    /// self · factor + sum, rounded once.
    #[must_use]
    fn fma(self, factor: Self, sum: Self) -> Self;

    /// The sum, rounded.
    #[must_use]
    fn plus(self, other: Self) -> Self;
}

impl Multiply for f32 {
    fn fma(self, factor: Self, sum: Self) -> Self {
        self.mul_add(factor, sum)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Multiply for f64 {
    fn fma(self, factor: Self, sum: Self) -> Self {
        self.mul_add(factor, sum)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// The registers of a precision.
#[cfg(target_arch = "x86_64")]
pub trait Registers: Sized {
    type Of256: Piece<Value = Self>;
    type Of512: Piece<Value = Self>;
}

#[cfg(target_arch = "x86_64")]
impl Registers for f32 {
    type Of256 = __m256;
    type Of512 = __m512;
}

#[cfg(target_arch = "x86_64")]
impl Registers for f64 {
    type Of256 = __m256d;
    type Of512 = __m512d;
}

/// The registers of a precision: none is named where we have no kernel.
#[cfg(not(target_arch = "x86_64"))]
pub trait Registers {}

#[cfg(not(target_arch = "x86_64"))]
impl<P> Registers for P {}

/// A kernel that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kernel {
    level: Level,
    shape: Shape,
}

/// How sums of a tile stand: strips of `high` rows, in a strip groups of `wide` columns, in a group column after column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) high: usize,
    pub(crate) wide: usize,
}

impl Shape {
    /// How many sums so large a tile has.
    pub(crate) fn sums(self, rows: usize, columns: usize) -> usize {
        rows.next_multiple_of(self.high) * columns.next_multiple_of(self.wide)
    }

    /// Where a strip's sums of a column begin, if a tile has so many columns.
    #[inline(always)]
    pub(crate) fn place(self, strip: usize, column: usize, columns: usize) -> usize {
        // Groups of columns, and columns of a group, follow each other: so columns do.
        (strip * columns.next_multiple_of(self.wide) + column) * self.high
    }
}

impl Kernel {
    /// That of a level, if it has one.
    pub(crate) fn of<P: Multiply>(level: Level) -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            let shape = match level.0 {
                Set::Portable => None,
                Set::Avx2 | Set::AvxVnni => Some(Shape { high: HIGH * P::Of256::LANES, wide: P::Of256::WIDE }),
                Set::Avx512Vnni => Some(Shape { high: HIGH * P::Of512::LANES, wide: P::Of512::WIDE }),
            };
            shape.map(|shape| Self { level, shape })
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = level;
            None
        }
    }

    pub(crate) fn shape(self) -> Shape {
        self.shape
    }

    /// Adds Σ left · right over their tokens to the sums of a tile, or puts them there. Every sum is made from zero by fused
    /// multiply-adds, token by token, and then added. What is beyond the last neuron is multiplied too, as far as the shape goes.
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "calls into code for what the processor has")
    )]
    pub(crate) fn products<P: Multiply>(self, factors: Factors<'_, P>, sums: &mut [P], replace: bool) {
        #[cfg(target_arch = "x86_64")]
        {
            let Factors { left, right, .. } = factors;
            let Shape { high, wide } = self.shape;
            // The shape is of one precision: three registers of it.
            let fits = Self::of::<P>(self.level) == Some(self)
                && left.tokens == right.tokens
                && left.has(left.neurons.next_multiple_of(high))
                && left.line == LINE_BYTES / size_of::<P>()
                && left.stride == left.line
                && right.has(right.neurons.next_multiple_of(wide))
                && (right.line, right.stride) == (left.line, left.stride)
                && sums.len() >= self.shape.sums(left.neurons, right.neurons);
            match self.level.0 {
                // SAFETY: the level exists, so the processor has AVX2 and FMA; all sizes have been looked at.
                Set::Avx2 | Set::AvxVnni if fits => unsafe {
                    return products_256::<P::Of256>(factors, sums, replace);
                },
                // SAFETY: the level exists, so the processor has AVX-512 F; all sizes have been looked at.
                Set::Avx512Vnni if fits => unsafe {
                    return products_512::<P::Of512>(factors, sums, replace);
                },
                _ => {}
            }
        }
        plain(self.shape, factors, sums, replace);
    }
}

/// The same in a plain loop, for whatever sizes: the safe twin.
fn plain<P: Multiply>(shape: Shape, factors: Factors<'_, P>, sums: &mut [P], replace: bool) {
    let Factors { left, right, .. } = factors;
    for column in 0..right.neurons {
        for row in 0..left.neurons {
            let term = |sum, token| left.value(row, token).fma(right.value(column, token), sum);
            let sum = (0..left.tokens).fold(P::default(), term);
            let place = shape.place(row / shape.high, column, right.neurons) + row % shape.high;
            if let Some(to) = sums.get_mut(place) {
                *to = if replace { sum } else { to.plus(sum) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Rng;

    fn held_to_the_twin<P: Multiply + PartialEq>(of: impl Fn(f64) -> P, line: usize) {
        let mut rng = Rng::new(3);
        for kernel in Level::available().filter_map(Kernel::of::<P>) {
            let Shape { high, wide } = kernel.shape();
            for (tokens, rows, columns) in [
                (0, high, wide),
                (1, 1, 1),
                (1, high, wide),
                (7, high + 1, wide + 1),
                (64, 3 * high - 1, 2 * wide - 1),
                (128, 192, 192),
                (128, 191, 187),
            ] {
                let lines =
                    |neurons: usize| neurons.next_multiple_of(high).next_multiple_of(wide).div_ceil(line);
                let apart = (tokens + 3) * line;
                let mut values = |neurons: usize| -> Vec<P> {
                    (0..lines(neurons) * apart).map(|_| of(rng.normal())).collect()
                };
                let (left, right) = (values(rows), values(columns));
                let side = |values, neurons| Rows { values, line, stride: line, apart, tokens, neurons };
                let (left, right) = (side(&left, rows), side(&right, columns));
                for (triangle, replace) in [(false, false), (false, true), (true, false), (true, true)] {
                    let length = kernel.shape().sums(rows, columns);
                    let mut found: Vec<P> = (0..length).map(|at| of(at as f64)).collect();
                    let mut expected = found.clone();
                    let factors = Factors { left, right, triangle, ahead: Some([left, right]), soon: &[] };
                    kernel.products(factors, &mut found, replace);
                    plain(kernel.shape(), factors, &mut expected, replace);
                    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
                    {
                        let place = kernel.shape().place(row / high, column, columns) + row % high;
                        if !triangle || row >= column {
                            assert!(
                                found[place] == expected[place],
                                "{} {tokens} {row} {column}",
                                kernel.level.name()
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_tile_has_the_bits_of_a_plain_loop_of_fused_multiply_adds_in_both_precisions() {
        #[expect(clippy::cast_possible_truncation, reason = "test data")]
        held_to_the_twin(|value| value as f32, 16);
        held_to_the_twin(|value| value, 8);
    }

    #[test]
    fn sides_that_are_too_short_for_a_kernel_are_read_as_far_as_they_go() {
        for kernel in Level::available().filter_map(Kernel::of::<f64>) {
            let values = vec![1.0; 24 * 4];
            let whole = Rows { values: &values, line: 8, stride: 8, apart: 32, tokens: 4, neurons: 24 };
            let short = Rows { values: &values[..95], ..whole };
            let fewer = Rows { tokens: 3, ..whole };
            let one_line = Rows { values: &values, line: 24, stride: 24, apart: 96, ..whole };
            let factors = |left, right| Factors { left, right, triangle: false, ahead: None, soon: &[] };
            for (left, right, first, last) in [
                (short, whole, 4.0, 3.0),
                (whole, short, 4.0, 3.0),
                (fewer, whole, 3.0, 3.0),
                (one_line, whole, 4.0, 4.0),
            ] {
                let mut sums = vec![0.0; kernel.shape().sums(24, 24)];
                kernel.products(factors(left, right), &mut sums, true);
                assert_eq!((sums.first(), sums.last()), (Some(&first), Some(&last)));
            }
            let mut too_few = vec![0.0; kernel.shape().sums(24, 24) - 1];
            kernel.products(factors(whole, whole), &mut too_few, true);
            assert!(too_few.iter().all(|&sum| sum == 4.0));
        }
    }
}
