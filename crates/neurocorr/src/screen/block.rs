//! How the tokens of the int8 copy are cut: into chunks, whose rows are made together, into blocks, whose rows share a scale, and
//! into stages, after which pairs are looked at.

use super::haar::GROUP;
use crate::kernels::{MOST_STEPS, STEP};
use std::ops::Range;

/// Whether pairs are looked at after some rows, of which so many were done at the look before: not before a sixteenth of all; between
/// an eighth and a quarter, where most are decided if similar tokens are many, often; then after every sixth part of what is done.
fn is_stage(done: usize, before: usize, all: usize) -> bool {
    let since = done - before;
    let least = if before * 8 < all { 16 } else { 32 };
    since * least >= all && since * 6 >= before
}

/// Tokens among which similar ones are looked for, about.
const SEGMENT: usize = 32_768;

/// The rounds of a chunk end at these parts of its rows.
const ROUNDS: [(usize, usize); 5] = [(1, 16), (1, 8), (1, 4), (1, 2), (1, 1)];

/// Some rows of a chunk, padded to whole steps with zeros.
#[derive(Debug, Clone)]
struct Block {
    /// Places in the order of the chunk's rows.
    rows: Range<usize>,
    /// Steps of all blocks before.
    start: usize,
    stage: usize,
}

/// Blocks in the order in which they are looked at, which is that of memory.
#[derive(Debug, Clone)]
pub(super) struct TokenBlocks {
    tokens: usize,
    /// Tokens of a chunk at most.
    most: usize,
    /// Places in the order of the tokens.
    chunks: Vec<Range<usize>>,
    segments: Vec<Range<usize>>,
    blocks: Vec<Block>,
    /// By chunk: its blocks.
    of_chunks: Vec<Vec<usize>>,
}

impl TokenBlocks {
    /// Blocks of about `each` tokens: at least one step, at most what one call of the kernels takes, whole steps; a chunk each.
    pub(super) fn new(tokens: usize, each: usize) -> Self {
        let each = clamped(each);
        let chunks = (0..tokens).step_by(each).map(|start| start..tokens.min(start + each));
        Self::of_chunks((tokens, each), chunks.collect(), std::iter::once(0..tokens).collect(), &[(1, 1)])
    }

    /// Chunks of twice as many tokens, whole groups, whose rows come in rounds: first some rows of every chunk, then some more of each.
    pub(super) fn in_rounds(tokens: usize, each: usize) -> Self {
        let most = (2 * clamped(each)).next_multiple_of(GROUP);
        let count = tokens.div_ceil(SEGMENT).max(1);
        let of_segment = tokens.div_ceil(count).max(1).next_multiple_of(crate::TOKEN_BLOCK);
        let starts = (0..tokens).step_by(of_segment);
        let segments: Vec<Range<usize>> = starts.map(|start| start..tokens.min(start + of_segment)).collect();
        let mut chunks = Vec::new();
        for segment in &segments {
            for groups in deal(segment.len(), most) {
                let start = chunks.last().map_or(0, |chunk: &Range<usize>| chunk.end);
                chunks.push(start..start + groups.map(|group| group.len()).sum::<usize>());
            }
        }
        Self::of_chunks((tokens, most), chunks, segments, &ROUNDS)
    }

    fn of_chunks(
        (tokens, most): (usize, usize),
        chunks: Vec<Range<usize>>,
        segments: Vec<Range<usize>>,
        rounds: &[(usize, usize)],
    ) -> Self {
        let mut done = vec![0; chunks.len()];
        let mut blocks: Vec<Block> = Vec::new();
        let mut of_chunks = vec![Vec::new(); chunks.len()];
        let (mut start, mut stage, mut all_done, mut before) = (0, 0, 0, 0);
        for &(part, of) in rounds {
            for (chunk, done) in done.iter_mut().enumerate() {
                let all = chunks[chunk].len();
                let end = all.min((all * part).div_ceil(of).next_multiple_of(STEP));
                let rows = *done..end.max(*done);
                if rows.is_empty() {
                    continue;
                }
                if is_stage(all_done, before, tokens) {
                    (stage, before) = (stage + 1, all_done);
                }
                all_done += rows.len();
                *done = rows.end;
                let steps = Self::steps_of(rows.len());
                of_chunks[chunk].push(blocks.len());
                blocks.push(Block { rows, start, stage });
                start += steps;
            }
        }
        Self { tokens, most, chunks, segments, blocks, of_chunks }
    }

    pub(super) fn count(&self) -> usize {
        self.blocks.len()
    }

    /// Places of the tokens of each segment: similar ones are looked for among these.
    pub(super) fn segments(&self) -> &[Range<usize>] {
        &self.segments
    }

    /// Tokens of the largest segment.
    pub(super) fn largest_segment(&self) -> usize {
        self.segments.iter().map(ExactSizeIterator::len).max().unwrap_or(0)
    }

    /// Places of the tokens of each chunk in the order of the tokens.
    pub(super) fn chunks(&self) -> &[Range<usize>] {
        &self.chunks
    }

    /// Tokens of a chunk at most: what [`deal`] is told.
    pub(super) fn most_tokens(&self) -> usize {
        self.most
    }

    /// Tokens of the largest chunk.
    pub(super) fn largest_chunk(&self) -> usize {
        self.chunks.iter().map(ExactSizeIterator::len).max().unwrap_or(0)
    }

    /// Steps of the largest block.
    pub(super) fn largest(&self) -> usize {
        (0..self.count()).map(|block| self.steps_in(block)).max().unwrap_or(0)
    }

    /// A chunk's blocks, and the rows of each.
    pub(super) fn of_chunk(&self, chunk: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
        self.of_chunks[chunk].iter().map(|&block| (block, self.blocks[block].rows.clone()))
    }

    /// The most blocks that a chunk has.
    pub(super) fn most_blocks(&self) -> usize {
        self.of_chunks.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The stage that a block belongs to.
    pub(super) fn stage(&self, block: usize) -> usize {
        self.blocks[block].stage
    }

    pub(super) fn stages(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.stage + 1)
    }

    /// Whether a stage ends with this block.
    pub(super) fn ends_stage(&self, block: usize) -> bool {
        self.blocks.get(block + 1).is_none_or(|next| next.stage > self.blocks[block].stage)
    }

    /// Steps that so many tokens take.
    pub(super) fn steps_of(tokens: usize) -> usize {
        tokens.div_ceil(STEP)
    }

    /// Steps of a block.
    pub(super) fn steps_in(&self, block: usize) -> usize {
        Self::steps_of(self.blocks[block].rows.len())
    }

    /// Steps of one neuron (or panel) in all blocks.
    pub(super) fn steps(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.start + Self::steps_of(block.rows.len()))
    }

    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The steps of one panel in a block, of `panels` panels: blocks lie one after another, in a block panel by panel.
    pub(super) fn place(&self, block: usize, panel: usize, panels: usize) -> Range<usize> {
        let steps = self.steps_in(block);
        let start = self.blocks[block].start * panels + panel * steps;
        start..start + steps
    }
}

fn clamped(each: usize) -> usize {
    each.clamp(STEP, MOST_STEPS * STEP) / STEP * STEP
}

/// Groups of a segment's tokens, dealt to as few chunks of at most `most` tokens as will do, so that each has some of every kind: what
/// is similar lies close together.
pub(super) fn deal(tokens: usize, most: usize) -> impl Iterator<Item = impl Iterator<Item = Range<usize>>> {
    let (groups, chunks) = (tokens.div_ceil(GROUP), tokens.div_ceil(most));
    let group = move |group: usize| group * GROUP..tokens.min((group + 1) * GROUP);
    (0..chunks).map(move |chunk| (chunk..groups).step_by(chunks).map(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_all_panels_and_blocks_fill_the_copy_without_gap_or_overlap_and_chunks_have_every_row_once() {
        let cases = [(1, 4, 1), (10, 4, 3), (8, 4, 2), (9, 1, 2), (2_049, 2_048, 5), (70_000, 1 << 30, 1)];
        for (tokens, each, panels) in cases {
            for blocks in [TokenBlocks::new(tokens, each), TokenBlocks::in_rounds(tokens, each)] {
                let (mut next, mut rows) = (0, 0);
                for block in 0..blocks.count() {
                    rows += blocks.blocks[block].rows.len();
                    for panel in 0..panels {
                        let place = blocks.place(block, panel, panels);
                        assert_eq!(place.start, next);
                        assert!((1..=MOST_STEPS.min(blocks.largest())).contains(&place.len()));
                        next = place.end;
                    }
                }
                assert_eq!((rows, next), (tokens, blocks.steps() * panels));
                assert!(blocks.steps() <= tokens.div_ceil(STEP) + blocks.chunks().len());
                let mut token = 0;
                for (chunk, tokens) in blocks.chunks().iter().enumerate() {
                    assert_eq!(tokens.start, token);
                    token = tokens.end;
                    let mut row = 0;
                    for (_, rows) in blocks.of_chunk(chunk) {
                        assert_eq!(rows.start, row);
                        row = rows.end;
                    }
                    assert_eq!(row, tokens.len());
                }
                assert_eq!(token, tokens);
                assert_eq!(blocks.segments().iter().map(ExactSizeIterator::len).sum::<usize>(), tokens);
                assert!(blocks.ends_stage(blocks.count() - 1) && blocks.stages() <= 24);
            }
        }
    }

    #[test]
    fn no_tokens_make_no_blocks() {
        for blocks in [TokenBlocks::new(0, 2_048), TokenBlocks::in_rounds(0, 2_048)] {
            let sizes =
                (blocks.count(), blocks.stages(), blocks.steps(), blocks.largest(), blocks.largest_chunk());
            assert_eq!(sizes, (0, 0, 0, 0, 0));
            assert!(blocks.segments().iter().all(|segment| segment.is_empty()));
        }
    }

    #[test]
    fn every_group_is_dealt_once_and_no_chunk_is_too_large() {
        for (tokens, most) in [(0, 64), (1, 32), (33, 32), (30_000, 4_096), (32_768, 96)] {
            let mut seen = vec![0; tokens];
            for chunk in deal(tokens, most) {
                let mut length = 0;
                for group in chunk {
                    length += group.len();
                    seen[group].iter_mut().for_each(|seen| *seen += 1);
                }
                assert!((1..=most).contains(&length));
            }
            assert!(seen.iter().all(|&seen| seen == 1));
        }
    }
}
