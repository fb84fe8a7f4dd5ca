//! First pass: mean, range and non-finite values of every neuron; mergeable.

use crate::kernels::prefetch;
use crate::level::{Level, Work};
use crate::sums::{LANES, TreeSum};
use crate::{Columns, Error, Float, NEURON_BLOCK, Order, TOKEN_BLOCK};
use rayon::prelude::*;
use std::ops::Range;

/// What to do with a neuron that has NaN or an infinity among its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NonFinite {
    /// Refuse the matrix and say which neuron, which token and how many.
    #[default]
    Error,
    /// Such a neuron has correlation 0 with all others and 1 with itself (what NeuroX's NaN → 0 gives).
    Uncorrelated,
}

/// What one pass over the tokens tells of one neuron.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    /// The first finite value: sums are of differences from it, so that a large mean costs no digits.
    shift: f64,
    /// Sum of (value − shift) over the finite values.
    sum: TreeSum,
    minimum: f64,
    maximum: f64,
    finite: u64,
    non_finite: u64,
    first_non_finite: usize,
}

impl Moment {
    const EMPTY: Self = Self {
        shift: 0.0,
        sum: TreeSum::ZERO,
        minimum: f64::INFINITY,
        maximum: f64::NEG_INFINITY,
        finite: 0,
        non_finite: 0,
        first_non_finite: usize::MAX,
    };
}

/// How one neuron is centred and scaled before the product: `((value − shift) − offset) · scale`.
///
/// The mean is `shift + offset` and is never rounded to one number; the scale is a power of two that brings the
/// range to about one, so that neither huge nor denormal values leave the range of f64 when they are squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standard {
    pub(crate) shift: f64,
    pub(crate) offset: f64,
    pub(crate) scale: f64,
}

impl Standard {
    /// For a neuron that correlates with nothing.
    pub(crate) const ZERO: Self = Self { shift: 0.0, offset: 0.0, scale: 0.0 };

    #[inline(always)]
    pub(crate) fn apply(self, value: f64) -> f64 {
        // The test keeps NaN of an uncorrelated neuron out of the product (NaN · 0 is NaN).
        if self.scale == 0.0 { 0.0 } else { ((value - self.shift) - self.offset) * self.scale }
    }
}

/// How up to N neurons are standardised, side by side, for loops over them.
pub(crate) struct Standards<const N: usize> {
    shifts: [f64; N],
    offsets: [f64; N],
    scales: [f64; N],
}

impl<const N: usize> Standards<N> {
    /// Those of the first N neurons; all values of a neuron that is not there become 0.
    pub(crate) fn of<'a>(standards: impl IntoIterator<Item = &'a Standard>) -> Self {
        let mut all = Self { shifts: [0.0; N], offsets: [0.0; N], scales: [0.0; N] };
        for (at, standard) in standards.into_iter().take(N).enumerate() {
            (all.shifts[at], all.offsets[at], all.scales[at]) =
                (standard.shift, standard.offset, standard.scale);
        }
        all
    }

    /// [`Standard::apply`] of neuron `at`.
    #[inline(always)]
    pub(crate) fn apply(&self, at: usize, value: f64) -> f64 {
        Standard { shift: self.shifts[at], offset: self.offsets[at], scale: self.scales[at] }.apply(value)
    }
}

/// Means, ranges and counts of the columns of a matrix that is read in parts.
///
/// `O(tokens × neurons)` time, 120 bytes a neuron. Parts are pushed in order of the tokens, in any sizes: they change no
/// bit. Two accumulations of different tokens can be [merged](Self::merge); then the last bits of a mean may differ from
/// those of one accumulation.
///
/// ```
/// use neurocorr::{Columns, Moments};
/// let mut moments = Moments::new(2);
/// moments.push(&Columns::row_major(&[1.0, 5.0, 3.0, 5.0], 2, 2)?)?;
/// assert_eq!(moments.mean(0), Some(2.0));
/// assert_eq!(moments.constants(), [1]);
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    tokens: usize,
    moments: Vec<Moment>,
}

impl Moments {
    /// Nothing read yet, of `neurons` neurons.
    #[must_use]
    pub fn new(neurons: usize) -> Self {
        Self { tokens: 0, moments: vec![Moment::EMPTY; neurons] }
    }

    /// The moments of a whole matrix.
    #[must_use]
    pub fn of<T: Float>(columns: &Columns<'_, T>) -> Self {
        let mut moments = Self::new(columns.neurons());
        moments.read(columns);
        moments
    }

    /// Reads the next tokens.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the part has another number of neurons.
    pub fn push<T: Float>(&mut self, part: &Columns<'_, T>) -> Result<(), Error> {
        if part.neurons() != self.neurons() {
            let (expected, found) = (self.neurons(), part.neurons());
            return Err(Error::Mismatch { what: "neurons of the pushed part", expected, found });
        }
        self.read(part);
        Ok(())
    }

    fn read<T: Float>(&mut self, part: &Columns<'_, T>) {
        self.read_and(part, Level::detect(), &|_: &mut (), _, _| ());
    }

    /// As [`push`](Self::push), calling `also(state, tokens, neurons)` for every piece of the part right after it was read,
    /// while it is near: one state for each panel of neurons, returned in their order.
    pub(crate) fn read_and<T: Float, R: Clone + Default + Send>(
        &mut self,
        part: &Columns<'_, T>,
        level: Level,
        also: &(impl Fn(&mut R, Range<usize>, Range<usize>) + Sync),
    ) -> Vec<R> {
        // By rows a piece is, with a panel of neurons, a quarter of a megabyte of f32; by columns nothing is gained.
        let piece = if part.order() == Order::RowMajor { TOKEN_BLOCK / 4 } else { TOKEN_BLOCK };
        let before = self.tokens;
        let mut states = vec![R::default(); self.moments.len().div_ceil(NEURON_BLOCK)];
        let panels = self.moments.par_chunks_mut(NEURON_BLOCK).zip(states.par_iter_mut());
        panels.enumerate().for_each(|(panel, (moments, state))| {
            let first = panel * NEURON_BLOCK;
            let neurons = first..first + moments.len();
            let mut start = 0;
            while start < part.tokens() {
                // Blocks are counted from the first token of all, wherever a part begins.
                let left = piece - (before + start) % piece;
                let tokens = start..part.tokens().min(start + left);
                start = tokens.end;
                let (tokens, neurons) = (tokens.clone(), neurons.clone());
                level.run(ReadPanel {
                    part,
                    tokens: tokens.clone(),
                    neurons: neurons.clone(),
                    before,
                    moments: &mut *moments,
                });
                also(state, tokens, neurons);
            }
        });
        self.tokens += part.tokens();
        states
    }

    /// Adds what was read of other, later tokens. (The tokens of `later` follow those of `self`.)
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the numbers of neurons differ.
    pub fn merge(&mut self, later: &Self) -> Result<(), Error> {
        if later.neurons() != self.neurons() {
            let (expected, found) = (self.neurons(), later.neurons());
            return Err(Error::Mismatch { what: "neurons of the merged moments", expected, found });
        }
        for (a, b) in self.moments.iter_mut().zip(&later.moments) {
            if a.finite == 0 {
                a.shift = b.shift;
            }
            a.sum.add_whole(b.sum.value() + (b.shift - a.shift) * count(b.finite));
            a.minimum = a.minimum.min(b.minimum);
            a.maximum = a.maximum.max(b.maximum);
            a.finite += b.finite;
            if a.non_finite == 0 && b.non_finite > 0 {
                a.first_non_finite = self.tokens + b.first_non_finite;
            }
            a.non_finite += b.non_finite;
        }
        self.tokens += later.tokens;
        Ok(())
    }

    /// Tokens read so far.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> usize {
        self.moments.len()
    }

    /// Mean of the finite values of a neuron; `None` if there is no such neuron or value.
    #[must_use]
    pub fn mean(&self, neuron: usize) -> Option<f64> {
        let m = self.moments.get(neuron).filter(|m| m.finite > 0)?;
        Some(m.shift + m.sum.value() / count(m.finite))
    }

    /// Least and greatest finite value of a neuron; `None` if there is no such neuron or value.
    #[must_use]
    pub fn range(&self, neuron: usize) -> Option<(f64, f64)> {
        self.moments.get(neuron).filter(|m| m.finite > 0).map(|m| (m.minimum, m.maximum))
    }

    /// The constant neurons, ascending: all values equal (minimum = maximum), exactly, with no tolerance.
    #[must_use]
    pub fn constants(&self) -> Vec<usize> {
        self.select(|m| m.non_finite == 0 && m.minimum == m.maximum)
    }

    /// The neurons with NaN or infinite values, ascending.
    #[must_use]
    pub fn non_finite(&self) -> Vec<usize> {
        self.select(|m| m.non_finite > 0)
    }

    /// The first token at which a neuron is NaN or infinite, and how many such tokens it has; `None` if it has none.
    #[must_use]
    pub fn non_finite_at(&self, neuron: usize) -> Option<(usize, u64)> {
        self.moments.get(neuron).filter(|m| m.non_finite > 0).map(|m| (m.first_non_finite, m.non_finite))
    }

    fn select(&self, test: impl Fn(&Moment) -> bool) -> Vec<usize> {
        self.moments.iter().enumerate().filter(|(_, m)| test(m)).map(|(neuron, _)| neuron).collect()
    }

    /// Fails with [`Error::NonFinite`] if any value was NaN or infinite.
    ///
    /// # Errors
    /// The lowest such neuron, its first such token, and how many there are.
    pub fn check_finite(&self) -> Result<(), Error> {
        let bad = self.moments.iter().enumerate().filter(|(_, m)| m.non_finite > 0);
        let Some((neuron, first)) = bad.clone().next() else { return Ok(()) };
        let values = bad.clone().map(|(_, m)| m.non_finite).sum();
        Err(Error::NonFinite { neuron, token: first.first_non_finite, neurons: bad.count(), values })
    }

    /// How each neuron is standardised; [`Standard::ZERO`] for those that correlate with nothing.
    pub(crate) fn standards(&self, non_finite: NonFinite) -> Result<Vec<Standard>, Error> {
        if self.moments.is_empty() {
            return Err(Error::NoNeurons);
        }
        if self.tokens < 2 {
            return Err(Error::TooFewTokens { tokens: self.tokens });
        }
        if non_finite == NonFinite::Error {
            self.check_finite()?;
        }
        let standard = |(neuron, m): (usize, &Moment)| {
            if m.non_finite > 0 || m.minimum == m.maximum {
                return Ok(Standard::ZERO);
            }
            let (offset, range) = (m.sum.value() / count(m.finite), m.maximum - m.minimum);
            if !(offset.is_finite() && range.is_finite()) {
                return Err(Error::Overflow { neuron, minimum: m.minimum, maximum: m.maximum });
            }
            Ok(Standard { shift: m.shift, offset, scale: power_of_two_over(range) })
        };
        self.moments.iter().enumerate().map(standard).collect()
    }
}

/// Rows that are asked for ahead.
const AHEAD: usize = 8;

/// A part of one block of tokens, of one panel of neurons.
struct ReadPanel<'a, 'b, T> {
    part: &'a Columns<'b, T>,
    tokens: Range<usize>,
    neurons: Range<usize>,
    /// Tokens that were read before this part.
    before: usize,
    moments: &'a mut [Moment],
}

/// What the loops work on: a value of each neuron of the panel side by side.
struct Running {
    shifts: [f64; NEURON_BLOCK],
    lanes: [[f64; NEURON_BLOCK]; LANES],
    lows: [f64; NEURON_BLOCK],
    highs: [f64; NEURON_BLOCK],
    bad: [f64; NEURON_BLOCK],
}

impl Running {
    /// Takes a token of the first neurons. Branch-free, so that the loop is vectorised: a value that is not finite counts
    /// as the shift.
    #[inline(always)]
    fn take_row<T: Float>(&mut self, lane: usize, row: &[T]) {
        let Some(sums) = self.lanes.get_mut(lane) else { return };
        let running =
            sums.iter_mut().zip(&mut self.lows).zip(&mut self.highs).zip(&mut self.bad).zip(&self.shifts);
        for (((((sum, low), high), bad), &shift), &value) in running.zip(row) {
            take(value.into(), shift, sum, low, high, bad);
        }
    }

    /// Takes the tokens of one neuron.
    #[inline(always)]
    fn take_column<T: Float>(&mut self, first_lane: usize, index: usize, column: &[T]) {
        let (mut low, mut high, mut bad) = (self.lows[index], self.highs[index], self.bad[index]);
        for (at, &value) in column.iter().enumerate() {
            let sum = &mut self.lanes[(first_lane + at) % LANES][index];
            take(value.into(), self.shifts[index], sum, &mut low, &mut high, &mut bad);
        }
        (self.lows[index], self.highs[index], self.bad[index]) = (low, high, bad);
    }
}

#[inline(always)]
fn take(value: f64, shift: f64, sum: &mut f64, low: &mut f64, high: &mut f64, bad: &mut f64) {
    let finite = value.abs() < f64::INFINITY;
    *sum += if finite { value - shift } else { 0.0 };
    *low = if finite & (value < *low) { value } else { *low };
    *high = if finite & (value > *high) { value } else { *high };
    *bad += if finite { 0.0 } else { 1.0 };
}

impl<T: Float> Work for ReadPanel<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { part, tokens, neurons, before, moments } = self;
        let mut running = Running {
            shifts: [0.0; NEURON_BLOCK],
            lanes: [[0.0; NEURON_BLOCK]; LANES],
            lows: [f64::INFINITY; NEURON_BLOCK],
            highs: [f64::NEG_INFINITY; NEURON_BLOCK],
            bad: [0.0; NEURON_BLOCK],
        };
        for (index, m) in moments.iter_mut().enumerate() {
            if m.finite == 0 {
                let mut values =
                    tokens.clone().filter_map(|t| part.get(t, neurons.start + index)).map(Into::into);
                m.shift = values.find(|v: &f64| v.is_finite()).unwrap_or(0.0);
            }
            running.shifts[index] = m.shift;
            for (lanes, lane) in running.lanes.iter_mut().zip(m.sum.lanes) {
                lanes[index] = lane;
            }
        }
        match part.order() {
            Order::RowMajor => {
                for token in tokens.clone() {
                    prefetch(part.row((token + AHEAD).min(part.tokens() - 1), &neurons));
                    running.take_row((before + token) % LANES, part.row(token, &neurons));
                }
            }
            Order::ColumnMajor => {
                for (index, neuron) in neurons.clone().enumerate() {
                    running.take_column((before + tokens.start) % LANES, index, part.column(neuron, &tokens));
                }
            }
        }
        let full = (before + tokens.end).is_multiple_of(TOKEN_BLOCK);
        for (index, m) in moments.iter_mut().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of at most 1,024"
            )]
            let bad = running.bad[index] as u64;
            if bad > 0 && m.non_finite == 0 {
                let is_bad =
                    |&t: &usize| part.get(t, neurons.start + index).is_some_and(|v| !v.into().is_finite());
                m.first_non_finite = before + tokens.clone().find(is_bad).unwrap_or(tokens.start);
            }
            for (lane, lanes) in m.sum.lanes.iter_mut().zip(&running.lanes) {
                *lane = lanes[index];
            }
            if full {
                m.sum.close_block();
            }
            m.minimum = m.minimum.min(running.lows[index]);
            m.maximum = m.maximum.max(running.highs[index]);
            m.non_finite += bad;
            m.finite += tokens.len() as u64 - bad;
        }
    }
}

/// A count as a float; exact below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "2^53 tokens are more than any file holds")]
fn count(n: u64) -> f64 {
    n as f64
}

/// A power of two that brings a positive, finite `range` into [1, 2); the nearest that f64 has for the smallest
/// (2¹⁰²³) and the largest (2⁻¹⁰²²) ranges.
pub(crate) fn power_of_two_over(range: f64) -> f64 {
    const BIAS: u64 = 1023;
    let exponent = (range.to_bits() >> 52) & 0x7ff;
    f64::from_bits((2 * BIAS).saturating_sub(exponent).clamp(1, 2 * BIAS) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_of_two_brings_every_range_to_the_order_of_one() {
        for range in [1.0, 1.5, 3.0, 1e-300, 1e300, f64::MAX, f64::MIN_POSITIVE] {
            let scaled = range * power_of_two_over(range);
            assert!((1.0..4.0).contains(&scaled), "{range:e} -> {scaled}");
        }
        let smallest = 5e-324 * power_of_two_over(5e-324);
        assert!(smallest * smallest > f64::MIN_POSITIVE);
    }

    #[test]
    fn merging_parts_equals_reading_the_whole_within_rounding() {
        let values: Vec<f64> = (0..3000).map(|i| f64::from(i % 97) + 1e6).collect();
        let whole = Moments::of(&Columns::row_major(&values, 1000, 3).unwrap());
        let mut merged = Moments::of(&Columns::row_major(&values[..900], 300, 3).unwrap());
        merged.merge(&Moments::of(&Columns::row_major(&values[900..], 700, 3).unwrap())).unwrap();
        assert_eq!(merged.tokens(), 1000);
        for neuron in 0..3 {
            assert_eq!(whole.range(neuron), merged.range(neuron));
            let (a, b) = (whole.mean(neuron).unwrap(), merged.mean(neuron).unwrap());
            assert!((a - b).abs() <= 1000.0 * f64::EPSILON * a, "{a} {b}");
        }
    }

    #[test]
    fn non_finite_values_are_named_across_parts_and_merges() {
        let mut values = vec![1.0; 4000];
        values[2 * 1500 + 1] = f64::NAN;
        values[2 * 1600 + 1] = f64::INFINITY;
        values[2 * 1700] = f64::NEG_INFINITY;
        let mut m = Moments::of(&Columns::row_major(&values[..2000], 1000, 2).unwrap());
        m.merge(&Moments::of(&Columns::row_major(&values[2000..], 1000, 2).unwrap())).unwrap();
        assert_eq!(m.non_finite(), [0, 1]);
        assert_eq!(m.check_finite(), Err(Error::NonFinite { neuron: 0, token: 1700, neurons: 2, values: 3 }));
        assert_eq!(m.constants(), Vec::<usize>::new());
    }
}
