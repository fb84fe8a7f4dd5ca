//! The first pass at work: one panel of neurons, one part of a block of tokens.

use super::Moment;
use crate::kernels::prefetch;
use crate::level::Work;
use crate::sums::LANES;
use crate::{Columns, Float, NEURON_BLOCK, Order, TOKEN_BLOCK};
use std::ops::Range;

/// Rows that are asked for ahead.
const AHEAD: usize = 8;

/// A part of one block of tokens, of one panel of neurons.
pub(super) struct ReadPanel<'a, 'b, T> {
    pub(super) part: &'a Columns<'b, T>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) tokens: Range<usize>,
    pub(super) neurons: Range<usize>,
    /// Tokens that were read before this part.
    pub(super) before: usize,
    pub(super) moments: &'a mut [Moment],
}

/// What the loops work on: a value of each neuron of the panel side by side.
struct Running {
    shifts: [f64; NEURON_BLOCK],
    lanes: [[f64; NEURON_BLOCK]; LANES],
    lows: [f64; NEURON_BLOCK],
    highs: [f64; NEURON_BLOCK],
    /// Weight of the values that are not finite.
    bad: [f64; NEURON_BLOCK],
}

impl Running {
    /// Takes a token of the first neurons. Branch-free, so that the loop is vectorised: a value that is not finite counts
    /// as the shift.
    #[inline(always)]
    fn take_row<T: Float>(&mut self, lane: usize, row: &[T], weight: f64) {
        if weight == 0.0 {
            return;
        }
        let Some(sums) = self.lanes.get_mut(lane) else { return };
        let running =
            sums.iter_mut().zip(&mut self.lows).zip(&mut self.highs).zip(&mut self.bad).zip(&self.shifts);
        for (((((sum, low), high), bad), &shift), &value) in running.zip(row) {
            take(value.into(), weight, shift, sum, low, high, bad);
        }
    }

    /// Takes the tokens of one neuron.
    #[inline(always)]
    fn take_column<T: Float>(
        &mut self,
        first_lane: usize,
        index: usize,
        column: &[T],
        weight: impl Fn(usize) -> f64,
    ) {
        let (mut low, mut high, mut bad) = (self.lows[index], self.highs[index], self.bad[index]);
        for (at, &value) in column.iter().enumerate() {
            let weight = weight(at);
            if weight == 0.0 {
                continue;
            }
            let sum = &mut self.lanes[(first_lane + at) % LANES][index];
            take(value.into(), weight, self.shifts[index], sum, &mut low, &mut high, &mut bad);
        }
        (self.lows[index], self.highs[index], self.bad[index]) = (low, high, bad);
    }
}

#[inline(always)]
fn take(value: f64, weight: f64, shift: f64, sum: &mut f64, low: &mut f64, high: &mut f64, bad: &mut f64) {
    let finite = value.abs() < f64::INFINITY;
    *sum += if finite { weight * (value - shift) } else { 0.0 };
    *low = if finite & (value < *low) { value } else { *low };
    *high = if finite & (value > *high) { value } else { *high };
    *bad += if finite { 0.0 } else { weight };
}

impl<T: Float> Work for ReadPanel<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { part, weights, tokens, neurons, before, moments } = self;
        let weight = |token: usize| weights.map_or(1.0, |weights| weights[token]);
        let mut running = Running {
            shifts: [0.0; NEURON_BLOCK],
            lanes: [[0.0; NEURON_BLOCK]; LANES],
            lows: [f64::INFINITY; NEURON_BLOCK],
            highs: [f64::NEG_INFINITY; NEURON_BLOCK],
            bad: [0.0; NEURON_BLOCK],
        };
        for (index, m) in moments.iter_mut().enumerate() {
            if m.finite == 0 {
                let weighing = tokens.clone().filter(|&token| weight(token) > 0.0);
                let mut values = weighing.filter_map(|t| part.get(t, neurons.start + index)).map(Into::into);
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
                    running.take_row((before + token) % LANES, part.row(token, &neurons), weight(token));
                }
            }
            Order::ColumnMajor => {
                for (index, neuron) in neurons.clone().enumerate() {
                    let (lane, column) = ((before + tokens.start) % LANES, part.column(neuron, &tokens));
                    running.take_column(lane, index, column, |at| weight(tokens.start + at));
                }
            }
        }
        let full = (before + tokens.end).is_multiple_of(TOKEN_BLOCK);
        let weighing = tokens.clone().filter(|&token| weight(token) > 0.0).count() as u64;
        let weight_read = tokens.clone().map(weight).sum::<f64>();
        for (index, m) in moments.iter_mut().enumerate() {
            let lost = running.bad[index];
            let mut bad = 0;
            if lost > 0.0 {
                let is_bad = |&t: &usize| {
                    weight(t) > 0.0 && part.get(t, neurons.start + index).is_some_and(|v| !v.into().is_finite())
                };
                bad = tokens.clone().filter(is_bad).count() as u64;
                if m.non_finite == 0 {
                    m.first_non_finite = before + tokens.clone().find(is_bad).unwrap_or(tokens.start);
                }
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
            m.finite += weighing - bad;
            m.weight += weight_read - lost;
        }
    }
}
