//! The int8 copy: each neuron of each token block rounded to whole multiples of a scale of its own, with the norms of what
//! was kept, of what was lost, and of the whole.

use super::block::TokenBlocks;
use crate::go_on::GoOn;
use crate::kernels::{PANEL, STEP, Step, prefetch};
use crate::level::{Level, Work};
use crate::moments::{Standard, Standards};
use crate::spare::Spare;
use crate::{Columns, Float, Order};
use rayon::prelude::*;

/// A deviation below this is taken for 0 (and counted as lost): one over it would leave f64.
const TINY: f64 = 1e-150;

/// Panels of a job: the longer the pieces of rows that are read together, the fewer pages are looked up.
const GROUP: usize = 4;

/// Rows that are asked for ahead: they come in no order that the processor could guess.
const AHEAD: usize = 4;

/// The largest byte.
const LARGEST: f64 = 127.0;

/// Adding it rounds a number below 2^51 to a whole one, to nearest and ties to even, which its lowest bits then hold.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// What is known of one neuron in one block of tokens, in units of its centred values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// A byte stands for this.
    pub(super) scale: f64,
    /// Σ q.
    pub(super) sum: f64,
    /// Σ (scale · q)².
    pub(super) kept: f64,
    /// Σ (value − scale · q)².
    pub(super) lost: f64,
    /// Σ value².
    pub(super) whole: f64,
}

/// Rows of some tokens of a job's neurons, panel after panel.
pub(super) type Rows<T> = Vec<[T; PANEL]>;

/// Memory for rows of so many tokens.
pub(super) fn spare_rows<T: Float>(tokens: usize, neurons: usize) -> Spare<Rows<T>> {
    Spare::new(|| Vec::with_capacity(tokens * neurons.div_ceil(PANEL).min(GROUP)))
}

/// Quantises the tokens of one block (in its order) into `steps`, panel after panel; what is known of each neuron. After a break
/// of `go_on` panels were left out.
pub(super) fn quantize_block<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    tokens: &[u32],
    level: Level,
    go_on: &GoOn<'_>,
    rows: &Spare<Rows<T>>,
    steps: &mut [Step],
) -> Vec<Kept> {
    let each = TokenBlocks::steps_of(tokens.len()).max(1);
    let mut kept = vec![Kept::default(); standards.len().div_ceil(PANEL) * PANEL];
    let jobs = steps.par_chunks_mut(GROUP * each).zip(kept.par_chunks_mut(GROUP * PANEL));
    let jobs = jobs.zip(standards.par_chunks(GROUP * PANEL)).enumerate();
    jobs.for_each(|(job, ((steps, kept), standards))| {
        if go_on.is_broken() {
            return;
        }
        let mut rows = rows.take();
        gather(columns, job * GROUP * PANEL, standards.len(), tokens, &mut rows);
        let panels = rows.chunks(tokens.len()).zip(standards.chunks(PANEL));
        let results = steps.chunks_mut(each).zip(kept.chunks_mut(PANEL));
        for ((rows, standards), (steps, kept)) in panels.zip(results) {
            level.run(Quantize { rows, standards, steps, kept });
        }
    });
    kept
}

/// Values of some neurons, panel after panel, in a panel a row for each of `tokens`; missing neurons are 0.
fn gather<T: Float>(
    columns: &Columns<'_, T>,
    first: usize,
    neurons: usize,
    tokens: &[u32],
    rows: &mut Rows<T>,
) {
    rows.resize(neurons.div_ceil(PANEL) * tokens.len(), [T::default(); PANEL]);
    match columns.order() {
        Order::RowMajor => {
            let range = first..first + neurons;
            for (at, &token) in tokens.iter().enumerate() {
                if let Some(&ahead) = tokens.get(at + AHEAD) {
                    prefetch(columns.row(ahead as usize, &range));
                }
                let row = columns.row(token as usize, &range).chunks(PANEL);
                for (to, from) in rows.iter_mut().skip(at).step_by(tokens.len()).zip(row) {
                    // A length that is not known would be a call.
                    match from.first_chunk::<PANEL>() {
                        Some(from) => *to = *from,
                        None => to[..from.len()].copy_from_slice(from),
                    }
                }
            }
        }
        Order::ColumnMajor => {
            let all = 0..columns.tokens();
            for (panel, rows) in rows.chunks_mut(tokens.len()).enumerate() {
                for lane in 0..PANEL.min(neurons - panel * PANEL) {
                    let column = columns.column(first + panel * PANEL + lane, &all);
                    for (to, &token) in rows.iter_mut().zip(tokens) {
                        to[lane] = column[token as usize];
                    }
                }
            }
        }
    }
}

struct Quantize<'a, T> {
    rows: &'a [[T; PANEL]],
    standards: &'a [Standard],
    steps: &'a mut [Step],
    kept: &'a mut [Kept],
}

impl<T: Float> Work for Quantize<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, standards, steps, kept } = self;
        let standards = Standards::<PANEL>::of(standards);
        let centred = |lane: usize, value: f64| standards.apply(lane, value);
        let Some(&first) = rows.first() else { return };
        let (mut low, mut high) = (first, first);
        for row in rows {
            for lane in 0..PANEL {
                low[lane] = if row[lane] < low[lane] { row[lane] } else { low[lane] };
                high[lane] = if row[lane] > high[lane] { row[lane] } else { high[lane] };
            }
        }
        let (mut scale, mut inverse) = ([0.0; PANEL], [0.0; PANEL]);
        for lane in 0..PANEL {
            let peak = centred(lane, low[lane].into()).abs().max(centred(lane, high[lane].into()).abs());
            if peak > TINY {
                (scale[lane], inverse[lane]) = (peak / LARGEST, LARGEST / peak);
            }
        }
        let (mut sum, mut squares) = ([0.0; PANEL], [0.0; PANEL]);
        let (mut lost, mut whole) = ([0.0; PANEL], [0.0; PANEL]);
        for (rows, words) in rows.chunks(STEP).zip(steps) {
            let mut step = [0; PANEL];
            for (byte, row) in rows.iter().enumerate() {
                for lane in 0..PANEL {
                    let value = centred(lane, row[lane].into());
                    let rounded = value * inverse[lane] + ROUND;
                    let q = rounded - ROUND;
                    let rest = value - q * scale[lane];
                    sum[lane] += q;
                    squares[lane] += q * q;
                    lost[lane] += rest * rest;
                    whole[lane] += value * value;
                    step[lane] |= low_byte(rounded) << (8 * byte);
                }
            }
            *words = step;
        }
        for (lane, kept) in kept.iter_mut().enumerate() {
            let scale = scale[lane];
            let (sum, lost, whole) = (sum[lane], lost[lane], whole[lane]);
            *kept = Kept { scale, sum, kept: scale * scale * squares[lane], lost, whole };
        }
    }
}

/// The whole number that adding [`ROUND`] has left in the lowest bits, as a byte.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lowest byte is what is wanted")]
fn low_byte(rounded: f64) -> u32 {
    rounded.to_bits() as u32 & 0xff
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
            for x in [rows, columns] {
                let mut steps = vec![[0; PANEL]; 3 * each];
                let always = GoOn::always();
                let kept =
                    quantize_block(&x, &standards, &order, level, &always, &spare_rows(0, 0), &mut steps);
                for neuron in 0..neurons {
                    let centred: Vec<f64> = order
                        .iter()
                        .map(|&token| standards[neuron].apply(x.get(token as usize, neuron).unwrap()))
                        .collect();
                    let peak = centred.iter().fold(0.0, |peak: f64, c| peak.max(c.abs()));
                    let (mut sum, mut lost, mut whole) = (0.0, 0.0, 0.0);
                    for (at, &c) in centred.iter().enumerate() {
                        let word = steps[neuron / PANEL * each + at / STEP][neuron % PANEL];
                        let byte = word.to_le_bytes()[at % STEP].cast_signed();
                        let expected = if peak > 0.0 { (c * (127.0 / peak)).round_ties_even() } else { 0.0 };
                        assert_eq!(f64::from(byte), expected, "{} {neuron} {at}", level.name());
                        sum += expected;
                        lost += (c - expected * (peak / 127.0)).powi(2);
                        whole += c * c;
                    }
                    let k = kept[neuron];
                    assert_eq!((k.scale, k.sum), (peak / 127.0, sum));
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
