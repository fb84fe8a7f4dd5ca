//! Average ranks: whatever takes columns then speaks of Spearman's correlation.

use crate::{Columns, Error, Float, Order, Precision};
use rayon::prelude::*;

/// The ranks of a matrix's columns, made by [`average_ranks`]: a matrix of the same shape, column-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks<R> {
    values: Vec<R>,
    tokens: usize,
    neurons: usize,
}

impl<R: Precision> Ranks<R> {
    /// The ranks as columns, for everything in this crate.
    #[must_use]
    pub fn columns(&self) -> Columns<'_, R> {
        Columns::of_columns(&self.values, self.tokens, self.neurons)
    }

    /// The ranks: `values[neuron * tokens + token]`.
    #[must_use]
    pub fn into_values(self) -> Vec<R> {
        self.values
    }
}

/// Columns that are read together, by rows: a cache line of `f32`.
const GROUP: usize = 16;

/// The rank of every value among the tokens of its column, from 1 on; equal values have the average of their ranks
/// (`scipy.stats.rankdata`). The correlation of ranks is Spearman's (`scipy.stats.spearmanr`), so everything in this crate
/// does rank correlation when it is given ranks:
///
/// ```
/// use neurocorr::{Columns, Dense, Measure, average_ranks};
/// // The second column grows with the first, but not linearly; the third has a tie.
/// let x = [1.0_f32, 1.0, 5.0, 2.0, 8.0, 3.0, 3.0, 27.0, 3.0, 4.0, 64.0, 1.0];
/// let ranks = average_ranks::<f32, _>(&Columns::row_major(&x, 4, 3)?)?;
/// assert_eq!(ranks.columns().get(1, 2), Some(2.5));
/// let r = Dense::new().condensed(&ranks.columns(), Measure::Correlation)?;
/// assert_eq!(r[0], 1.0);
/// # Ok::<(), neurocorr::Error>(())
/// ```
///
/// Ranks are halves of whole numbers: `f32` holds them exactly up to 2²³ tokens, `f64` always. Infinities have ranks as any
/// value; NaN keeps its place and stays NaN, to be met as [`NonFinite`](crate::NonFinite) says (a NaN column's other ranks
/// mean nothing). `O(neurons × tokens × log tokens)` time; the result, and two columns for each thread.
///
/// # Errors
/// [`Error::TooMany`] for more tokens than the ranks' type holds exactly.
pub fn average_ranks<R: Precision, T: Float>(columns: &Columns<'_, T>) -> Result<Ranks<R>, Error> {
    let (tokens, neurons) = (columns.tokens(), columns.neurons());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2^23 or 2^52")]
    let most = ((0.5 / R::UNIT) as usize).min(u32::MAX as usize);
    if tokens > most {
        return Err(Error::TooMany { what: "tokens", found: tokens, most });
    }
    let mut values = vec![R::default(); tokens.saturating_mul(neurons)];
    if tokens > 0 {
        let jobs = values.par_chunks_mut(GROUP * tokens).enumerate();
        jobs.for_each_init(Scratch::default, |scratch, (job, out)| {
            let first = job * GROUP;
            scratch.read(columns, first..neurons.min(first + GROUP));
            for (column, out) in scratch.columns.chunks(tokens).zip(out.chunks_mut(tokens)) {
                rank(column, &mut scratch.short, &mut scratch.long, out);
            }
        });
    }
    Ok(Ranks { values, tokens, neurons })
}

#[derive(Default)]
struct Scratch {
    columns: Vec<f64>,
    short: Vec<u64>,
    long: Vec<(u64, u32)>,
}

impl Scratch {
    /// Some columns, each as it lies in memory afterwards: its tokens side by side.
    fn read<T: Float>(&mut self, x: &Columns<'_, T>, neurons: std::ops::Range<usize>) {
        let tokens = x.tokens();
        self.columns.clear();
        self.columns.resize(neurons.len() * tokens, 0.0);
        match x.order() {
            Order::ColumnMajor => {
                for (to, neuron) in self.columns.chunks_mut(tokens).zip(neurons) {
                    to.iter_mut().zip(x.column(neuron, &(0..tokens))).for_each(|(to, &v)| *to = v.into());
                }
            }
            Order::RowMajor => {
                for token in 0..tokens {
                    let places = self.columns.iter_mut().skip(token).step_by(tokens);
                    places.zip(x.row(token, &neurons)).for_each(|(to, &v)| *to = v.into());
                }
            }
        }
    }
}

/// Writes the ranks of one column.
fn rank<R: Precision>(column: &[f64], short: &mut Vec<u64>, long: &mut Vec<(u64, u32)>, out: &mut [R]) {
    for (to, _) in out.iter_mut().zip(column).filter(|(_, value)| value.is_nan()) {
        *to = R::of(f64::NAN);
    }
    let numbered = || (0_u32..).zip(column).filter(|(_, value)| !value.is_nan());
    // Most activations are single precision at heart: then value and place fit one word, which sorts twice as fast.
    if column.iter().all(|&value| value.is_nan() || f64::from(single(value)) == value) {
        short.clear();
        short.extend(numbered().map(|(at, &value)| u64::from(key32(single(value))) << 32 | u64::from(at)));
        short.sort_unstable();
        give(short, |&word| word >> 32, |&word| word & u64::from(u32::MAX), out);
    } else {
        long.clear();
        long.extend(numbered().map(|(at, &value)| (key64(value), at)));
        long.sort_unstable();
        give(long, |pair| pair.0, |pair| pair.1.into(), out);
    }
}

/// Gives every run of equal keys its average rank.
fn give<E, R: Precision>(sorted: &[E], key: impl Fn(&E) -> u64, place: impl Fn(&E) -> u64, out: &mut [R]) {
    let mut before = 0_u32;
    for run in sorted.chunk_by(|a, b| key(a) == key(b)) {
        #[expect(clippy::cast_possible_truncation, reason = "checked: no more tokens than a u32 numbers")]
        let length = run.len() as u32;
        let average = R::of(f64::from(before) + (f64::from(length) + 1.0) / 2.0);
        for entry in run {
            let at = usize::try_from(place(entry)).unwrap_or(usize::MAX);
            if let Some(to) = out.get_mut(at) {
                *to = average;
            }
        }
        before += length;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the caller looks whether anything was lost")]
fn single(value: f64) -> f32 {
    value as f32
}

/// Whole numbers in the order of the values; both zeros are one.
fn key32(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    bits ^ ((bits.cast_signed() >> 31).cast_unsigned() | 1 << 31)
}

/// As [`key32`].
fn key64(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    bits ^ ((bits.cast_signed() >> 63).cast_unsigned() | 1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counts_of_smaller_values_and_half_of_the_equal_ones_in_both_orders() {
        let (tokens, neurons) = (57, 19);
        let mut values = testkit::activations(tokens, neurons, 3, 8);
        for (at, value) in values.iter_mut().enumerate() {
            // Ties, both zeros, infinities, and columns of whole numbers beside those of full precision.
            if at % neurons % 3 == 0 {
                *value = (*value * 2.0).round();
            }
            if at % 31 == 7 {
                *value = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY][at % 4];
            }
        }
        values[5 * neurons + 4] = f64::NAN;
        let column = |n: usize| values.iter().skip(n).step_by(neurons).copied().collect::<Vec<_>>();
        let turned: Vec<f64> = (0..neurons).flat_map(column).collect();
        let by_row = average_ranks::<f64, _>(&Columns::row_major(&values, tokens, neurons).unwrap()).unwrap();
        let by_column =
            average_ranks::<f32, _>(&Columns::column_major(&turned, tokens, neurons).unwrap()).unwrap();
        for neuron in 0..neurons {
            let column = column(neuron);
            for (token, value) in column.iter().enumerate() {
                let [a, b] = [
                    by_row.columns().get(token, neuron),
                    by_column.columns().get(token, neuron).map(f64::from),
                ];
                if value.is_nan() {
                    assert!(a.unwrap().is_nan() && b.unwrap().is_nan());
                    continue;
                }
                let smaller = column.iter().filter(|other| *other < value).count() as f64;
                let equal = column.iter().filter(|other| *other == value).count() as f64;
                assert_eq!(a, Some(smaller + (equal + 1.0) / 2.0), "{token} {neuron}");
                assert_eq!(a, b);
            }
        }
    }

    #[test]
    fn no_tokens_and_no_neurons_have_no_ranks() {
        for (tokens, neurons) in [(0, 3), (3, 0)] {
            let ranks = average_ranks::<f32, f32>(&Columns::row_major(&[], tokens, neurons).unwrap()).unwrap();
            assert!(ranks.columns().tokens() == tokens && ranks.into_values().is_empty());
        }
    }
}
