//! The correlations of some pairs in single products: ten times as many in a second as the defined kernel, within a bound.

use crate::go_on::GoOn;
use crate::level::{Level, Work};
use crate::moments::Standard;
use crate::pair::quotient;
use crate::turn::{Group, LINES, bunch, standardized_lines};
use crate::{Columns, Error, Float};
use rayon::prelude::*;

/// Tokens of a part at most.
const TOKENS: usize = 512;

/// Products that are added in `f32` at most: the bound rests on it.
const _: () = assert!(TOKENS <= 8 * LEAST && LEAST == 4 * LANES);

/// Bytes of lines that are in work at a time, as long as that leaves 64 tokens.
const BYTES: usize = 64 << 20;

/// Neurons of a side of a tile: the lines of both sides stay in a core's second cache.
const SIDE: usize = 160;

/// Pairs that a thread takes at a time.
const PAIRS: usize = 2_048;

/// Tokens of a part are so many or a multiple.
const LEAST: usize = 64;

/// Running sums side by side.
const LANES: usize = 16;

/// The correlation of each pair, within [`ChosenPairs::error_bound_of_single_products`](super::ChosenPairs) of the exact one. Bits depend on how many neurons are asked about at a time, not on the number of threads or the level.
///
/// # Errors
/// [`Error::Cancelled`] after a break of `go_on`.
pub(super) fn correlations<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    pairs: &[(usize, usize)],
    level: Level,
    go_on: &GoOn<'_>,
) -> Result<Vec<f64>, Error> {
    let mut places = vec![usize::MAX; standards.len()];
    for &(first, second) in pairs {
        (places[first], places[second]) = (0, 0);
    }
    let involved: Vec<usize> = (0..places.len()).filter(|&neuron| places[neuron] == 0).collect();
    involved.iter().enumerate().for_each(|(place, &neuron)| places[neuron] = place);
    // Tile by tile.
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    let place = |at: usize| (places[pairs[at].0], places[pairs[at].1]);
    order.sort_by_cached_key(|&at| {
        let (first, second) = place(at);
        (first / SIDE, second / SIDE, first, second)
    });
    let sorted: Vec<(usize, usize)> = order.iter().map(|&at| place(at)).collect();

    let groups = Group::all(&involved, standards);
    let each = bunch(groups.len());
    let part = (BYTES / (size_of::<f32>() * involved.len().max(1)) / LEAST * LEAST).clamp(LEAST, TOKENS);
    // Lines that are whole kilobytes apart would fall on the same few sets of the caches.
    let stride = part + LANES;
    let mut lines = vec![0.0_f32; involved.len() * stride];
    let (mut products, mut squares) = (vec![0.0; pairs.len()], vec![0.0; involved.len()]);
    for start in (0..columns.tokens()).step_by(part) {
        let tokens = start..columns.tokens().min(start + part);
        let bunches = groups.par_chunks(each).zip(lines.par_chunks_mut(each * LINES * stride));
        bunches.zip(squares.par_chunks_mut(each * LINES)).for_each(|((groups, lines), squares)| {
            if go_on.is_broken() {
                return;
            }
            standardized_lines(columns, &tokens, groups, level, lines, stride);
            // The last part is short: what stood behind it does not count.
            lines.chunks_mut(stride).for_each(|line| line[tokens.len()..].fill(0.0));
            level.run(AddSquares { squares, lines, stride });
        });
        let line = |place: usize| &lines[place * stride..][..part];
        products.par_chunks_mut(PAIRS).zip(sorted.par_chunks(PAIRS)).for_each(|(products, pairs)| {
            if !go_on.is_broken() {
                level.run(Add { products, pairs, line });
            }
        });
        go_on.check()?;
    }
    let mut values = vec![0.0; pairs.len()];
    for ((&at, &(first, second)), &product) in order.iter().zip(&sorted).zip(&products) {
        values[at] = quotient(product, squares[first], squares[second]);
    }
    Ok(values)
}

struct AddSquares<'a> {
    squares: &'a mut [f64],
    lines: &'a [f32],
    stride: usize,
}

impl Work for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (square, line) in self.squares.iter_mut().zip(self.lines.chunks(self.stride)) {
            let mut sums = [0.0_f64; LANES];
            for values in line.as_chunks::<LANES>().0 {
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += f64::from(value) * f64::from(value);
                }
            }
            *square += sums.iter().sum::<f64>();
        }
    }
}

struct Add<'a, L> {
    products: &'a mut [f64],
    pairs: &'a [(usize, usize)],
    line: L,
}

impl<'l, L: Fn(usize) -> &'l [f32]> Work for Add<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (product, &(first, second)) in self.products.iter_mut().zip(self.pairs) {
            *product += dot((self.line)(first), (self.line)(second));
        }
    }
}

/// Four times sixteen running sums, then all of them in `f64`.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (a.as_chunks::<LANES>().0.as_chunks::<4>().0, b.as_chunks::<LANES>().0.as_chunks::<4>().0);
    let mut sums = [[0.0_f32; LANES]; 4];
    for (a, b) in a.iter().zip(b) {
        for (sums, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            for lane in 0..LANES {
                sums[lane] += a[lane] * b[lane];
            }
        }
    }
    let mut lanes = [0.0_f64; LANES];
    for sums in sums {
        for (lane, sum) in lanes.iter_mut().zip(sums) {
            *lane += f64::from(sum);
        }
    }
    lanes.iter().sum()
}
