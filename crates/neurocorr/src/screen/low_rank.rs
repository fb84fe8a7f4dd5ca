//! Directions that say most: coordinates in which nearly every pair is decided before its tokens are looked at.
//!
//! `sample` multiplies the bytes of some neurons with those of all, `directions` takes the eigenvectors of the sample's own
//! products, this file decides how many pay and makes the coordinates. `NOTE.md` has the bound.

use super::block::TokenBlocks;
use super::bound::{Beside, FLOOR, Taking, rounding};
use super::copy::Copy8;
use super::directions::{Directions, SLACK};
use super::quantize::{Chunk, Kept, Rows, quantize, spare_rows};
use super::sample::Sample;
use super::tile::{FEW, PANELS};
use crate::go_on::GoOn;
use crate::kernels::{PANEL, Step};
use crate::level::Level;
use crate::moments::Standard;
use crate::spare::Spare;
use crate::store::Store;
use crate::{Columns, Error};
use rayon::prelude::*;
use std::ops::Range;

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

/// Pairs are let go when what is still to come has about this part of their neurons' squares; and a share of the products that is
/// made after that, for those that are not.
const UNDECIDED: f64 = 0.4;
const LATER: f64 = 0.1;

/// What a larger sample must bring the cost to, of what it was.
const BETTER: f64 = 0.98;

/// Threshold that the prediction is for.
const THRESHOLD: f64 = 0.5;

/// What directions must hold of two neurons' squares, or the rest alone could reach the threshold.
const NEEDED: f64 = 1.0 - (THRESHOLD - SLACK);

/// Reading a byte of a tile's rows for the few that are left.
const READING: f64 = 37.0;

/// A product of a pair that is settled.
const SETTLING: f64 = 100.0;

/// Panels of neurons that the prediction looks at.
const TESTED: usize = 16;

/// Neurons of a job, and of a side of a tile.
const JOB: usize = PANELS * PANEL;

/// Neurons of the largest sample.
const MOST_NEURONS: usize = 12 * GROWTH;

/// Bytes that coordinates by a sample of so many neurons take at most while they are made: products, eigenvectors and what
/// finding them takes, twice, since the best is kept; the samples' own bytes; a byte for each coordinate and as much
/// for what is proven of it.
fn sample_bytes(size: usize, tokens: usize, neurons: usize) -> u64 {
    let (size, tokens, neurons) = (size as u64, tokens as u64, neurons as u64);
    let coordinates = neurons.saturating_mul(size.saturating_add(size / 4));
    let products = size.saturating_mul(size).saturating_mul(64);
    coordinates.saturating_add(products).saturating_add(size.saturating_mul(tokens).saturating_mul(2))
}

/// The most that coordinates can take beside the copy.
pub(super) fn bytes(tokens: usize, neurons: usize, when: LowRank) -> u64 {
    match when {
        LowRank::Never => 0,
        LowRank::Auto if neurons < LEAST_NEURONS => 0,
        LowRank::Auto => sample_bytes(MOST_NEURONS.min(neurons / 8), tokens, neurons),
        LowRank::Always => sample_bytes(neurons, tokens, neurons),
    }
}

/// The coordinates of all neurons, if they pay, in so much memory.
pub(super) fn coordinates(
    copy: &Copy8,
    when: LowRank,
    room: u64,
    level: Level,
    go_on: &GoOn<'_>,
) -> Result<Option<Copy8>, Error> {
    if when == LowRank::Never || (when == LowRank::Auto && copy.neurons() < LEAST_NEURONS) {
        return Ok(None);
    }
    let Some(directions) = choose(copy, when == LowRank::Always, room, level, go_on)? else { return Ok(None) };
    make(copy, &directions, level, go_on).map(Some)
}

#[expect(clippy::cast_precision_loss, reason = "costs are rough")]
fn choose(
    copy: &Copy8,
    always: bool,
    room: u64,
    level: Level,
    go_on: &GoOn<'_>,
) -> Result<Option<Directions>, Error> {
    let order = order(copy);
    let (n, tokens) = (copy.neurons() as f64, copy.tokens() as f64);
    let pairs = n * n / 2.0;
    let all_tokens = pairs * tokens * (copy.share_before(UNDECIDED) + LATER).min(1.0);
    let sampling = |size: usize| size as f64 * n * tokens + EIGEN * (size as f64).powi(3);
    let making = |size: usize, count: usize| (n * size as f64 * DOUBLE + pairs) * count as f64;
    // A few open pairs of a tile are settled one by one; more cost the products of their rows and the reading of them.
    let finishing = |open: f64| {
        let tile = (JOB * JOB) as f64;
        let rows = open * tile / PANEL as f64;
        if rows < FEW as f64 {
            return pairs / tile * rows * tokens * SETTLING;
        }
        open * all_tokens + pairs / tile * (JOB as f64) * tokens * READING
    };
    let test = test_panels(copy);
    let mut most = if always { order.len() } else { MOST_NEURONS.min(order.len() / 8) };
    while most > 0 && sample_bytes(most, copy.tokens(), copy.neurons()) > room {
        most = most.saturating_sub(GROWTH);
    }
    let enough = if always { f64::INFINITY } else { all_tokens * 0.8 };
    let (mut best, mut least_cost): (Option<Directions>, f64) = (None, enough);
    // Small steps take more time than they save where there are many neurons.
    let mut size = most.min(if most > 8 * GROWTH { 2 * GROWTH } else { GROWTH });
    while size > 0 {
        // The best that so large a sample could do: to decide all pairs in fewer coordinates than before.
        let least = best.as_ref().map_or(0.0, |best| making(size, best.count() * 3 / 4));
        if sampling(size) + least >= least_cost {
            break;
        }
        let Some(directions) = Directions::of(Sample::new(copy, &order[..size], go_on), level, go_on)? else {
            break;
        };
        let tested: Vec<Coordinates> =
            test.par_chunks(PANELS).map(|panels| directions.coordinates(copy, panels, level, go_on)).collect();
        go_on.check()?;
        let tested = Coordinates::joined(tested);
        // Each neuron of the sample adds, on average, no more than those before it.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let needed = (size as f64 * NEEDED / directions.share(&tested)) as usize;
        if needed > most && !always {
            break;
        }
        let choices = directions.open(&tested, THRESHOLD).into_iter();
        let costs =
            choices.map(|(count, open)| (count, sampling(size) + making(size, count) + finishing(open)));
        let before = least_cost;
        if let Some((count, cost)) = costs.min_by(|a, b| a.1.total_cmp(&b.1))
            && cost < least_cost
        {
            (best, least_cost) = (Some(directions.first(count)), cost);
        }
        // A sample that was hardly better than the one before it is large enough: the next costs more than it spares.
        if size == most || (best.is_some() && least_cost > BETTER * before) {
            break;
        }
        size = most.min((size + GROWTH).max(needed / GROWTH * GROWTH));
    }
    Ok(best)
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
    let count = panels.min(TESTED);
    (0..count).map(|at| (2 * at + 1) * panels / (2 * count)).collect()
}

/// Coordinates of some panels' neurons.
pub(super) struct Coordinates {
    /// By neuron, then direction.
    pub(super) values: Vec<f64>,
    /// By neuron: the square of its norm, of which the coordinates hold a part.
    pub(super) wholes: Vec<f64>,
}

impl Coordinates {
    fn joined(parts: Vec<Self>) -> Self {
        let (mut values, mut wholes) = (Vec::new(), Vec::new());
        for part in parts {
            values.extend(part.values);
            wholes.extend(part.wholes);
        }
        Self { values, wholes }
    }
}

/// The coordinates of all neurons in bytes, with what is proven of them.
fn make(copy: &Copy8, directions: &Directions, level: Level, go_on: &GoOn<'_>) -> Result<Copy8, Error> {
    let panels = Copy8::panels_of(copy.neurons());
    let blocks = blocks_of(directions);
    let rows = spare_rows(blocks.largest_chunk());
    let jobs: Vec<Range<usize>> =
        (0..panels).step_by(PANELS).map(|first| first..panels.min(first + PANELS)).collect();
    let mut store = Store::in_memory(panels * blocks.steps())?;
    let mut taking = Taking::new(&blocks, panels * PANEL);
    let mut beside = Vec::with_capacity(panels * PANEL);
    let margin = directions.margin() + rounding(blocks.count()) * 1.01;
    let wave = 4 * rayon::current_num_threads();
    for wave_of in jobs.chunks(wave) {
        let done: Vec<Job> = wave_of
            .par_iter()
            .map(|panels| Job::new(copy, directions, panels, margin, &rows, level, go_on))
            .collect();
        go_on.check()?;
        for (job, own) in done.into_iter().zip(wave_of) {
            for (block, (steps, values)) in job.blocks.into_iter().enumerate() {
                let start = blocks.place(block, own.start, panels).start;
                store.steps_mut()[start..start + steps.len()].copy_from_slice(&steps);
                taking.take(block, blocks.stage(block), own.start * PANEL, &values);
            }
            beside.extend(job.beside);
        }
    }
    Ok(Copy8::of_parts(copy.neurons(), blocks, store, taking.finish_beside(&beside)))
}

/// Blocks of coordinates, which take the place of tokens.
fn blocks_of(directions: &Directions) -> TokenBlocks {
    TokenBlocks::new(directions.count(), COORDINATE_BLOCK)
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
        margin: f64,
        rows: &Spare<Rows>,
        level: Level,
        go_on: &GoOn<'_>,
    ) -> Self {
        let coordinates = directions.coordinates(copy, &panels.clone().collect::<Vec<_>>(), level, go_on);
        let (count, neurons) = (directions.count(), panels.len() * PANEL);
        let columns = Columns::of_columns(&coordinates.values, count, neurons);
        let standards = vec![Standard { shift: 0.0, offset: 0.0, scale: 1.0 }; neurons];
        #[expect(clippy::cast_possible_truncation, reason = "a few thousand directions")]
        let order: Vec<u32> = (0..count as u32).collect();
        let blocks = blocks_of(directions);
        // Every block is a chunk.
        let of_chunk = |tokens: &Range<usize>| {
            let tokens = &order[tokens.clone()];
            let mut steps = vec![[0; PANEL]; panels.len() * TokenBlocks::steps_of(tokens.len())];
            let all = 0..tokens.len();
            let chunk = Chunk { tokens, turned: None, blocks: std::slice::from_ref(&all) };
            let kept = quantize(&columns, &standards, &chunk, level, go_on, rows, vec![&mut steps]);
            (steps, kept.into_iter().flatten().collect())
        };
        let blocks = blocks.chunks().iter().map(of_chunk).collect();
        let lost = &copy.norms(copy.blocks() - 1).lost[panels.start * PANEL..];
        let of_neuron = |((values, &whole), &lost): ((&[f64], &f64), &f32)| {
            if whole == 0.0 {
                return Beside { inverse: 1.0, residual: 0.0, lost: 0.0 };
            }
            let own: f64 = values.iter().map(|value| value * value).sum();
            // Norms were rounded up, so a difference of squares is not below; the margin holds what coordinates are off by.
            let residual = (whole - own).max(0.0) + margin;
            Beside { inverse: 1.0, residual, lost: f64::from(lost) + super::sample::SHARES + 2.0 * FLOOR }
        };
        let neurons = coordinates.values.chunks(count.max(1)).zip(&coordinates.wholes).zip(lost);
        Self { blocks, beside: neurons.map(of_neuron).collect() }
    }
}
