//! The int8 copy of a matrix and all that its bounds need.

use super::block::TokenBlocks;
use super::bound::{Norms, Stages, Taking};
use super::plan::Plan;
use super::quantize::{Chunk, quantize, spare_rows};
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

    /// Quantises all tokens of a plan, chunk after chunk. `store` must have room for them.
    pub(super) fn new<T: Float>(
        columns: &Columns<'_, T>,
        standards: &[Standard],
        plan: Plan,
        mut store: Store,
        level: Level,
        go_on: &GoOn<'_>,
    ) -> Result<Self, Error> {
        let (neurons, panels) = (columns.neurons(), Self::panels_of(columns.neurons()));
        let Plan { blocks, order, rows: turned } = plan;
        let mut taking = Taking::new(&blocks, panels * PANEL);
        let spare = spare_rows(blocks.largest_chunk());
        let mut all: Vec<Option<&mut [Step]>> = Vec::with_capacity(blocks.count());
        let mut rest = store.steps_mut();
        for block in 0..blocks.count() {
            let (steps, after) = rest.split_at_mut(panels * blocks.steps_in(block));
            all.push(Some(steps));
            rest = after;
        }
        for (chunk, places) in blocks.chunks().iter().enumerate() {
            let (own, ranges): (Vec<usize>, Vec<_>) = blocks.of_chunk(chunk).unzip();
            let parts: Vec<&mut [Step]> = own.iter().filter_map(|&block| all[block].take()).collect();
            let turned = turned.as_ref().map(|turned| &turned[places.clone()]);
            let chunk = Chunk { tokens: &order[places.clone()], turned, blocks: &ranges };
            for (&block, kept) in
                own.iter().zip(quantize(columns, standards, &chunk, level, go_on, &spare, parts))
            {
                taking.take(block, blocks.stage(block), 0, &kept);
            }
            go_on.add(1);
            go_on.check()?;
        }
        Ok(Self { neurons, panels, blocks, store, stages: taking.finish() })
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
        self.blocks.tokens()
    }

    pub(super) fn steps(&self, block: usize) -> usize {
        self.blocks.steps_in(block)
    }

    /// Steps of the largest block.
    pub(super) fn most_steps(&self) -> usize {
        self.blocks.largest()
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

    /// What is known after the stage of a block.
    pub(super) fn norms(&self, block: usize) -> &Norms {
        &self.stages.norms[self.blocks.stage(block)]
    }

    /// The share of the rows after which what is still to come has less than `part` of a neuron's squares, on average.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn share_before(&self, part: f64) -> f64 {
        let mut steps = 0;
        for block in 0..self.blocks() {
            steps += self.steps(block);
            if !self.blocks.ends_stage(block) {
                continue;
            }
            let Norms { rest, kept, .. } = self.norms(block);
            let varying = || rest.iter().zip(kept).filter(|(rest, kept)| **rest + **kept > 0.0);
            let squares: f64 = varying().map(|(rest, _)| f64::from(*rest).powi(2)).sum();
            if squares < part * varying().count() as f64 {
                break;
            }
        }
        steps as f64 / self.blocks.steps().max(1) as f64
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

    /// Whether some pair of a tile can be let go after this block: a stage must end with it, and the rest alone must not reach the
    /// floors.
    pub(super) fn may_decide(&self, block: usize, tile: (usize, usize), floors: &[f32]) -> bool {
        if !self.blocks.ends_stage(block) {
            return false;
        }
        let rest = &self.norms(block).rest;
        let least = |index| rest[side(index, self.neurons)].iter().copied().fold(f32::INFINITY, f32::min);
        let most = |index| floors[side(index, self.neurons)].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        least(tile.0) * least(tile.1) < most(tile.0).min(most(tile.1))
    }
}
