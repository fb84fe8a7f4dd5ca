//! What is proven of a pair after each stage: the norms that enter the bound, each rounded up.

use super::block::TokenBlocks;
use super::quantize::Kept;
use crate::kernels::PANEL;

/// Added to every norm, relatively: more than the roundings of the sums that made it, of its conversion to f32 and of the
/// bound that it enters (`NOTE.md`).
const UP: f64 = 1.0 + 1.0 / (1_u64 << 17) as f64;

/// Added to what is lost, in units of the whole: the roundings of a value less its byte in f32.
pub(super) const FLOOR: f64 = 1.0 / (1_u64 << 22) as f64;

/// Norms of all neurons after one stage, padded to whole panels, in units of each neuron's own norm.
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

/// What every block adds for every neuron, and what is known after every stage.
#[derive(Debug)]
pub(super) struct Stages {
    /// By block: a byte stands for this share of the neuron's norm.
    pub(super) scales: Vec<Vec<f32>>,
    /// By block: 128 Σ q, which unsigned rows add to every sum.
    pub(super) offsets: Vec<Vec<i32>>,
    /// By stage: what is known when it is done.
    pub(super) norms: Vec<Norms>,
    /// What rounding in f32 can add to a sum of all blocks.
    pub(super) rounding: f64,
}

/// Sums of squares of one neuron in one stage.
#[derive(Debug, Clone, Copy, Default)]
struct Squares {
    kept: f64,
    lost: f64,
    whole: f64,
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

/// Takes what was kept in the blocks, in any order of blocks and neurons.
#[derive(Debug)]
pub(super) struct Taking {
    scales: Vec<Vec<f32>>,
    offsets: Vec<Vec<i32>>,
    /// By stage, then neuron.
    squares: Vec<Vec<Squares>>,
}

impl Taking {
    /// For so many neurons, whole panels.
    pub(super) fn new(blocks: &TokenBlocks, neurons: usize) -> Self {
        Self {
            scales: vec![vec![0.0; neurons]; blocks.count()],
            offsets: vec![vec![0; neurons]; blocks.count()],
            squares: vec![vec![Squares::default(); neurons]; blocks.stages()],
        }
    }

    /// What one block has of the neurons from `first` on.
    pub(super) fn take(&mut self, block: usize, stage: usize, first: usize, kept: &[Kept]) {
        let (scales, offsets) = (&mut self.scales[block][first..], &mut self.offsets[block][first..]);
        for ((scale, offset), kept) in scales.iter_mut().zip(offsets).zip(kept) {
            *scale = kept.scale;
            #[expect(clippy::cast_possible_truncation, reason = "at most 128 · 127 · 65,536")]
            (*offset = (128.0 * kept.sum) as i32);
        }
        for (squares, kept) in self.squares[stage][first..].iter_mut().zip(kept) {
            squares.kept += kept.kept;
            squares.lost += kept.lost;
            squares.whole += kept.whole;
        }
    }

    /// Relative to the norm of all that the blocks hold.
    pub(super) fn finish(self) -> Stages {
        let mut wholes = vec![0.0; self.squares.first().map_or(0, Vec::len)];
        for squares in &self.squares {
            wholes.iter_mut().zip(squares).for_each(|(whole, squares)| *whole += squares.whole);
        }
        let beside = |whole: f64| Beside {
            inverse: if whole > 0.0 { 1.0 / whole.sqrt() } else { 0.0 },
            residual: 0.0,
            lost: if whole > 0.0 { FLOOR } else { 0.0 },
        };
        self.finish_beside(&wholes.into_iter().map(beside).collect::<Vec<_>>())
    }

    /// With what stands beside the blocks.
    pub(super) fn finish_beside(self, beside: &[Beside]) -> Stages {
        let Self { mut scales, offsets, squares } = self;
        let neurons = beside.len();
        for scales in &mut scales {
            for (scale, beside) in scales.iter_mut().zip(beside) {
                *scale = single(f64::from(*scale) * beside.inverse);
            }
        }
        // From the last stage back, so that what is still to come is a sum of few terms and not a difference.
        let mut rest: Vec<f64> = beside.iter().map(|beside| beside.residual).collect();
        let mut rests = Vec::with_capacity(squares.len());
        for squares in squares.iter().rev() {
            rests
                .push(rest.iter().zip(beside).map(|(rest, beside)| up(rest.sqrt() * beside.inverse)).collect());
            rest.iter_mut().zip(squares).for_each(|(rest, squares)| *rest += squares.whole);
        }
        let mut most: f64 = 0.0;
        let (mut lost, mut kept) = (vec![0.0; neurons], vec![0.0; neurons]);
        let mut norms = Vec::with_capacity(squares.len());
        for (squares, rest) in squares.iter().zip(rests.into_iter().rev()) {
            let rest: Vec<f32> = rest;
            lost.iter_mut().zip(squares).for_each(|(sum, squares)| *sum += squares.lost);
            kept.iter_mut().zip(squares).for_each(|(sum, squares)| *sum += squares.kept);
            let norm = |sum: f64, neuron: usize| sum.sqrt() * beside[neuron].inverse;
            let each = |value: &dyn Fn(usize) -> f64| (0..neurons).map(|neuron| up(value(neuron))).collect();
            let lost_of = |neuron| norm(lost[neuron], neuron) + beside[neuron].lost;
            // What is lost may lie along the residual, too.
            let kept_of = |neuron: usize| match beside[neuron].residual {
                0.0 => norm(kept[neuron], neuron),
                _ => norm(kept[neuron], neuron).hypot(f64::from(rest[neuron])),
            };
            most = (0..neurons).map(kept_of).fold(most, f64::max);
            norms.push(Norms {
                lost: each(&lost_of),
                kept: each(&kept_of),
                both: each(&|neuron| kept_of(neuron) + lost_of(neuron)),
                rest,
            });
        }
        let rounding = rounding(scales.len()) * most * most;
        Stages { scales, offsets, norms, rounding }
    }
}

impl Stages {
    /// Bytes of all this for so many neurons.
    pub(super) fn bytes(neurons: usize, blocks: &TokenBlocks) -> u64 {
        let of_block = size_of::<f32>() + size_of::<i32>();
        padded(neurons, blocks.count() * of_block + blocks.stages() * 4 * size_of::<f32>())
    }

    /// Bytes that making it takes beside: sums of all stages, and what is kept of one chunk's blocks.
    pub(super) fn bytes_of_making(neurons: usize, blocks: &TokenBlocks) -> u64 {
        padded(neurons, blocks.stages() * size_of::<Squares>() + blocks.most_blocks() * size_of::<Kept>())
    }
}

/// So many bytes for each neuron, to whole panels.
fn padded(neurons: usize, each: usize) -> u64 {
    let padded = neurons.checked_next_multiple_of(PANEL).unwrap_or(usize::MAX);
    (padded as u64).saturating_mul(each as u64)
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
