//! Second pass: the product of all pairs of standardised columns, tile by tile. The one file that names faer.

use crate::moments::Standard;
use crate::turn::{LINES, standardized_lines};
use crate::{Columns, Correlations, Error, Float, Level, Moments, NEURON_BLOCK, NonFinite, TOKEN_BLOCK};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Distance between two neurons of the standardised block, in values: not a multiple of a page, so that the
/// columns of a tile do not fall on the same cache sets.
const STRIDE: usize = TOKEN_BLOCK + 8;

/// A tile of the lower triangle: rows `NEURON_BLOCK · row ..`, columns `NEURON_BLOCK · column ..`, column-major.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) values: Vec<f64>,
}

/// Accumulates the products of all pairs of columns over parts of the tokens, then gives their correlations.
///
/// The second of two passes: the first made the [`Moments`]. `neurons² × tokens` floating-point operations (the
/// triangle, two a pair); memory in [`bytes_needed`]. Every tile of 256 × 256 pairs adds its blocks of 1,024 tokens
/// in order and is computed by one thread, so the bits do not depend on the number of threads.
///
/// ```
/// use neurocorr::{Columns, CrossProducts, Measure, Moments, NonFinite};
/// let x = Columns::row_major(&[1.0, 2.0, 3.0, 2.0, 4.0, 0.0, 3.0, 6.0, 1.0], 3, 3)?;
/// let moments = Moments::of(&x);
/// let mut products = CrossProducts::new(&moments, NonFinite::Error)?;
/// products.push(&x)?;
/// let r = products.finish()?.into_condensed(Measure::Correlation);
/// assert_eq!(r[0], 1.0); // neurons 0 and 1
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Debug)]
pub struct CrossProducts {
    standards: Vec<Standard>,
    tokens_expected: usize,
    tokens: usize,
    tiles: Vec<Tile>,
    block: Vec<f64>,
}

impl CrossProducts {
    /// Prepares the second pass over the same tokens as `moments` read.
    ///
    /// # Errors
    /// [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::Overflow`], and under [`NonFinite::Error`]
    /// [`Error::NonFinite`].
    pub fn new(moments: &Moments, non_finite: NonFinite) -> Result<Self, Error> {
        let standards = moments.standards(non_finite)?;
        let neurons = standards.len();
        let block = vec![0.0; neurons * STRIDE];
        let mut tiles = Vec::new();
        for column in 0..neurons.div_ceil(NEURON_BLOCK) {
            for row in column..neurons.div_ceil(NEURON_BLOCK) {
                let size = panel(row, neurons).len() * panel(column, neurons).len();
                tiles.push(Tile { row, column, values: vec![0.0; size] });
            }
        }
        Ok(Self { standards, tokens_expected: moments.tokens(), tokens: 0, tiles, block })
    }

    /// Reads the next tokens.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the part has another number of neurons.
    pub fn push<T: Float>(&mut self, part: &Columns<'_, T>) -> Result<(), Error> {
        self.push_observed(part, &|_, _| ControlFlow::Continue(()))
    }

    /// As [`push`](Self::push), calling `observe(tiles done, tiles in this part)` from any thread after each tile.
    /// Break ends the work early; the accumulation is then of no further use.
    ///
    /// # Errors
    /// [`Error::Mismatch`] as for [`push`](Self::push); [`Error::Cancelled`] after a break.
    pub fn push_observed<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<(), Error> {
        let neurons = self.standards.len();
        if part.neurons() != neurons {
            let found = part.neurons();
            return Err(Error::Mismatch { what: "neurons of the pushed part", expected: neurons, found });
        }
        let total = self.tiles.len() * part.tokens().div_ceil(TOKEN_BLOCK);
        let (done, cancelled) = (AtomicUsize::new(0), AtomicBool::new(false));
        for start in (0..part.tokens()).step_by(TOKEN_BLOCK) {
            let tokens = start..(start + TOKEN_BLOCK).min(part.tokens());
            standardize(part, &tokens, &self.standards, &mut self.block);
            let block = &self.block;
            self.tiles.par_iter_mut().for_each(|tile| {
                if cancelled.load(Ordering::Relaxed) {
                    return;
                }
                add_products(tile, block, neurons, tokens.len());
                if observe(done.fetch_add(1, Ordering::Relaxed) + 1, total).is_break() {
                    cancelled.store(true, Ordering::Relaxed);
                }
            });
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
        }
        self.tokens += part.tokens();
        Ok(())
    }

    /// The correlations, once all tokens have been pushed.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the second pass read another number of tokens than the first.
    pub fn finish(self) -> Result<Correlations, Error> {
        if self.tokens != self.tokens_expected {
            let (expected, found) = (self.tokens_expected, self.tokens);
            return Err(Error::Mismatch { what: "tokens of the second pass", expected, found });
        }
        Ok(Correlations::new(self.standards.len(), self.tiles))
    }
}

/// Peak bytes of the two passes and of the condensed result: 4 n² for the products, which the result replaces tile
/// by tile, and about 8 kB a neuron for the block of tokens in work. The input is not counted.
///
/// ```
/// let bytes = neurocorr::bytes_needed(9_216);
/// assert!(bytes > 9_216 * 9_216 * 4 && bytes < 9_216 * 9_216 * 6);
/// ```
#[must_use]
pub fn bytes_needed(neurons: usize) -> u64 {
    let (n, tile, float) = (neurons as u64, NEURON_BLOCK as u64, size_of::<f64>() as u64);
    // The diagonal tiles are stored whole, and one column of tiles is live beside its place in the result.
    let products = n.saturating_mul(n / 2 + tile / 2).saturating_add(n.saturating_mul(tile));
    products.saturating_mul(float).saturating_add(n.saturating_mul(STRIDE as u64 * float + 128))
}

/// The neurons of block `index`.
pub(crate) fn panel(index: usize, neurons: usize) -> Range<usize> {
    index * NEURON_BLOCK..((index + 1) * NEURON_BLOCK).min(neurons)
}

/// Fills `block` with the standardised values of some tokens, neuron after neuron, `STRIDE` apart.
fn standardize<T: Float>(
    part: &Columns<'_, T>,
    tokens: &Range<usize>,
    standards: &[Standard],
    block: &mut [f64],
) {
    let (neurons, level): (Vec<usize>, _) = ((0..standards.len()).collect(), Level::detect());
    block.par_chunks_mut(LINES * STRIDE).zip(neurons.par_chunks(LINES)).for_each(|(out, neurons)| {
        standardized_lines(part, tokens, neurons, standards, level, out, STRIDE);
    });
}

/// Adds one block of tokens to one tile.
fn add_products(tile: &mut Tile, block: &[f64], neurons: usize, tokens: usize) {
    let columns = |index: usize| {
        let neurons = panel(index, neurons);
        let values = &block[neurons.start * STRIDE..neurons.end * STRIDE];
        MatRef::from_column_major_slice_with_stride(values, tokens, neurons.len(), STRIDE)
    };
    let (lhs, rhs) = (columns(tile.row).transpose(), columns(tile.column));
    let target = MatMut::from_column_major_slice_mut(&mut tile.values, lhs.nrows(), rhs.ncols());
    if tile.row == tile.column {
        triangular::matmul(
            target,
            BlockStructure::TriangularLower,
            Accum::Add,
            lhs,
            BlockStructure::Rectangular,
            rhs,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
    } else {
        matmul(target, Accum::Add, lhs, rhs, 1.0, Par::Seq);
    }
}
