//! First pass: mean, range and non-finite values of every neuron; mergeable.

mod read;
mod saved;
mod standard;

use crate::go_on::GoOn;
use crate::level::Level;
use crate::sums::TreeSum;
use crate::{Columns, Error, Float, NEURON_BLOCK, Order, TOKEN_BLOCK};
use rayon::prelude::*;
use read::ReadPanel;
pub(crate) use standard::{Standard, Standards, power_of_two_over};
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
    /// Sum of weight · (value − shift) over the finite values.
    sum: TreeSum,
    minimum: f64,
    maximum: f64,
    finite: u64,
    /// Their weights' sum: how many they are, where tokens have no weights.
    weight: f64,
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
        weight: 0.0,
        non_finite: 0,
        first_non_finite: usize::MAX,
    };
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
    /// Tokens whose weight is not 0.
    weighing: usize,
    /// The least weight that is not 0, the greatest, and the sum of all.
    least_weight: f64,
    greatest_weight: f64,
    weight: f64,
    moments: Vec<Moment>,
}

impl Moments {
    /// Nothing read yet, of `neurons` neurons.
    #[must_use]
    pub fn new(neurons: usize) -> Self {
        let moments = vec![Moment::EMPTY; neurons];
        Self { tokens: 0, weighing: 0, least_weight: f64::INFINITY, greatest_weight: 0.0, weight: 0.0, moments }
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
        part.check_neurons(self.neurons())?;
        self.read(part);
        Ok(())
    }

    /// Reads the next tokens, each with its weight. A token of weight 0 is as if it were not there, but for being counted.
    /// Weights of the order of one are best: sums of weights times values must stay in the range of `f64`.
    ///
    /// ```
    /// use neurocorr::{Columns, Moments};
    /// let mut moments = Moments::new(1);
    /// moments.push_weighted(&Columns::row_major(&[1.0, 5.0, f64::NAN], 3, 1)?, &[3.0, 1.0, 0.0])?;
    /// assert_eq!((moments.mean(0), moments.tokens()), (Some(2.0), 3));
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the part has another number of neurons, or another number of tokens than there are weights;
    /// [`Error::Weight`] for a negative weight or one that is not finite.
    pub fn push_weighted<T: Float>(&mut self, part: &Columns<'_, T>, weights: &[f64]) -> Result<(), Error> {
        part.check_neurons(self.neurons())?;
        check_weights(weights, part.tokens(), self.tokens)?;
        self.read_weighted(part, Some(weights), Level::detect(), &GoOn::always(), &|_: &mut (), _, _| ());
        Ok(())
    }

    fn read<T: Float>(&mut self, part: &Columns<'_, T>) {
        self.read_and(part, Level::detect(), &GoOn::always(), &|_: &mut (), _, _| ());
    }

    /// As [`push`](Self::push), calling `also(state, tokens, neurons)` for every piece of the part right after it was read,
    /// while it is near: one state for each panel of neurons, returned in their order. After a break of `go_on` pieces were left
    /// out, and the moments are those of no matrix.
    pub(crate) fn read_and<T: Float, R: Clone + Default + Send>(
        &mut self,
        part: &Columns<'_, T>,
        level: Level,
        go_on: &GoOn<'_>,
        also: &(impl Fn(&mut R, Range<usize>, Range<usize>) + Sync),
    ) -> Vec<R> {
        self.read_weighted(part, None, level, go_on, also)
    }

    fn read_weighted<T: Float, R: Clone + Default + Send>(
        &mut self,
        part: &Columns<'_, T>,
        weights: Option<&[f64]>,
        level: Level,
        go_on: &GoOn<'_>,
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
            while start < part.tokens() && !go_on.is_broken() {
                // Blocks are counted from the first token of all, wherever a part begins.
                let left = piece - (before + start) % piece;
                let tokens = start..part.tokens().min(start + left);
                start = tokens.end;
                let (tokens, neurons) = (tokens.clone(), neurons.clone());
                level.run(ReadPanel {
                    part,
                    weights,
                    tokens: tokens.clone(),
                    neurons: neurons.clone(),
                    before,
                    moments: &mut *moments,
                });
                also(state, tokens, neurons);
            }
        });
        self.tokens += part.tokens();
        match weights {
            None => self.weigh(part.tokens(), 1.0),
            Some(weights) => weights.iter().for_each(|&weight| self.weigh(1, weight)),
        }
        states
    }

    /// Takes note of some tokens that each have this weight.
    fn weigh(&mut self, tokens: usize, weight: f64) {
        if tokens > 0 && weight > 0.0 {
            self.weighing += tokens;
            self.weight += weight * count(tokens as u64);
            self.least_weight = self.least_weight.min(weight);
            self.greatest_weight = self.greatest_weight.max(weight);
        }
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
            a.sum.add_whole(b.sum.value() + (b.shift - a.shift) * b.weight);
            a.weight += b.weight;
            a.minimum = a.minimum.min(b.minimum);
            a.maximum = a.maximum.max(b.maximum);
            a.finite += b.finite;
            if a.non_finite == 0 && b.non_finite > 0 {
                a.first_non_finite = self.tokens + b.first_non_finite;
            }
            a.non_finite += b.non_finite;
        }
        self.tokens += later.tokens;
        self.weighing += later.weighing;
        self.weight += later.weight;
        self.least_weight = self.least_weight.min(later.least_weight);
        self.greatest_weight = self.greatest_weight.max(later.greatest_weight);
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

    /// Sum of the tokens' weights over the least that is not 0: how many tokens there are, where they have none.
    pub(crate) fn spread(&self) -> f64 {
        self.weight / self.least_weight
    }

    /// Mean of the finite values of a neuron, weighted as they were read; `None` if there is no such neuron or value.
    #[must_use]
    pub fn mean(&self, neuron: usize) -> Option<f64> {
        let m = self.moments.get(neuron).filter(|m| m.finite > 0)?;
        Some(m.shift + m.sum.value() / m.weight)
    }

    /// The mean of a neuron's finite values in two parts: a value, and the mean difference from it.
    pub(crate) fn centre(&self, neuron: usize) -> Option<(f64, f64)> {
        let m = self.moments.get(neuron).filter(|m| m.finite > 0)?;
        Some((m.shift, m.sum.value() / m.weight))
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

    /// A power of two that brings the greatest weight to the order of one.
    pub(crate) fn weight_scale(&self) -> f64 {
        power_of_two_over(self.greatest_weight)
    }

    /// How each neuron is standardised; [`Standard::ZERO`] for those that correlate with nothing.
    pub(crate) fn standards(&self, non_finite: NonFinite) -> Result<Vec<Standard>, Error> {
        if self.moments.is_empty() {
            return Err(Error::NoNeurons);
        }
        if self.tokens > 0 && self.weighing == 0 {
            return Err(Error::NoWeight { tokens: self.tokens });
        }
        if self.weighing < 2 {
            return Err(Error::TooFewTokens { tokens: self.weighing });
        }
        if non_finite == NonFinite::Error {
            self.check_finite()?;
        }
        let standard = |(neuron, m): (usize, &Moment)| {
            if m.non_finite > 0 || m.minimum == m.maximum {
                return Ok(Standard::ZERO);
            }
            let (offset, range) = (m.sum.value() / m.weight, m.maximum - m.minimum);
            if !(offset.is_finite() && range.is_finite()) {
                return Err(Error::Overflow { neuron, minimum: m.minimum, maximum: m.maximum });
            }
            Ok(Standard { shift: m.shift, offset, scale: power_of_two_over(range) })
        };
        self.moments.iter().enumerate().map(standard).collect()
    }
}

/// Fails unless there is a finite weight, 0 or more, for each of `tokens` tokens, the first of which has the number `first`.
pub(crate) fn check_weights(weights: &[f64], tokens: usize, first: usize) -> Result<(), Error> {
    if weights.len() != tokens {
        return Err(Error::Mismatch { what: "weights of the tokens", expected: tokens, found: weights.len() });
    }
    match weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        Some(at) => Err(Error::Weight { token: first + at, weight: weights[at] }),
        None => Ok(()),
    }
}

/// A count as a float; exact below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "2^53 tokens are more than any file holds")]
fn count(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

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
