//! The bytes of some neurons, multiplied with those of others: sums in `f64`. After a break of `go_on` blocks were left out.

use super::copy::Copy8;
use super::tile::PANELS;
use crate::go_on::GoOn;
use crate::kernels::{PANEL, ROWS, Right, Step, TO_UNSIGNED, products};
use crate::level::{Level, Work};
use rayon::prelude::*;

/// What taking a neuron's scales in `f32` moves its vector by, relative to its norm.
pub(super) const SHARES: f64 = 1.0 / (1_u64 << 23) as f64;

/// Some neurons, in whole panels of their own.
#[derive(Debug)]
pub(super) struct Sample {
    neurons: usize,
    blocks: Vec<Block>,
}

/// One block of tokens of the sample.
#[derive(Debug)]
struct Block {
    /// Unsigned, panel after panel.
    left: Vec<Step>,
    /// A byte stands for this share of the neuron's norm.
    shares: Vec<f64>,
    /// 128 Σ q.
    offsets: Vec<i32>,
}

/// What a panel is multiplied with the sample as: one block of tokens.
struct Shared<'a> {
    right: Right<'a>,
    shares: &'a [f64],
}

impl Sample {
    pub(super) fn new(copy: &Copy8, neurons: &[usize], go_on: &GoOn<'_>) -> Self {
        let block = |block: usize| {
            let steps = copy.steps(block);
            let panels = neurons.len().div_ceil(PANEL);
            let mut left = vec![[TO_UNSIGNED; PANEL]; panels * steps];
            for (at, &neuron) in neurons.iter().enumerate() {
                if go_on.is_broken() {
                    break;
                }
                let from = copy.panel(block, neuron / PANEL);
                let to = &mut left[at / PANEL * steps..][..steps];
                for (to, from) in to.iter_mut().zip(from) {
                    to[at % PANEL] = from[neuron % PANEL] ^ TO_UNSIGNED;
                }
            }
            let mut shares: Vec<f64> = neurons.iter().map(|&n| copy.scales(block)[n].into()).collect();
            let mut offsets: Vec<i32> = neurons.iter().map(|&n| copy.offsets(block)[n]).collect();
            shares.resize(panels * PANEL, 0.0);
            offsets.resize(panels * PANEL, 0);
            Block { left, shares, offsets }
        };
        let blocks = (0..copy.blocks()).into_par_iter().map(block).collect();
        Self { neurons: neurons.len(), blocks }
    }

    pub(super) fn neurons(&self) -> usize {
        self.neurons
    }

    /// Blocks of tokens.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The products of the sample with itself: by column, then row.
    pub(super) fn gram(&self, level: Level, go_on: &GoOn<'_>) -> Vec<f64> {
        let panels = self.neurons.div_ceil(PANEL);
        let of_panel = |panel: usize| {
            let mut sums = vec![[0.0; PANEL]; self.neurons];
            let mut signed = Vec::new();
            for (index, block) in self.blocks.iter().enumerate() {
                if go_on.is_broken() {
                    break;
                }
                let steps = block.left.len() / panels.max(1);
                signed.clear();
                let own = &block.left[panel * steps..][..steps];
                signed.extend(own.iter().map(|step| step.map(|word| word ^ TO_UNSIGNED)));
                let lanes = panel * PANEL..(panel + 1) * PANEL;
                let (shares, offsets) = (&block.shares[lanes.clone()], &block.offsets[lanes]);
                let right = Right { steps: &signed, offsets };
                self.add(index, &[Shared { right, shares }], level, &mut sums);
            }
            self.by_column(&sums)
        };
        let mut gram: Vec<f64> = (0..panels).into_par_iter().map(of_panel).collect::<Vec<_>>().concat();
        gram.truncate(self.neurons * self.neurons);
        gram
    }

    /// The products of some panels of neurons with the sample: by neuron, then neuron of the sample.
    pub(super) fn with(&self, copy: &Copy8, panels: &[usize], level: Level, go_on: &GoOn<'_>) -> Vec<f64> {
        let mut sums = vec![[0.0; PANEL]; panels.len() * self.neurons];
        for block in 0..self.blocks.len() {
            if go_on.is_broken() {
                break;
            }
            let shares: Vec<f64> = panels
                .iter()
                .flat_map(|panel| {
                    copy.scales(block)[panel * PANEL..][..PANEL].iter().map(|&share| share.into())
                })
                .collect();
            let right: Vec<Shared<'_>> = panels
                .iter()
                .zip(shares.chunks(PANEL))
                .map(|(&panel, shares)| {
                    let offsets = &copy.offsets(block)[panel * PANEL..][..PANEL];
                    Shared { right: Right { steps: copy.panel(block, panel), offsets }, shares }
                })
                .collect();
            self.add(block, &right, level, &mut sums);
        }
        self.by_column(&sums)
    }

    /// Sums of whole panels, by column, then row.
    fn by_column(&self, sums: &[[f64; PANEL]]) -> Vec<f64> {
        let mut out = vec![0.0; PANEL * sums.len()];
        let panels = out.chunks_mut((PANEL * self.neurons).max(1)).zip(sums.chunks(self.neurons.max(1)));
        for (out, rows) in panels {
            for (column, line) in out.chunks_mut(self.neurons).enumerate() {
                line.iter_mut().zip(rows).for_each(|(to, row)| *to = row[column]);
            }
        }
        out
    }

    /// Adds one block of tokens. A few panels of the sample at a time stay in the second cache while the others pass.
    fn add(&self, block: usize, right: &[Shared<'_>], level: Level, sums: &mut [[f64; PANEL]]) {
        let Block { left, shares, .. } = &self.blocks[block];
        let steps = right.first().map_or(0, |shared| shared.right.steps.len());
        let panels = left.chunks((PANELS * steps).max(1));
        let mut out = [[0; PANEL]; ROWS];
        for (group, left) in panels.enumerate() {
            let first = group * PANELS * PANEL;
            let rows = self.neurons.min(first + PANELS * PANEL).saturating_sub(first);
            for (shared, sums) in right.iter().zip(sums.chunks_mut(self.neurons)) {
                for start in (0..rows).step_by(ROWS) {
                    #[expect(clippy::cast_possible_truncation, reason = "at most 384")]
                    let of_rows: [u16; ROWS] = std::array::from_fn(|at| (start + at) as u16);
                    // Panels are whole, and whole rows of eight.
                    let done = products(level, left, &of_rows, shared.right, &mut out);
                    debug_assert!(done);
                    let own = first + start..first + rows.min(start + ROWS);
                    let (shares, sums) = (&shares[own.clone()], &mut sums[own]);
                    level.run(Add { products: &out, shares, of_columns: shared.shares, sums });
                }
            }
        }
    }
}

/// Adds the products of some rows with a panel.
struct Add<'a> {
    products: &'a [[i32; PANEL]; ROWS],
    /// By row.
    shares: &'a [f64],
    of_columns: &'a [f64],
    /// By row.
    sums: &'a mut [[f64; PANEL]],
}

impl Work for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((sums, products), &own) in self.sums.iter_mut().zip(self.products).zip(self.shares) {
            let terms = sums.iter_mut().zip(products).zip(self.of_columns);
            terms.for_each(|((sum, &product), &share)| *sum += f64::from(product) * (own * share));
        }
    }
}
