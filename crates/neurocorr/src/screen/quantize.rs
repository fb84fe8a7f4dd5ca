//! The int8 copy: each neuron of each token block rounded to whole multiples of a scale of its own, with the norms of what
//! was kept, of what was lost, and of the whole.

use super::block::TokenBlocks;
use super::haar::{GROUP, Haar};
use crate::go_on::GoOn;
use crate::kernels::{PANEL, STEP, Step, largest_byte, prefetch};
use crate::level::{Level, Work};
use crate::moments::{Standard, Standards};
use crate::spare::Spare;
use crate::{Columns, Float, Order, Precision};
use rayon::prelude::*;
use std::ops::Range;

/// What taking centred values to `f32`, and sums of squares of them in `f32`, adds to the distance of a correlation from that of the values
/// as they were (`NOTE.md`).
pub(super) const ERROR: f64 = 80.0 * (f32::EPSILON / 2.0) as f64;

/// A deviation below this is taken for 0 (and counted as lost): one over it would leave `f32`.
const TINY: f32 = 1e-30;

/// Panels of a job: the longer the pieces of rows that are read together, the fewer pages are looked up.
const PANELS: usize = 2;

/// Rows that are asked for ahead: they come in no order that the processor could guess.
const AHEAD: usize = 8;

/// Adding it rounds a number below 2^21 to a whole one, to nearest and ties to even, which its lowest bits then hold.
const ROUND: f32 = 12_582_912.0;

/// What the square of a number that is not 0 may lose where `f32` has no smaller numbers (2^-148).
const VANISHED: f64 = f64::from_bits((1023 - 148) << 52);

/// Rows whose squares are added in `f32`: those of bytes exactly.
const RUN: usize = 64;

const _: () = assert!(RUN.is_multiple_of(STEP) && RUN * 127 * 127 < 1 << 24);

/// What is known of one neuron in one block of tokens, in units of its centred values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// A byte stands for this.
    pub(super) scale: f32,
    /// Σ q.
    pub(super) sum: f64,
    /// Σ (scale · q)².
    pub(super) kept: f64,
    /// Σ (value − scale · q)².
    pub(super) lost: f64,
    /// Σ value².
    pub(super) whole: f64,
}

/// Centred rows of some tokens of a job's neurons, or what is made of them, panel after panel.
pub(super) type Rows = Vec<[f32; PANEL]>;

/// Memory for the rows of so many tokens, in every thread.
pub(super) fn spare_rows(tokens: usize) -> Spare<Rows> {
    Spare::new(|| Vec::with_capacity(PANELS * tokens))
}

/// Bytes of that in one thread.
pub(super) fn rows_bytes(tokens: usize) -> u64 {
    (tokens as u64).saturating_mul((PANELS * size_of::<[f32; PANEL]>()) as u64)
}

/// Tokens that are made into bytes together.
pub(super) struct Chunk<'a> {
    pub(super) tokens: &'a [u32],
    /// The order of its rows, where groups of tokens are transformed.
    pub(super) turned: Option<&'a [u32]>,
    /// Places of the rows of each block in that order, or among the tokens.
    pub(super) blocks: &'a [Range<usize>],
}

/// Some panels of a chunk.
struct Job<'a> {
    /// By block.
    steps: Vec<&'a mut [Step]>,
    /// By block, then neuron.
    kept: Vec<&'a mut [Kept]>,
}

/// Quantises the rows of one chunk into the `steps` of its blocks, panel after panel; by block what is known of each neuron. After a
/// break of `go_on` panels were left out.
pub(super) fn quantize<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    chunk: &Chunk<'_>,
    level: Level,
    go_on: &GoOn<'_>,
    spare: &Spare<Rows>,
    steps: Vec<&mut [Step]>,
) -> Vec<Vec<Kept>> {
    let panels = standards.len().div_ceil(PANEL);
    let mut kept = vec![vec![Kept::default(); panels * PANEL]; chunk.blocks.len()];
    let mut jobs: Vec<Job<'_>> = Vec::new();
    jobs.resize_with(panels.div_ceil(PANELS), || Job { steps: Vec::new(), kept: Vec::new() });
    for ((steps, kept), block) in steps.into_iter().zip(&mut kept).zip(chunk.blocks) {
        let each = TokenBlocks::steps_of(block.len()).max(1);
        let parts = steps.chunks_mut(PANELS * each).zip(kept.chunks_mut(PANELS * PANEL));
        for (job, (steps, kept)) in jobs.iter_mut().zip(parts) {
            job.steps.push(steps);
            job.kept.push(kept);
        }
    }
    let largest = f32::from(largest_byte(level));
    let jobs = jobs.into_par_iter().zip(standards.par_chunks(PANELS * PANEL)).enumerate();
    jobs.for_each(|(at, (job, standards))| {
        if go_on.is_broken() {
            return;
        }
        let mut rows = spare.take();
        level.run(Gather { columns, first: at * PANELS * PANEL, standards, chunk, rows: &mut rows });
        for ((steps, kept), block) in job.steps.into_iter().zip(job.kept).zip(chunk.blocks) {
            let each = TokenBlocks::steps_of(block.len()).max(1);
            let panels = rows.chunks(chunk.tokens.len().max(1));
            for (rows, (steps, kept)) in panels.zip(steps.chunks_mut(each).zip(kept.chunks_mut(PANEL))) {
                match chunk.turned {
                    None => {
                        let (count, pick) = (block.len(), |at: usize| block.start + at);
                        level.run(Quantize { rows, count, pick, largest, steps, kept });
                    }
                    Some(turned) => {
                        let own = &turned[block.clone()];
                        let (count, pick) = (own.len(), |at: usize| own[at] as usize);
                        level.run(Quantize { rows, count, pick, largest, steps, kept });
                    }
                }
            }
        }
    });
    kept
}

/// Centred values of some neurons, panel after panel, in a panel a row for each token of a chunk; groups of them transformed where the
/// chunk's are. Neurons that are not there are 0.
struct Gather<'a, 'b, T> {
    columns: &'a Columns<'b, T>,
    first: usize,
    standards: &'a [Standard],
    chunk: &'a Chunk<'a>,
    rows: &'a mut Rows,
}

impl<T: Float> Work for Gather<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, first, standards: all, chunk, rows } = self;
        let tokens = chunk.tokens.len();
        let standards: Vec<Standards<PANEL>> = all.chunks(PANEL).map(Standards::of).collect();
        rows.resize(standards.len() * tokens, [0.0; PANEL]);
        let neurons = first..first + all.len();
        for start in (0..tokens).step_by(GROUP) {
            let own = start..tokens.min(start + GROUP);
            match columns.order() {
                Order::RowMajor => {
                    for place in own.clone() {
                        if let Some(&ahead) = chunk.tokens.get(place + AHEAD) {
                            prefetch(columns.row(ahead as usize, &neurons));
                        }
                        let row = columns.row(chunk.tokens[place] as usize, &neurons).chunks(PANEL);
                        let places = rows.iter_mut().skip(place).step_by(tokens);
                        for ((to, from), standards) in places.zip(row).zip(&standards) {
                            // A length that is not known would be a loop of one value at a time.
                            match from.first_chunk::<PANEL>() {
                                Some(from) => centre(to, from, standards),
                                None => centre(to, &padded(from), standards),
                            }
                        }
                    }
                }
                Order::ColumnMajor => {
                    let every = 0..columns.tokens();
                    // What an earlier job left of neurons that are not there.
                    if !neurons.len().is_multiple_of(PANEL) {
                        let last = (standards.len() - 1) * tokens;
                        rows[last..][own.clone()].fill([0.0; PANEL]);
                    }
                    for (neuron, at) in neurons.clone().zip(0..) {
                        let (panel, lane) = (at / PANEL, at % PANEL);
                        let column = columns.column(neuron, &every);
                        for place in own.clone() {
                            let value = column[chunk.tokens[place] as usize];
                            rows[panel * tokens + place][lane] =
                                f32::of(standards[panel].apply(lane, value.into()));
                        }
                    }
                }
            }
            if chunk.turned.is_some() {
                // A closure would be compiled for the least level.
                for rows in rows.chunks_mut(tokens) {
                    Haar(&mut rows[own.clone()]).run();
                }
            }
        }
    }
}

#[inline(always)]
fn centre<T: Float>(to: &mut [f32; PANEL], from: &[T; PANEL], standards: &Standards<PANEL>) {
    for lane in 0..PANEL {
        to[lane] = f32::of(standards.apply(lane, from[lane].into()));
    }
}

#[inline(always)]
fn padded<T: Float>(from: &[T]) -> [T; PANEL] {
    let mut all = [T::default(); PANEL];
    all[..from.len()].copy_from_slice(from);
    all
}

/// Some rows of one panel.
struct Quantize<'a, P> {
    rows: &'a [[f32; PANEL]],
    count: usize,
    /// Which row comes at a place, of `count`.
    pick: P,
    /// The largest byte.
    largest: f32,
    steps: &'a mut [Step],
    kept: &'a mut [Kept],
}

impl<P: Fn(usize) -> usize> Work for Quantize<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, count, pick, largest, steps, kept } = self;
        let mut peak = [0.0_f32; PANEL];
        for row in (0..count).map(|at| &rows[pick(at)]) {
            for lane in 0..PANEL {
                let size = row[lane].abs();
                peak[lane] = if size > peak[lane] { size } else { peak[lane] };
            }
        }
        let (mut scale, mut inverse) = ([0.0; PANEL], [0.0; PANEL]);
        for lane in 0..PANEL {
            if peak[lane] > TINY {
                (scale[lane], inverse[lane]) = (peak[lane] / largest, largest / peak[lane]);
            }
        }
        let mut all = [[0.0_f64; PANEL]; 4];
        for (start, steps) in (0..count).step_by(RUN).zip(steps.chunks_mut(RUN / STEP)) {
            let mut run = [[0.0_f32; PANEL]; 4];
            let end = count.min(start + RUN);
            for (start, words) in (start..end).step_by(STEP).zip(steps) {
                let mut step = [0; PANEL];
                for (byte, at) in (start..end.min(start + STEP)).enumerate() {
                    let row = &rows[pick(at)];
                    for lane in 0..PANEL {
                        let value = row[lane];
                        let rounded = value * inverse[lane] + ROUND;
                        let q = rounded - ROUND;
                        let rest = value - q * scale[lane];
                        run[0][lane] += q;
                        run[1][lane] += q * q;
                        run[2][lane] += rest * rest;
                        run[3][lane] += value * value;
                        step[lane] |= low_byte(rounded) << (8 * byte);
                    }
                }
                *words = step;
            }
            for (all, run) in all.iter_mut().zip(&run) {
                for lane in 0..PANEL {
                    all[lane] += f64::from(run[lane]);
                }
            }
        }
        let [sums, squares, lost, whole] = all;
        #[expect(clippy::cast_precision_loss, reason = "rows of a block")]
        let vanished = count as f64 * VANISHED;
        for (lane, kept) in kept.iter_mut().enumerate() {
            let scale = scale[lane];
            let vanished = if peak[lane] > 0.0 { vanished } else { 0.0 };
            let kept_squares = f64::from(scale) * f64::from(scale) * squares[lane];
            let (lost, whole) = (lost[lane] + vanished, whole[lane] + vanished);
            *kept = Kept { scale, sum: sums[lane], kept: kept_squares, lost, whole };
        }
    }
}

/// The whole number that adding [`ROUND`] has left in the lowest bits, as a byte.
#[inline(always)]
fn low_byte(rounded: f32) -> u32 {
    rounded.to_bits() & 0xff
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
mod tests {
    use super::*;
    use crate::{Moments, NonFinite};

    #[test]
    fn bytes_and_norms_are_those_of_a_plain_loop_at_every_level_and_in_both_orders() {
        let (tokens, neurons) = (203, 101);
        let mut values = testkit::activations(tokens, neurons, 4, 3);
        values.iter_mut().skip(7).step_by(neurons).for_each(|v| *v = 2.5);
        values[50 * neurons + 9] = 1e9;
        let turned: Vec<f64> = (0..neurons)
            .flat_map(|n| values.iter().skip(n).step_by(neurons).copied().collect::<Vec<_>>())
            .collect();
        let rows = Columns::row_major(&values, tokens, neurons).unwrap();
        let columns = Columns::column_major(&turned, tokens, neurons).unwrap();
        let standards = Moments::of(&rows).standards(NonFinite::Error).unwrap();
        let order: Vec<u32> = (0..tokens as u32).rev().collect();
        let each = TokenBlocks::steps_of(tokens);
        for level in Level::available() {
            let largest = f32::from(largest_byte(level));
            for x in [rows, columns] {
                let mut steps = vec![[0; PANEL]; 3 * each];
                let (always, spare) = (GoOn::always(), spare_rows(0));
                let all = 0..tokens;
                let chunk = Chunk { tokens: &order, turned: None, blocks: std::slice::from_ref(&all) };
                let kept = quantize(&x, &standards, &chunk, level, &always, &spare, vec![&mut steps]);
                let kept = &kept[0];
                for neuron in 0..neurons {
                    let centred: Vec<f32> = order
                        .iter()
                        .map(|&token| standards[neuron].apply(x.get(token as usize, neuron).unwrap()) as f32)
                        .collect();
                    let peak = centred.iter().fold(0.0, |peak: f32, c| peak.max(c.abs()));
                    let scale = peak / largest;
                    let (mut sum, mut lost, mut whole) = (0.0, 0.0, 0.0);
                    for (run, centred) in centred.chunks(RUN).enumerate() {
                        let (mut run_lost, mut run_whole) = (0.0_f32, 0.0_f32);
                        for (at, &c) in centred.iter().enumerate() {
                            let at = run * RUN + at;
                            let word = steps[neuron / PANEL * each + at / STEP][neuron % PANEL];
                            let byte = word.to_le_bytes()[at % STEP].cast_signed();
                            let expected =
                                if peak > 0.0 { (c * (largest / peak)).round_ties_even() } else { 0.0 };
                            assert_eq!(f32::from(byte), expected, "{} {neuron} {at}", level.name());
                            sum += f64::from(expected);
                            run_lost += (c - expected * scale).powi(2);
                            run_whole += c * c;
                        }
                        lost += f64::from(run_lost);
                        whole += f64::from(run_whole);
                    }
                    let vanished = if peak > 0.0 { tokens as f64 * VANISHED } else { 0.0 };
                    (lost, whole) = (lost + vanished, whole + vanished);
                    let k = kept[neuron];
                    assert_eq!((k.scale, k.sum), (scale, sum));
                    assert_eq!((k.lost, k.whole), (lost, whole), "{} {neuron}", level.name());
                }
                assert!(
                    steps.last().unwrap()[40..].iter().all(|&word| word == 0),
                    "neurons that are not there"
                );
            }
        }
    }
}
