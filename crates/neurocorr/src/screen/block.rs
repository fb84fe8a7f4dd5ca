//! How the tokens of the int8 copy are cut into blocks.

use crate::kernels::{MOST_STEPS, STEP};
use std::ops::Range;

/// Blocks of equally many tokens, the last one shorter; each is padded to whole steps with zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenBlocks {
    tokens: usize,
    each: usize,
}

impl TokenBlocks {
    /// Blocks of about `each` tokens: at least one step, at most what one call of the kernels takes, whole steps.
    pub(super) fn new(tokens: usize, each: usize) -> Self {
        Self { tokens, each: each.clamp(STEP, MOST_STEPS * STEP) / STEP * STEP }
    }

    pub(super) fn count(self) -> usize {
        self.tokens.div_ceil(self.each)
    }

    /// The tokens of a block, as places in the order of the tokens.
    pub(super) fn tokens(self, block: usize) -> Range<usize> {
        block * self.each..((block + 1) * self.each).min(self.tokens)
    }

    /// Steps that so many tokens take.
    pub(super) fn steps_of(tokens: usize) -> usize {
        tokens.div_ceil(STEP)
    }

    /// Steps of one neuron (or panel) in all blocks.
    pub(super) fn steps(self) -> usize {
        Self::steps_of(self.tokens)
    }

    /// The steps of one panel in a block, of `panels` panels: blocks lie one after another, in a block panel by panel.
    pub(super) fn place(self, block: usize, panel: usize, panels: usize) -> Range<usize> {
        let tokens = self.tokens(block);
        let steps = Self::steps_of(tokens.len());
        let start = tokens.start / STEP * panels + panel * steps;
        start..start + steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_all_panels_and_blocks_fill_the_copy_without_gap_or_overlap() {
        for (tokens, each, panels) in
            [(1, 4, 1), (10, 4, 3), (8, 4, 2), (9, 1, 2), (2_049, 2_048, 5), (70_000, 1 << 30, 1)]
        {
            let blocks = TokenBlocks::new(tokens, each);
            let mut next = 0;
            let mut token = 0;
            for block in 0..blocks.count() {
                assert_eq!(blocks.tokens(block).start, token);
                token = blocks.tokens(block).end;
                for panel in 0..panels {
                    let place = blocks.place(block, panel, panels);
                    assert_eq!(place.start, next);
                    assert!(place.len() <= MOST_STEPS);
                    next = place.end;
                }
            }
            assert_eq!((token, next), (tokens, blocks.steps() * panels));
        }
    }
}
