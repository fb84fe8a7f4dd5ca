//! The defined correlations of candidate pairs, by one pass over the tokens for all of them.

use super::tile::Candidate;
use crate::go_on::GoOn;
use crate::level::{Level, Work};
use crate::moments::Standard;
use crate::pair::quotient;
use crate::sums::{LANES, TreeSum};
use crate::turn::{Group, LINES, bunch, standardized_lines};
use crate::{Columns, Error, Float, TOKEN_BLOCK};
use rayon::prelude::*;

/// Pairs of one first neuron that are summed side by side: the additions of one pair wait for one another.
const ABREAST: usize = 4;

/// Pairs that a thread takes at a time.
const PAIRS: usize = 1_024;

/// Tokens of the centred columns that are in work at a time: whole lanes, dividing a block.
pub(super) fn part(tokens: usize) -> usize {
    // About a twenty-fifth of a byte a value.
    (tokens / 320).next_power_of_two().clamp(32, TOKEN_BLOCK)
}

/// Bytes that each neuron takes.
pub(super) fn neuron_bytes(tokens: usize) -> usize {
    (part(tokens) + LANES) * size_of::<f64>() + size_of::<TreeSum>()
}

/// Bytes that each candidate takes.
pub(super) const PAIR_BYTES: usize = size_of::<TreeSum>();

/// The defined correlation of each candidate, in one pass over the tokens, whatever the number of pairs: for a few tokens at a
/// time the threads share the neurons out, to turn them into lines, and then the pairs.
///
/// # Errors
/// [`Error::Cancelled`] after a break of `go_on`.
pub(super) fn settle<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    candidates: &[Candidate],
    level: Level,
    go_on: &GoOn<'_>,
) -> Result<Vec<f64>, Error> {
    let mut places = vec![u32::MAX; standards.len()];
    for candidate in candidates {
        places[candidate.first as usize] = 0;
        places[candidate.second as usize] = 0;
    }
    // Where most neurons are wanted it is quicker to take all that lie side by side.
    for group in places.chunks_mut(LINES) {
        if 2 * group.iter().filter(|&&place| place == 0).count() > group.len() {
            group.fill(0);
        }
    }
    let involved: Vec<usize> = (0..standards.len()).filter(|&neuron| places[neuron] == 0).collect();
    #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
    involved.iter().enumerate().for_each(|(at, &neuron)| places[neuron] = at as u32);

    let groups = Group::all(&involved, standards);
    let each = bunch(groups.len());
    let part = part(columns.tokens());
    // Lines that are whole kilobytes apart would fall on the same few sets of the caches.
    let stride = part + LANES;
    let mut lines = vec![0.0; involved.len() * stride];
    let mut products = vec![TreeSum::ZERO; candidates.len()];
    let mut squares = vec![TreeSum::ZERO; involved.len()];
    for start in (0..columns.tokens()).step_by(part) {
        let tokens = start..columns.tokens().min(start + part);
        let ends_block = tokens.end.is_multiple_of(TOKEN_BLOCK);
        let bunches = groups.par_chunks(each).zip(lines.par_chunks_mut(each * LINES * stride));
        bunches.zip(squares.par_chunks_mut(each * LINES)).for_each(|((groups, lines), squares)| {
            if go_on.is_broken() {
                return;
            }
            standardized_lines(columns, &tokens, groups, level, lines, stride);
            level.run(AddSquares { squares, lines, stride, tokens: tokens.len(), ends_block });
        });
        go_on.check()?;
        let line = |neuron: u32| &lines[places[neuron as usize] as usize * stride..][..tokens.len()];
        products.par_chunks_mut(PAIRS).zip(candidates.par_chunks(PAIRS)).for_each(|(products, candidates)| {
            if go_on.is_broken() {
                return;
            }
            level.run(AddPairs { candidates, products, line, ends_block });
        });
        go_on.check()?;
    }
    let value = |(candidate, product): (&Candidate, &TreeSum)| {
        let [first, second] =
            [candidate.first, candidate.second].map(|neuron| squares[places[neuron as usize] as usize]);
        quotient(product.value(), first.value(), second.value())
    };
    Ok(candidates.par_iter().zip(&products).map(value).collect())
}

struct AddSquares<'a> {
    squares: &'a mut [TreeSum],
    lines: &'a [f64],
    stride: usize,
    tokens: usize,
    ends_block: bool,
}

impl Work for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (square, line) in self.squares.iter_mut().zip(self.lines.chunks(self.stride)) {
            let line = &line[..self.tokens];
            square.add_products(line, line);
            if self.ends_block {
                square.close_block();
            }
        }
    }
}

struct AddPairs<'a, L> {
    candidates: &'a [Candidate],
    products: &'a mut [TreeSum],
    line: L,
    ends_block: bool,
}

impl<'l, L: Fn(u32) -> &'l [f64]> Work for AddPairs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { candidates, mut products, line, ends_block } = self;
        for run in candidates.chunk_by(|a, b| a.first == b.first) {
            let first = run.first().map_or(&[][..], |candidate| line(candidate.first));
            let (own, after) = products.split_at_mut(run.len());
            products = after;
            let (fours, rest) = run.as_chunks::<ABREAST>();
            let (sums, sums_rest) = own.as_chunks_mut::<ABREAST>();
            for (four, sums) in fours.iter().zip(sums) {
                TreeSum::add_products_abreast(sums, first, four.map(|candidate| line(candidate.second)));
            }
            for (candidate, sum) in rest.iter().zip(sums_rest) {
                sum.add_products(first, line(candidate.second));
            }
            if ends_block {
                own.iter_mut().for_each(TreeSum::close_block);
            }
        }
    }
}
