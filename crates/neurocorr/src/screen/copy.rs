//! The int8 copy of a matrix and all that its bounds need.

use super::block::TokenBlocks;
use super::bound::{Norms, Stages};
use super::quantize::{quantize_block, spare_rows};
use super::tile::side;
use crate::go_on::GoOn;
use crate::kernels::{PANEL, Step};
use crate::level::Level;
use crate::moments::Standard;
use crate::store::Store;
use crate::{Columns, Error, Float};

/// One byte a value, in blocks of tokens, in a block by panels of 48 neurons.
#[derive(Debug)]
pub(super) struct Copy8 {
    neurons: usize,
    /// Panels of neurons, the last filled up with zeros.
    panels: usize,
    blocks: TokenBlocks,
    store: Store,
    stages: Stages,
}

impl Copy8 {
    /// Panels that so many neurons take.
    pub(super) fn panels_of(neurons: usize) -> usize {
        neurons.div_ceil(PANEL)
    }

    /// Quantises all tokens in the given order, adding every block to what is done. `store` must have room for them.
    pub(super) fn new<T: Float>(
        columns: &Columns<'_, T>,
        standards: &[Standard],
        order: &[u32],
        blocks: TokenBlocks,
        mut store: Store,
        level: Level,
        go_on: &GoOn<'_>,
    ) -> Result<Self, Error> {
        let (neurons, panels) = (columns.neurons(), Self::panels_of(columns.neurons()));
        let mut kept = Vec::with_capacity(blocks.count());
        let rows = spare_rows(blocks.tokens(0).len(), neurons);
        let mut rest = store.steps_mut();
        for block in 0..blocks.count() {
            let tokens = &order[blocks.tokens(block)];
            let (steps, after) = rest.split_at_mut(panels * TokenBlocks::steps_of(tokens.len()));
            rest = after;
            kept.push(quantize_block(columns, standards, tokens, level, go_on, &rows, steps));
            go_on.add(1);
            go_on.check()?;
        }
        Ok(Self { neurons, panels, blocks, store, stages: Stages::new(&kept) })
    }

    /// From parts: `store` must hold the blocks of all panels, `stages` must be theirs.
    pub(super) fn of_parts(neurons: usize, blocks: TokenBlocks, store: Store, stages: Stages) -> Self {
        Self { neurons, panels: Self::panels_of(neurons), blocks, store, stages }
    }

    pub(super) fn neurons(&self) -> usize {
        self.neurons
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks.count()
    }

    /// Tokens of all blocks together.
    pub(super) fn tokens(&self) -> usize {
        (0..self.blocks()).map(|block| self.blocks.tokens(block).len()).sum()
    }

    pub(super) fn steps(&self, block: usize) -> usize {
        TokenBlocks::steps_of(self.blocks.tokens(block).len())
    }

    /// The bytes of one panel in one block; none beyond the last panel or block.
    pub(super) fn panel(&self, block: usize, panel: usize) -> &[Step] {
        if panel >= self.panels || block >= self.blocks() {
            return &[];
        }
        self.store.steps().get(self.blocks.place(block, panel, self.panels)).unwrap_or_default()
    }

    pub(super) fn scales(&self, block: usize) -> &[f32] {
        &self.stages.scales[block]
    }

    pub(super) fn offsets(&self, block: usize) -> &[i32] {
        &self.stages.offsets[block]
    }

    pub(super) fn norms(&self, block: usize) -> &Norms {
        &self.stages.norms[block]
    }

    /// What f32 can add to a sum over all blocks.
    pub(super) fn rounding(&self) -> f64 {
        self.stages.rounding
    }

    pub(super) fn in_file(&self) -> bool {
        self.store.in_file()
    }

    /// The same floor for every neuron, to whole panels.
    pub(super) fn floors(&self, floor: f32) -> Vec<f32> {
        vec![floor; self.panels * PANEL]
    }

    /// Every neuron in a group of its own, to whole panels.
    pub(super) fn groups(&self) -> Vec<u32> {
        #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
        (0..(self.panels * PANEL) as u32).collect()
    }

    /// Whether some pair of a tile can be let go after this block: the rest alone must not reach the floors.
    pub(super) fn may_decide(&self, block: usize, tile: (usize, usize), floors: &[f32]) -> bool {
        let rest = &self.norms(block).rest;
        let least = |index| rest[side(index, self.neurons)].iter().copied().fold(f32::INFINITY, f32::min);
        let most = |index| floors[side(index, self.neurons)].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        least(tile.0) * least(tile.1) < most(tile.0).min(most(tile.1))
    }
}
