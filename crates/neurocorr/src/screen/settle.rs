//! The defined correlations of candidate pairs, by one pass over the tokens for all of them.

use super::tile::Candidate;
use crate::level::{Level, Work};
use crate::moments::Standard;
use crate::pair::quotient;
use crate::sums::{LANES, TreeSum};
use crate::turn::{LINES, standardized_lines};
use crate::{Columns, Float, TOKEN_BLOCK};
use rayon::prelude::*;

/// Pairs of one first neuron that are summed side by side: the additions of one pair wait for one another.
const ABREAST: usize = 4;

/// Tokens of the centred columns that a thread has in work at a time: whole lanes, dividing a block.
pub(super) fn part(tokens: usize) -> usize {
    // In all threads together about a twenty-fifth of a byte a value.
    (tokens / 320 / rayon::current_num_threads()).next_power_of_two().clamp(32, TOKEN_BLOCK)
}

/// Bytes that each neuron takes in each thread.
pub(super) fn neuron_bytes(tokens: usize) -> usize {
    (part(tokens) + LANES) * size_of::<f64>() + size_of::<TreeSum>() + size_of::<f64>()
}

/// Bytes that each candidate takes in each thread.
pub(super) const PAIR_BYTES: usize = size_of::<TreeSum>() + size_of::<f64>();

/// The defined correlation of each candidate. Every thread takes a block of tokens, and the sums of blocks are added in
/// order: one pass over the tokens, whatever the number of pairs.
pub(super) fn settle<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    candidates: &[Candidate],
    level: Level,
) -> Vec<f64> {
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
    let work = Blocks { columns, standards, candidates, involved, places, level };

    let (mut products, mut squares) = (vec![0.0; candidates.len()], vec![0.0; work.involved.len()]);
    let blocks: Vec<usize> = (0..columns.tokens().div_ceil(TOKEN_BLOCK)).collect();
    let mut memory: Vec<Block> = (0..rayon::current_num_threads()).map(|_| Block::default()).collect();
    for wave in blocks.chunks(memory.len()) {
        memory.par_iter_mut().zip(wave).for_each(|(memory, &block)| work.sum(block, memory));
        for memory in &memory[..wave.len()] {
            let add = |(sum, block): (&mut f64, &TreeSum)| *sum += block.value();
            products.par_iter_mut().zip(&memory.products).for_each(add);
            squares.par_iter_mut().zip(&memory.squares).for_each(add);
        }
    }
    let value = |(candidate, &product): (&Candidate, &f64)| {
        let [first, second] =
            [candidate.first, candidate.second].map(|neuron| squares[work.places[neuron as usize] as usize]);
        quotient(product, first, second)
    };
    candidates.par_iter().zip(&products).map(value).collect()
}

/// What all blocks of tokens have in common.
struct Blocks<'a, 'b, T> {
    columns: &'a Columns<'b, T>,
    standards: &'a [Standard],
    candidates: &'a [Candidate],
    /// The neurons of the candidates, ascending.
    involved: Vec<usize>,
    /// By neuron: its place among those.
    places: Vec<u32>,
    level: Level,
}

/// One thread's block of tokens.
#[derive(Default)]
struct Block {
    lines: Vec<f64>,
    products: Vec<TreeSum>,
    squares: Vec<TreeSum>,
}

impl<T: Float> Blocks<'_, '_, T> {
    /// The sums of one block, for all candidates and their neurons.
    fn sum(&self, block: usize, memory: &mut Block) {
        let Block { lines, products, squares } = memory;
        let part = part(self.columns.tokens());
        // Lines that are whole kilobytes apart would fall on the same few sets of the caches.
        let stride = part + LANES;
        lines.resize(self.involved.len() * stride, 0.0);
        products.clear();
        products.resize(self.candidates.len(), TreeSum::ZERO);
        squares.clear();
        squares.resize(self.involved.len(), TreeSum::ZERO);
        let end = self.columns.tokens().min((block + 1) * TOKEN_BLOCK);
        for start in (block * TOKEN_BLOCK..end).step_by(part) {
            let tokens = start..end.min(start + part);
            let Self { columns, standards, level, .. } = *self;
            let jobs = self.involved.chunks(LINES).zip(lines.chunks_mut(LINES * stride));
            for ((neurons, lines), squares) in jobs.zip(squares.chunks_mut(LINES)) {
                standardized_lines(columns, &tokens, neurons, standards, level, lines, stride);
                level.run(AddSquares { squares, lines, stride, tokens: tokens.len() });
            }
            let line = |neuron: u32| &lines[self.places[neuron as usize] as usize * stride..][..tokens.len()];
            level.run(AddPairs { candidates: self.candidates, products, line });
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
