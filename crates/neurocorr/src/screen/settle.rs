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
use std::ops::Range;

/// Pairs of one first neuron that are summed side by side: the additions of one pair wait for one another.
const ABREAST: usize = 4;

/// Pairs that a thread takes at a time.
const PAIRS: usize = 1_024;

/// How many blocks of tokens are in work at a time, each by a thread of its own as far as there are enough, and how many tokens of each.
/// The lines of all take about a twenty-fifth of a byte a value.
fn in_work(tokens: usize) -> (usize, usize) {
    const MOST: usize = 128;
    let all = tokens / 200;
    let blocks = (2 * all / MOST).clamp(1, rayon::current_num_threads());
    let part = (all / blocks).clamp(32, MOST);
    // Whole lanes, dividing a block.
    (blocks, 1 << part.ilog2())
}

/// Bytes that each neuron takes.
pub(super) fn neuron_bytes(tokens: usize) -> usize {
    let (blocks, part) = in_work(tokens);
    blocks * ((part + LANES) * size_of::<f64>() + size_of::<TreeSum>()) + size_of::<f64>()
}

/// Bytes that each candidate takes.
pub(super) fn pair_bytes(tokens: usize) -> usize {
    in_work(tokens).0 * size_of::<TreeSum>() + size_of::<f64>()
}

/// The defined correlation of each candidate, in one pass over the tokens, whatever the number of pairs. Threads take a block of tokens
/// each: a part of it is turned into lines, which stay in the thread's own cache, and then added to the sums of every candidate. Where there
/// are more threads than blocks in work they share the neurons of a part, and then its pairs.
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
    let (together, part) = in_work(columns.tokens());
    let new = || Block::new(&groups, &places, candidates, part);
    let mut blocks: Vec<Block<'_>> =
        (0..together.min(columns.tokens().div_ceil(TOKEN_BLOCK))).map(|_| new()).collect();
    let (mut products, mut squares) = (vec![0.0; candidates.len()], vec![0.0; involved.len()]);
    for start in (0..columns.tokens()).step_by(blocks.len().max(1) * TOKEN_BLOCK) {
        let starts = (start..columns.tokens()).step_by(TOKEN_BLOCK);
        let work: Vec<_> = blocks.iter_mut().zip(starts).collect();
        let done = work.len();
        work.into_par_iter().for_each(|(block, start)| {
            block.sum(columns, start..columns.tokens().min(start + TOKEN_BLOCK), level, go_on);
        });
        go_on.check()?;
        for block in blocks.iter().take(done) {
            let add = |sums: &mut [f64], of_block: &[TreeSum]| {
                sums.par_iter_mut()
                    .zip(of_block)
                    .with_min_len(PAIRS)
                    .for_each(|(sum, own)| *sum += own.value());
            };
            add(&mut products, &block.products);
            add(&mut squares, &block.squares);
        }
    }
    let value = |(candidate, &product): (&Candidate, &f64)| {
        let [first, second] =
            [candidate.first, candidate.second].map(|neuron| squares[places[neuron as usize] as usize]);
        quotient(product, first, second)
    };
    Ok(candidates.par_iter().zip(&products).map(value).collect())
}

/// A block of tokens: its sums, and the lines of the part that is in work.
struct Block<'a> {
    groups: &'a [Group<'a>],
    /// By neuron: its place among the lines.
    places: &'a [u32],
    candidates: &'a [Candidate],
    part: usize,
    lines: Vec<f64>,
    products: Vec<TreeSum>,
    squares: Vec<TreeSum>,
}

impl<'a> Block<'a> {
    fn new(groups: &'a [Group<'a>], places: &'a [u32], candidates: &'a [Candidate], part: usize) -> Self {
        let neurons = groups.iter().map(Group::len).sum();
        let (products, squares) = (vec![TreeSum::ZERO; candidates.len()], vec![TreeSum::ZERO; neurons]);
        let lines = vec![0.0; neurons * Self::stride(part)];
        Self { groups, places, candidates, part, lines, products, squares }
    }

    /// From line to line: a whole number of kilobytes would make them fall on the same few sets of the caches.
    fn stride(part: usize) -> usize {
        part + LANES
    }

    /// Sums the products of one block, part after part. After a break of `go_on` the sums are those of nothing.
    fn sum<T: Float>(&mut self, columns: &Columns<'_, T>, block: Range<usize>, level: Level, go_on: &GoOn<'_>) {
        let Self { groups, places, candidates, part, lines, products, squares } = self;
        let (each, stride) = (bunch(groups.len()), Self::stride(*part));
        products.fill(TreeSum::ZERO);
        squares.fill(TreeSum::ZERO);
        for start in block.clone().step_by(*part) {
            let tokens = start..block.end.min(start + *part);
            let bunches = groups.par_chunks(each).zip(lines.par_chunks_mut(each * LINES * stride));
            bunches.zip(squares.par_chunks_mut(each * LINES)).for_each(|((groups, lines), squares)| {
                if go_on.is_broken() {
                    return;
                }
                standardized_lines(columns, &tokens, groups, level, lines, stride);
                level.run(AddSquares { squares, lines, stride, tokens: tokens.len() });
            });
            let line = |neuron: u32| &lines[places[neuron as usize] as usize * stride..][..tokens.len()];
            products.par_chunks_mut(PAIRS).zip(candidates.par_chunks(PAIRS)).for_each(
                |(products, candidates)| {
                    if !go_on.is_broken() {
                        level.run(AddPairs { candidates, products, line });
                    }
                },
            );
            if go_on.was_broken() {
                return;
            }
        }
    }
}

struct AddSquares<'a> {
    squares: &'a mut [TreeSum],
    lines: &'a [f64],
    stride: usize,
    tokens: usize,
}

impl Work for AddSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (square, line) in self.squares.iter_mut().zip(self.lines.chunks(self.stride)) {
            let line = &line[..self.tokens];
            square.add_products(line, line);
        }
    }
}

struct AddPairs<'a, L> {
    candidates: &'a [Candidate],
    products: &'a mut [TreeSum],
    line: L,
}

impl<'l, L: Fn(u32) -> &'l [f64]> Work for AddPairs<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { candidates, mut products, line } = self;
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Moments, NonFinite, pair_correlation};

    #[test]
    fn a_pair_has_the_bits_of_its_definition_however_many_blocks_of_tokens_and_threads_are_in_work() {
        let (tokens, neurons) = (38_501, 9);
        let values = testkit::activations(tokens, neurons, 3, 5);
        let columns = Columns::row_major(&values, tokens, neurons).unwrap();
        let standards = Moments::of(&columns).standards(NonFinite::Error).unwrap();
        let candidates: Vec<Candidate> = (0..9)
            .flat_map(|first| (first + 1..9).map(move |second| (first, second)))
            .map(|(first, second)| Candidate { first, second, near: 0.0, within: 0.0 })
            .collect();
        let column = |neuron: u32| columns.neuron(neuron as usize).collect::<Vec<_>>();
        let defined =
            |pair: &Candidate| pair_correlation(&column(pair.first), &column(pair.second)).unwrap().to_bits();
        let expected: Vec<u64> = candidates.iter().map(defined).collect();
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| in_work(tokens).0), threads.min(3));
            for level in Level::available() {
                let settled =
                    pool.install(|| settle(&columns, &standards, &candidates, level, &GoOn::always())).unwrap();
                let bits: Vec<u64> = settled.into_iter().map(f64::to_bits).collect();
                assert!(bits == expected, "{threads} threads, {}", level.name());
            }
        }
    }

    #[test]
    fn lines_in_work_take_a_twenty_fifth_of_a_byte_a_value_and_never_less_than_32_tokens() {
        for tokens in [2, 1_000, 10_000, 30_000, 1_000_000] {
            let (blocks, part) = in_work(tokens);
            assert!(TOKEN_BLOCK.is_multiple_of(part) && part.is_multiple_of(LANES));
            assert!(part == 32 || 25 * blocks * part * size_of::<f64>() <= tokens, "{tokens}");
        }
    }
}
