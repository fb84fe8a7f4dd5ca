//! What is proven of a pair after each token block: the norms that enter the bound, each rounded up.

use super::quantize::Kept;
use crate::kernels::PANEL;

/// Added to every norm, relatively: more than the roundings of the sums that made it, of its conversion to f32 and of the
/// bound that it enters (`NOTE.md`).
const UP: f64 = 1.0 + 1.0 / (1_u64 << 20) as f64;

/// Added to what is lost, in units of the whole: the roundings of centring, scaling and multiplying in f64.
const FLOOR: f64 = 1.0 / (1_u64 << 44) as f64;

/// Norms of all neurons after one token block, padded to whole panels, in units of each neuron's own norm.
#[derive(Debug, Clone)]
pub(super) struct Norms {
    /// ‖δ‖ so far: what rounding to bytes has lost.
    pub(super) lost: Vec<f32>,
    /// ‖q‖ so far.
    pub(super) kept: Vec<f32>,
    /// ‖q‖ + ‖δ‖.
    pub(super) both: Vec<f32>,
    /// Norm of the tokens that are still to come.
    pub(super) rest: Vec<f32>,
}

/// What every token block adds for every neuron.
#[derive(Debug, Default)]
pub(super) struct Stages {
    /// By block: a byte stands for this share of the neuron's norm.
    pub(super) scales: Vec<Vec<f32>>,
    /// By block: 128 Σ q, which unsigned rows add to every sum.
    pub(super) offsets: Vec<Vec<i32>>,
    /// By block: what is known when it is done.
    pub(super) norms: Vec<Norms>,
    /// What rounding in f32 can add to a sum of all blocks.
    pub(super) rounding: f64,
}

/// What stands beside the blocks of one neuron.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside {
    /// One over the norm that all others are taken relative to; 0 for a neuron without one.
    pub(super) inverse: f64,
    /// Σ of squares that no block holds, and which may not be orthogonal to what the blocks hold.
    pub(super) residual: f64,
    /// Norm of what was lost before the blocks were made.
    pub(super) lost: f64,
}

impl Stages {
    /// From what was kept of each neuron in each block of its tokens.
    pub(super) fn new(blocks: &[Vec<Kept>]) -> Self {
        let neurons = blocks.first().map_or(0, Vec::len);
        let mut wholes = vec![0.0; neurons];
        for kept in blocks {
            wholes.iter_mut().zip(kept).for_each(|(whole, kept)| *whole += kept.whole);
        }
        let beside = |whole: f64| Beside {
            inverse: if whole > 0.0 { 1.0 / whole.sqrt() } else { 0.0 },
            residual: 0.0,
            lost: if whole > 0.0 { FLOOR } else { 0.0 },
        };
        Self::beside(blocks, &wholes.into_iter().map(beside).collect::<Vec<_>>())
    }

    /// From what was kept in each block, and what stands beside the blocks.
    pub(super) fn beside(blocks: &[Vec<Kept>], beside: &[Beside]) -> Self {
        let neurons = beside.len();
        let (mut lost, mut kept_so_far) = (vec![0.0; neurons], vec![0.0; neurons]);
        let mut stages = Self::default();
        // From the last block back, so that what is still to come is a sum of few terms and not a difference.
        let mut rests = vec![beside.iter().map(|beside| beside.residual).collect::<Vec<_>>()];
        for kept in blocks.iter().skip(1).rev() {
            let mut rest = rests.last().cloned().unwrap_or_default();
            rest.iter_mut().zip(kept).for_each(|(rest, kept)| *rest += kept.whole);
            rests.push(rest);
        }
        let mut most: f64 = 0.0;
        for (kept, rest) in blocks.iter().zip(rests.iter().rev()) {
            lost.iter_mut().zip(kept).for_each(|(sum, kept)| *sum += kept.lost);
            kept_so_far.iter_mut().zip(kept).for_each(|(sum, kept)| *sum += kept.kept);
            let norm = |sum: f64, neuron: usize| sum.sqrt() * beside[neuron].inverse;
            let each = |value: &dyn Fn(usize) -> f64| (0..neurons).map(|neuron| up(value(neuron))).collect();
            let lost_of = |neuron| norm(lost[neuron], neuron) + beside[neuron].lost;
            // What is lost may lie along the residual, too.
            let kept_of = |neuron: usize| match beside[neuron].residual {
                0.0 => norm(kept_so_far[neuron], neuron),
                _ => norm(kept_so_far[neuron] + rest[neuron], neuron),
            };
            most = (0..neurons).map(kept_of).fold(most, f64::max);
            stages.norms.push(Norms {
                lost: each(&lost_of),
                kept: each(&kept_of),
                both: each(&|neuron| kept_of(neuron) + lost_of(neuron)),
                rest: each(&|neuron| norm(rest[neuron], neuron)),
            });
            let shares = kept.iter().zip(beside).map(|(kept, beside)| single(kept.scale * beside.inverse));
            stages.scales.push(shares.collect());
            #[expect(clippy::cast_possible_truncation, reason = "at most 128 · 127 · 65,536")]
            stages.offsets.push(kept.iter().map(|kept| (128.0 * kept.sum) as i32).collect());
        }
        stages.rounding = rounding(blocks.len()) * most * most;
        stages
    }

    /// Bytes of all this for so many padded neurons and blocks.
    pub(super) fn bytes(neurons: usize, blocks: usize) -> u64 {
        let each = size_of::<f32>() as u64 * 5 + size_of::<i32>() as u64;
        let padded = neurons.checked_next_multiple_of(PANEL).unwrap_or(usize::MAX);
        (padded as u64).saturating_mul(blocks as u64).saturating_mul(each)
    }
}

/// What the roundings of f32 can add to a sum over so many blocks, relative to ‖q_x‖‖q_y‖: each block's term carries six
/// (the sum's conversion, two scales, two products and one to spare), each addition one.
pub(super) fn rounding(blocks: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of blocks")]
    let blocks = blocks as f64;
    (blocks + 8.0) * f64::from(f32::EPSILON / 2.0) * (1.0 + 1e-3)
}

/// A norm, not below.
fn up(value: f64) -> f32 {
    single(value * UP)
}

#[expect(clippy::cast_possible_truncation, reason = "rounded to nearest; UP covers it")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The greatest f32 that is not above `value`.
pub(super) fn down(value: f64) -> f32 {
    let near = single(value);
    if f64::from(near) > value { near.next_down() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_is_never_above_and_up_never_below() {
        for value in [0.5, 0.1, 1.0 - 1e-9, 1e-3, 0.999_999_99] {
            assert!(f64::from(down(value)) <= value && f64::from(down(value)) > value * (1.0 - 1e-6));
            assert!(f64::from(up(value)) >= value);
        }
    }
}
