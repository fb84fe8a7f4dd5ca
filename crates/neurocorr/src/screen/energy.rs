//! The order of the tokens: those with the largest standardised rows first, so that little is left to come soon.

use crate::level::{Level, Work};
use crate::{Columns, Float, Order};
use rayon::prelude::*;
use std::ops::Range;

/// Tokens that the means and deviations of the neurons are taken from: any order of the tokens is right, a rough one is
/// nearly as good as the best, and so no pass over all of them is spent on it.
const SAMPLE: usize = 128;

/// A rough standardisation of every neuron.
pub(super) struct Weights {
    pub(super) means: Vec<f64>,
    /// One over the deviation; 0 where there is none.
    pub(super) factors: Vec<f64>,
}

impl Weights {
    pub(super) fn of_sample<T: Float>(columns: &Columns<'_, T>) -> Self {
        let (tokens, neurons) = (columns.tokens(), columns.neurons());
        let every = tokens.div_ceil(SAMPLE).max(1);
        let pair = |neuron: usize| {
            let values = || {
                let sampled = (0..tokens).step_by(every).filter_map(|token| columns.get(token, neuron));
                sampled.map(Into::into).filter(|value: &f64| value.is_finite())
            };
            #[expect(clippy::cast_precision_loss, reason = "at most 128")]
            let count = values().count() as f64;
            let mean = values().sum::<f64>() / count;
            let variance = values().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
            let factor = 1.0 / variance.sqrt();
            if mean.is_finite() && factor.is_finite() { (mean, factor) } else { (0.0, 0.0) }
        };
        let (means, factors) = (0..neurons).into_par_iter().map(pair).unzip();
        Self { means, factors }
    }

    /// Adds the squares of the standardised values of some tokens and neurons: `energies` has a place for each token.
    pub(super) fn add<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        tokens: &Range<usize>,
        neurons: &Range<usize>,
        level: Level,
        energies: &mut [f64],
    ) {
        let (means, factors) = (&self.means[neurons.clone()], &self.factors[neurons.clone()]);
        match columns.order() {
            Order::RowMajor => {
                for (energy, token) in energies.iter_mut().zip(tokens.clone()) {
                    *energy += level.run(Row { values: columns.row(token, neurons), means, factors });
                }
            }
            Order::ColumnMajor => {
                for ((neuron, &mean), &factor) in neurons.clone().zip(means).zip(factors) {
                    for (energy, &value) in energies.iter_mut().zip(columns.column(neuron, tokens)) {
                        *energy += square(value.into(), mean, factor);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn square(value: f64, mean: f64, factor: f64) -> f64 {
    let deviation = (value - mean) * factor;
    // A value that is not finite belongs to a neuron that is refused or uncorrelated.
    if deviation.abs() < f64::INFINITY { deviation * deviation } else { 0.0 }
}

/// The energy of one row.
struct Row<'a, T> {
    values: &'a [T],
    means: &'a [f64],
    factors: &'a [f64],
}

impl<T: Float> Work for Row<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        const LANES: usize = 16;
        let mut lanes = [0.0; LANES];
        let (values, rest) = self.values.as_chunks::<LANES>();
        let (means, means_rest) = self.means.as_chunks::<LANES>();
        let (factors, factors_rest) = self.factors.as_chunks::<LANES>();
        for ((values, means), factors) in values.iter().zip(means).zip(factors) {
            for lane in 0..LANES {
                lanes[lane] += square(values[lane].into(), means[lane], factors[lane]);
            }
        }
        let rest = rest.iter().zip(means_rest).zip(factors_rest);
        lanes.iter().sum::<f64>()
            + rest.map(|((&v, &mean), &factor)| square(v.into(), mean, factor)).sum::<f64>()
    }
}

/// The tokens by falling energy.
pub(super) fn order(energies: &[f64]) -> Vec<u32> {
    #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
    let mut order: Vec<u32> = (0..energies.len() as u32).collect();
    order.par_sort_by(|&a, &b| energies[b as usize].total_cmp(&energies[a as usize]));
    order
}
