//! A sketch of every token: sums of its standardised values with signs, by which similar tokens are found and energies estimated.

use super::energy::Weights;
use super::haar::{GROUP, Haar};
use crate::level::{Level, Work};
use crate::{Columns, Float, Order};
use std::ops::Range;

/// Sums that one panel of neurons adds to.
pub(super) const LANES: usize = 16;

/// Panels of neurons that have sums of their own, at most and if there are three times as many: with more neurons, pairs take longer, and a
/// better order pays.
const VECTORS: usize = 16;

/// So many have, however few there are.
const FEWEST: usize = 6;

/// Sums of a token at most.
pub(super) const MOST: usize = VECTORS * LANES;

/// A deviation counts for no more than this, so that sums of squares stay within `f32`.
const LARGEST: f32 = 1e4;

/// The sketch of some tokens.
#[derive(Debug)]
pub(super) struct Sketch {
    width: usize,
    /// By token.
    values: Vec<f32>,
}

impl Sketch {
    /// Of a matrix of so many panels of neurons, with room for so many tokens.
    pub(super) fn new(panels: usize, tokens: usize) -> Self {
        let width = panels.clamp(1, FEWEST.max(panels / 3).min(VECTORS)) * LANES;
        Self { width, values: Vec::with_capacity(tokens * width) }
    }

    /// Bytes for so many tokens at most.
    pub(super) fn bytes(tokens: usize) -> u64 {
        (tokens as u64).saturating_mul((MOST * size_of::<f32>()) as u64)
    }

    /// Appends so many tokens: what every panel of neurons has of them.
    pub(super) fn push(&mut self, tokens: usize, panels: &[Vec<[f32; LANES]>]) {
        let (width, start) = (self.width, self.values.len());
        self.values.resize(start + tokens * width, 0.0);
        for (panel, own) in panels.iter().enumerate() {
            let at = panel * LANES % width;
            for (row, own) in self.values[start..].chunks_mut(width).zip(own) {
                row[at..at + LANES].iter_mut().zip(own).for_each(|(sum, value)| *sum += value);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// The tokens in an order in which neighbours are similar.
    pub(super) fn order(&self, level: Level) -> Vec<u32> {
        super::similar::order(&self.values, self.width, level)
    }

    /// For tokens of whole groups, by what the transform makes of them: the rows, those with the largest energy first.
    pub(super) fn rows(&self, tokens: &[u32], level: Level) -> Vec<u32> {
        let mut energies = vec![0.0; tokens.len()];
        let mut rows = [[0.0; LANES]; GROUP];
        for (tokens, energies) in tokens.chunks(GROUP).zip(energies.chunks_mut(GROUP)) {
            let rows = &mut rows[..tokens.len()];
            for first in (0..self.width).step_by(LANES) {
                for (row, &token) in rows.iter_mut().zip(tokens) {
                    row.copy_from_slice(&self.values[token as usize * self.width + first..][..LANES]);
                }
                level.run(Haar(rows));
                let squares = rows.iter().map(|row| row.iter().map(|value| value * value).sum::<f32>());
                energies.iter_mut().zip(squares).for_each(|(energy, square)| *energy += square);
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "a chunk")]
        let mut order: Vec<u32> = (0..energies.len() as u32).collect();
        order.sort_by(|&a, &b| energies[b as usize].total_cmp(&energies[a as usize]));
        order
    }
}

/// What every neuron's deviations are multiplied with: a sign that has nothing to do with its place, over its deviation.
pub(super) struct Signed {
    means: Vec<f64>,
    factors: Vec<f32>,
}

impl Signed {
    pub(super) fn new(weights: Weights) -> Self {
        let Weights { means, factors } = weights;
        #[expect(clippy::cast_possible_truncation, reason = "a sketch")]
        let signed = |(neuron, factor): (usize, f64)| {
            let hash = (neuron as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (if hash >> 63 == 1 { -factor } else { factor }) as f32
        };
        Self { means, factors: factors.into_iter().enumerate().map(signed).collect() }
    }
}

/// Adds some neurons' values to what their panel has of some tokens.
pub(super) fn add<T: Float>(
    weights: &Signed,
    columns: &Columns<'_, T>,
    tokens: &Range<usize>,
    neurons: &Range<usize>,
    level: Level,
    own: &mut [[f32; LANES]],
) {
    let Signed { means, factors } = weights;
    let (means, factors) = (&means[neurons.clone()], &factors[neurons.clone()]);
    match columns.order() {
        Order::RowMajor => {
            for (own, token) in own.iter_mut().zip(tokens.clone()) {
                level.run(Row { values: columns.row(token, neurons), means, factors, own });
            }
        }
        Order::ColumnMajor => {
            for (at, neuron) in neurons.clone().enumerate() {
                for (own, &value) in own.iter_mut().zip(columns.column(neuron, tokens)) {
                    own[at % LANES] += deviation(value, means[at], factors[at]);
                }
            }
        }
    }
}

/// In `f32` where the values have no more digits: half the instructions.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a sketch")]
fn deviation<T: Float>(value: T, mean: f64, factor: f32) -> f32 {
    let value: f64 = value.into();
    let apart = if size_of::<T>() < 8 { value as f32 - mean as f32 } else { (value - mean) as f32 };
    let deviation = apart * factor;
    // A value that is not finite belongs to a neuron that is refused or uncorrelated.
    if deviation.abs() < f32::INFINITY { deviation.clamp(-LARGEST, LARGEST) } else { 0.0 }
}

/// One row of a panel.
struct Row<'a, T> {
    values: &'a [T],
    means: &'a [f64],
    factors: &'a [f32],
    own: &'a mut [f32; LANES],
}

impl<T: Float> Work for Row<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (values, rest) = self.values.as_chunks::<LANES>();
        let (means, means_rest) = self.means.as_chunks::<LANES>();
        let (factors, factors_rest) = self.factors.as_chunks::<LANES>();
        let mut sums = *self.own;
        for ((values, means), factors) in values.iter().zip(means).zip(factors) {
            for lane in 0..LANES {
                sums[lane] += deviation(values[lane], means[lane], factors[lane]);
            }
        }
        let rest = rest.iter().zip(means_rest).zip(factors_rest);
        for (sum, ((&value, &mean), &factor)) in sums.iter_mut().zip(rest) {
            *sum += deviation(value, mean, factor);
        }
        *self.own = sums;
    }
}
