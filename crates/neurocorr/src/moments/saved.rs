//! Moments as words, for a file.

use super::{Moment, Moments};
use crate::sums::{LANES, TreeSum};

/// Words of the saved form of one neuron's moment.
const WORDS: usize = 8 + LANES;

/// Words of the saved form beside the neurons'.
pub(crate) const HEAD_WORDS: usize = 5;

impl Moments {
    /// The saved form: a few words, then some for each neuron.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let Self { tokens, weighing, least_weight, greatest_weight, weight, moments } = self;
        let counts = [*tokens as u64, *weighing as u64];
        let weights = [*least_weight, *greatest_weight, *weight].map(f64::to_bits);
        let of_neuron = |m: &Moment| {
            let floats = [m.shift, m.minimum, m.maximum, m.weight, m.sum.blocks()].map(f64::to_bits);
            let counts = [m.finite, m.non_finite, m.first_non_finite as u64];
            floats.into_iter().chain(counts).chain(m.sum.lanes.map(f64::to_bits))
        };
        counts.into_iter().chain(weights).chain(moments.iter().flat_map(of_neuron))
    }

    /// How many words a saved form of so many neurons has.
    pub(crate) fn words_of(neurons: usize) -> usize {
        neurons.saturating_mul(WORDS).saturating_add(HEAD_WORDS)
    }

    /// From the saved form.
    pub(crate) fn from_words(words: &[u64]) -> Option<Self> {
        let (&[tokens, weighing, least, greatest, weight], rest) = words.split_first_chunk::<HEAD_WORDS>()?;
        let (neurons, []) = rest.as_chunks::<WORDS>() else { return None };
        let of_neuron = |&[
            shift,
            minimum,
            maximum,
            weight,
            blocks,
            finite,
            non_finite,
            first,
            ref lanes @ ..,
        ]: &[u64; WORDS]| {
            Some(Moment {
                shift: f64::from_bits(shift),
                sum: TreeSum::of_parts(f64::from_bits(blocks), lanes.map(f64::from_bits)),
                minimum: f64::from_bits(minimum),
                maximum: f64::from_bits(maximum),
                finite,
                weight: f64::from_bits(weight),
                non_finite,
                first_non_finite: usize::try_from(first).ok()?,
            })
        };
        Some(Self {
            tokens: usize::try_from(tokens).ok()?,
            weighing: usize::try_from(weighing).ok()?,
            least_weight: f64::from_bits(least),
            greatest_weight: f64::from_bits(greatest),
            weight: f64::from_bits(weight),
            moments: neurons.iter().map(of_neuron).collect::<Option<_>>()?,
        })
    }
}
