//! Directions that say most: coordinates in which nearly every pair is decided before its tokens are looked at.
//!
//! `sample` multiplies the bytes of some neurons with those of all, `directions` takes the eigenvectors of the sample's own
//! products, this file decides how many pay and makes the coordinates. `NOTE.md` has the bound.

use super::block::TokenBlocks;
use super::bound::{Beside, Stages, rounding};
use super::copy::Copy8;
use super::directions::Directions;
use super::quantize::{Kept, quantize_block};
use super::sample::Sample;
use super::tile::PANELS;
use crate::kernels::{PANEL, Step};
use crate::level::Level;
use crate::moments::Standard;
use crate::store::Store;
use crate::{Columns, Error};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};

/// Whether a screen looks at directions before it looks at tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LowRank {
    /// Where there are 16,384 neurons or more and a sample of them says that it pays.
    #[default]
    Auto,
    /// In any case: for tests.
    Always,
    /// Never.
    Never,
}

/// Neurons from which on it can pay: n² must stand against n times a sample.
const LEAST_NEURONS: usize = 16_384;

/// Neurons by which the sample grows.
const GROWTH: usize = 384;

/// Coordinates that share a scale, and after which pairs are looked at.
const COORDINATE_BLOCK: usize = 256;

/// Costs in products of bytes: of a product in `f64`, and of an eigenvalue problem, by the cube of its size.
const DOUBLE: f64 = 8.0;
const EIGEN: f64 = 80.0;

/// Share of the products over all tokens that early stopping leaves.
const LEFT: f64 = 0.7;

/// Threshold that the prediction is for.
const THRESHOLD: f64 = 0.5;

/// What a choice of directions would cost.
struct Choice {
    sample: usize,
    directions: usize,
    cost: f64,
}

/// The coordinates of all neurons, if they pay.
pub(super) fn coordinates(
    copy: &Copy8,
    when: LowRank,
    level: Level,
    observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Option<Copy8>, Error> {
    if when == LowRank::Never || (when == LowRank::Auto && copy.neurons() < LEAST_NEURONS) {
        return Ok(None);
    }
    let Some(directions) = choose(copy, when == LowRank::Always, level) else { return Ok(None) };
    make(copy, &directions, level, observe).map(Some)
}

#[expect(clippy::cast_precision_loss, reason = "costs are rough")]
fn choose(copy: &Copy8, always: bool, level: Level) -> Option<Directions> {
    let order = order(copy);
    let (n, tokens) = (copy.neurons() as f64, copy.tokens() as f64);
    let all_tokens = n * n / 2.0 * tokens * LEFT;
    let test = test_panels(copy);
    let most = if always { order.len() } else { order.len() / 8 };
    let mut best: Option<(Choice, Directions)> = None;
    let mut size = GROWTH.min(most);
    while size > 0 {
        let sampling = size as f64 * n * tokens + EIGEN * (size as f64).powi(3);
        let limit =
            best.as_ref().map_or(if always { f64::INFINITY } else { all_tokens * 0.8 }, |(b, _)| b.cost);
        // The best that so large a sample could do is to decide all pairs in as few coordinates as it has neurons.
        if sampling >= limit {
            break;
        }
        let sample = Sample::new(copy, &order[..size]);
        let Some(directions) = Directions::of(sample, level) else { break };
        let tested = directions.coordinates(copy, &test, level);
        for count in counts(directions.count()) {
            let alive = undecided(&tested, directions.count(), count);
            let coordinates = n * size as f64 * count as f64 * DOUBLE + n * n / 2.0 * count as f64;
            let cost = sampling + coordinates + alive * all_tokens * 1.3;
            if cost < limit && best.as_ref().is_none_or(|(b, _)| cost < b.cost) || (always && best.is_none()) {
                best = Some((Choice { sample: size, directions: count, cost }, directions.clone()));
            }
        }
        if size == most || best.as_ref().is_some_and(|(b, _)| b.sample + 2 * GROWTH <= size) {
            break;
        }
        size = most.min(size + GROWTH);
    }
    best.map(|(choice, directions)| directions.first(choice.directions))
}

/// Numbers of directions that are tried.
fn counts(all: usize) -> impl Iterator<Item = usize> {
    (1..=8).map(move |eighths| (all * eighths).div_ceil(8)).filter(|&count| count > 0)
}

/// The neurons that vary, in an order that has nothing to do with theirs: multiples of a number prime to 2^64.
fn order(copy: &Copy8) -> Vec<usize> {
    let kept = &copy.norms(copy.blocks() - 1).kept;
    let mut order: Vec<usize> = (0..copy.neurons()).filter(|&neuron| kept[neuron] > 0.0).collect();
    order.sort_by_key(|&neuron| (neuron as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    order
}

/// Some panels of neurons, evenly from all.
fn test_panels(copy: &Copy8) -> Vec<usize> {
    let panels = Copy8::panels_of(copy.neurons());
    let count = panels.min(PANELS);
    (0..count).map(|at| (2 * at + 1) * panels / (2 * count)).collect()
}

/// The share of rows with a panel in which some pair is undecided, `count` of all directions counting: of tested panels.
fn undecided(tested: &Coordinates, all: usize, count: usize) -> f64 {
    let panels = tested.values.len() / (PANEL * all).max(1);
    let column = |at: usize| &tested.values[at * all..at * all + count];
    let rest = |at: usize| {
        let own: f64 = column(at).iter().map(|value| value * value).sum();
        (tested.wholes[at] - own).max(0.0).sqrt()
    };
    let rests: Vec<f64> = (0..panels * PANEL).map(rest).collect();
    let of_panel = |panel: usize| {
        let own = panel * PANEL..(panel + 1) * PANEL;
        let others = (0..panels * PANEL).filter(|at| !own.contains(at) && tested.wholes[*at] > 0.0);
        let open = others.filter(|&row| {
            own.clone().any(|at| {
                let near: f64 = column(row).iter().zip(column(at)).map(|(a, b)| a * b).sum();
                near.abs() + rests[row] * rests[at] >= THRESHOLD - 0.02
            })
        });
        open.count()
    };
    let open: usize = (0..panels).into_par_iter().map(of_panel).sum();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = open as f64 / ((panels * panels.saturating_sub(1) * PANEL).max(1)) as f64;
    share
}

/// Coordinates of some panels' neurons.
pub(super) struct Coordinates {
    /// By neuron, then direction.
    pub(super) values: Vec<f64>,
    /// By neuron: the square of its norm, of which the coordinates hold a part.
    pub(super) wholes: Vec<f64>,
}

/// The coordinates of all neurons in bytes, with what is proven of them.
fn make(
    copy: &Copy8,
    directions: &Directions,
    level: Level,
    observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Copy8, Error> {
    let panels = Copy8::panels_of(copy.neurons());
    let blocks = TokenBlocks::new(directions.count(), COORDINATE_BLOCK);
    let jobs: Vec<Range<usize>> =
        (0..panels).step_by(PANELS).map(|first| first..panels.min(first + PANELS)).collect();
    let mut store = Store::in_memory(panels * blocks.steps())?;
    let mut kept: Vec<Vec<Kept>> = vec![Vec::with_capacity(panels * PANEL); blocks.count()];
    let mut beside = Vec::with_capacity(panels * PANEL);
    let margin = directions.margin() + rounding(blocks.count()) * 1.01;
    let wave = 4 * rayon::current_num_threads();
    for (index, wave_of) in jobs.chunks(wave).enumerate() {
        let done: Vec<Job> = wave_of
            .par_iter()
            .map(|panels| Job::new(copy, directions, panels, blocks, margin, level))
            .collect();
        for (job, own) in done.into_iter().zip(wave_of) {
            for (block, (steps, values)) in job.blocks.into_iter().enumerate() {
                let start = blocks.place(block, own.start, panels).start;
                store.steps_mut()[start..start + steps.len()].copy_from_slice(&steps);
                kept[block].extend(values);
            }
            beside.extend(job.beside);
        }
        if observe((index + 1) * wave.min(jobs.len()), jobs.len()).is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(Copy8::of_parts(copy.neurons(), blocks, store, Stages::beside(&kept, &beside)))
}

/// Some panels' coordinates.
struct Job {
    blocks: Vec<(Vec<Step>, Vec<Kept>)>,
    beside: Vec<Beside>,
}

impl Job {
    fn new(
        copy: &Copy8,
        directions: &Directions,
        panels: &Range<usize>,
        blocks: TokenBlocks,
        margin: f64,
        level: Level,
    ) -> Self {
        let coordinates = directions.coordinates(copy, &panels.clone().collect::<Vec<_>>(), level);
        let (count, neurons) = (directions.count(), panels.len() * PANEL);
        let columns = Columns::of_columns(&coordinates.values, count, neurons);
        let standards = vec![Standard { shift: 0.0, offset: 0.0, scale: 1.0 }; neurons];
        #[expect(clippy::cast_possible_truncation, reason = "a few thousand directions")]
        let order: Vec<u32> = (0..count as u32).collect();
        let quantize = |block: usize| {
            let tokens = &order[blocks.tokens(block)];
            let mut steps = vec![[0; PANEL]; panels.len() * TokenBlocks::steps_of(tokens.len())];
            let kept = quantize_block(&columns, &standards, tokens, level, &mut steps);
            (steps, kept)
        };
        let blocks = (0..blocks.count()).map(quantize).collect();
        let lost = &copy.norms(copy.blocks() - 1).lost[panels.start * PANEL..];
        let of_neuron = |((values, &whole), &lost): ((&[f64], &f64), &f32)| {
            if whole == 0.0 {
                return Beside { inverse: 1.0, residual: 0.0, lost: 0.0 };
            }
            let own: f64 = values.iter().map(|value| value * value).sum();
            // Norms were rounded up, so a difference of squares is not below; the margin holds what coordinates are off by.
            let residual = (whole - own).max(0.0) + margin;
            Beside { inverse: 1.0, residual, lost: f64::from(lost) + super::sample::SHARES }
        };
        let neurons = coordinates.values.chunks(count.max(1)).zip(&coordinates.wholes).zip(lost);
        Self { blocks, beside: neurons.map(of_neuron).collect() }
    }
}
