//! All pairs above a threshold, exactly, without the matrix: certified in int8, settled by the defined kernel.
//!
//! `block` cuts the tokens, `energy` orders them, `quantize` makes the bytes, `bound` says what is proven of a pair after
//! each block, `copy` holds all that, `tile` screens a tile of pairs, `settle` computes the pairs that are left; `pairs`
//! hands them out, `chosen` has those that are asked for by name, `single` these in single products; `neighbours` asks with a threshold of each neuron's own. `low_rank` puts coordinates along a few
//! `directions` before the tokens where they pay. `NOTE.md` has the proofs.

mod block;
mod bound;
mod chosen;
mod copy;
mod directions;
mod energy;
mod haar;
mod low_rank;
mod neighbours;
mod options;
mod pairs;
mod plan;
mod quantize;
mod sample;
mod settle;
mod similar;
mod single;
mod sketch;
mod tile;

pub use chosen::ChosenPairs;
pub use low_rank::LowRank;
pub use neighbours::Neighbour;
pub use options::ScreenOptions;
pub use pairs::{MaybePair, Pair, PairsAbove, PairsMaybeAbove, Tile};

use crate::go_on::GoOn;
use crate::moments::Standard;
use crate::spare::Spare;
use crate::store::{STEP_BYTES, Store};
use crate::{Columns, Error, Float, Level, Moments, TOKEN_BLOCK, error_bound};
use block::TokenBlocks;
use bound::Stages;
use copy::Copy8;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::ControlFlow;
use tile::{Candidate, Question, Scratch};

/// Tiles that are screened at a time, in all threads: between two looks at the caller, or at rising thresholds.
fn most_tiles() -> usize {
    16 * rayon::current_num_threads()
}

/// Which correlations count as large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sign {
    /// |r|: neurons that say the same or the opposite.
    #[default]
    Absolute,
    /// r: only neurons that say the same.
    Positive,
}

impl Sign {
    /// Whether a correlation reaches the threshold.
    #[must_use]
    pub fn reaches(self, correlation: f64, threshold: f64) -> bool {
        self.size(correlation) >= threshold
    }

    /// How large a correlation is in this sense.
    #[must_use]
    pub fn size(self, correlation: f64) -> f64 {
        match self {
            Self::Absolute => correlation.abs(),
            Self::Positive => correlation,
        }
    }
}

/// A matrix made ready for finding its large correlations: an int8 copy (a byte a value) with proven bounds.
///
/// Made once, by two passes over the tokens; asked as often as one likes, for any threshold. Every answer is exact: the
/// pairs whose [`pair_correlation`](crate::pair_correlation) reaches the threshold, with that value, to the last bit,
/// whatever the level, the options and the number of threads.
///
/// ```
/// use neurocorr::{Columns, Screen, ScreenOptions, Sign};
/// // Four tokens, three neurons: the second is minus the first, the third says something else.
/// let x = [1.0, -1.0, 0.0, 2.0, -2.0, 1.0, 3.0, -3.0, 1.0, 4.0, -4.0, 0.0];
/// let columns = Columns::row_major(&x, 4, 3)?;
/// let screen = Screen::new(&columns, &ScreenOptions::new())?;
/// let pairs = screen.pairs_above(0.9, Sign::Absolute)?.collect_pairs();
/// assert_eq!(pairs.len(), 1);
/// assert_eq!((pairs[0].first, pairs[0].second, pairs[0].correlation), (0, 1, -1.0));
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Debug)]
pub struct Screen<'a, T> {
    columns: Columns<'a, T>,
    options: ScreenOptions,
    moments: Moments,
    standards: Vec<Standard>,
    copy: Copy8,
    /// Coordinates that are looked at before the tokens.
    coordinates: Option<Copy8>,
}

impl<'a, T: Float> Screen<'a, T> {
    /// Reads the matrix twice: moments and energies, then the bytes.
    ///
    /// # Errors
    /// [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::Overflow`], [`Error::NonFinite`] (unless such neurons are to
    /// be uncorrelated); [`Error::TooMany`] from 2³² tokens or neurons; [`Error::OutOfMemory`],
    /// [`Error::TemporaryFile`].
    pub fn new(columns: &Columns<'a, T>, options: &ScreenOptions) -> Result<Self, Error> {
        Self::new_observed(columns, options, &|_, _| ControlFlow::Continue(()))
    }

    /// As [`new`](Self::new), calling `observe(parts done, all parts)` often and from any thread; a break ends the work.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Cancelled`] after a break.
    pub fn new_observed(
        columns: &Columns<'a, T>,
        options: &ScreenOptions,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<Self, Error> {
        let (tokens, neurons, level) = (columns.tokens(), columns.neurons(), options.level);
        for (what, found) in [("tokens", tokens), ("neurons", neurons)] {
            if u32::try_from(found).is_err() {
                return Err(Error::TooMany { what, found, most: u32::MAX as usize });
            }
        }
        let blocks = plan::blocks(tokens, options);
        let go_on = GoOn::observed(observe, tokens.div_ceil(TOKEN_BLOCK) + blocks.chunks().len());
        let (moments, plan) = plan::read(columns, blocks, options, &go_on)?;
        let standards = moments.standards(options.non_finite)?;

        let steps = Copy8::panels_of(neurons).saturating_mul(plan.blocks.steps());
        let others = Self::bytes_beside(neurons, &plan.blocks);
        let in_memory =
            others.saturating_add((steps as u64).saturating_mul(STEP_BYTES as u64)) <= options.memory_limit;
        let store = if in_memory { Store::in_memory(steps)? } else { Store::in_temporary_file(steps)? };
        let copy = Copy8::new(columns, &standards, plan, store, level, &go_on)?;
        let room = options.memory_limit.saturating_sub(if in_memory {
            others.saturating_add(steps as u64 * STEP_BYTES as u64)
        } else {
            others
        });
        let coordinates = low_rank::coordinates(&copy, options.low_rank, room, level, &go_on)?;
        Ok(Self { columns: *columns, options: *options, moments, standards, copy, coordinates })
    }

    /// The pairs whose defined correlation reaches `threshold`, tile by tile.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless it is above 0 and at most 1.
    pub fn pairs_above(&self, threshold: f64, sign: Sign) -> Result<PairsAbove<'_, 'a, T>, Error> {
        Ok(PairsAbove::new(self.pairs_maybe_above(threshold, sign)?, threshold, sign))
    }

    /// The pairs that are not proven to stay below `threshold`: all that reach it, and some that are near it. Nothing is
    /// computed but what the bytes say: no pass over the tokens.
    ///
    /// # Errors
    /// [`Error::Threshold`] unless it is above 0 and at most 1.
    pub fn pairs_maybe_above(&self, threshold: f64, sign: Sign) -> Result<PairsMaybeAbove<'_, 'a, T>, Error> {
        if !(threshold > 0.0 && threshold <= 1.0) {
            return Err(Error::Threshold { threshold });
        }
        let margin = self.margin();
        let floor = bound::down(threshold - margin);
        Ok(PairsMaybeAbove::new(self, floor, sign == Sign::Absolute, margin))
    }

    /// The defined correlations of some pairs of neurons, in their order: those of
    /// [`ChosenPairs::correlations`].
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a neuron that the matrix does not have.
    pub fn correlations(&self, pairs: &[(usize, usize)]) -> Result<Vec<f64>, Error> {
        self.chosen_pairs().correlations(pairs)
    }

    /// For the correlations of chosen pairs, without reading the moments again.
    #[must_use]
    pub fn chosen_pairs(&self) -> ChosenPairs<'_, T> {
        ChosenPairs::of_standards(&self.columns, Cow::Borrowed(&self.standards), self.options.level)
    }

    /// What was found of each neuron in the first pass.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The level in use.
    #[must_use]
    pub fn level(&self) -> Level {
        self.options.level
    }

    /// How many directions are looked at before the tokens; 0 if none.
    #[must_use]
    pub fn directions(&self) -> usize {
        self.coordinates.as_ref().map_or(0, Copy8::tokens)
    }

    /// Whether the int8 copy lies in a temporary file.
    #[must_use]
    pub fn in_file(&self) -> bool {
        self.copy.in_file()
    }

    /// The candidates of some tiles, in as many threads as there are; an error if that was broken off.
    fn candidates(
        &self,
        tiles: &[(usize, usize)],
        floors: &[f32],
        groups: &[u32],
        absolute: bool,
        go_on: &GoOn<'_>,
    ) -> Result<Vec<Vec<Candidate>>, Error> {
        let question = Question { floors, groups, absolute, early_stop: self.options.early_stop };
        let spare = Spare::new(|| Scratch::new(self.copy.most_steps()));
        let of_tile = |&tile: &(usize, usize)| {
            let before = self.coordinates.as_ref();
            if go_on.is_broken() {
                return Err(Error::Cancelled);
            }
            let level = self.options.level;
            Ok(tile::candidates(before, &self.copy, tile, question, level, &mut spare.take()))
        };
        tiles.par_iter().map(of_tile).collect()
    }

    /// Between the defined correlation and the exact one, between the exact one and that of the centred values as they were
    /// computed, between that and the correlation of what they are transformed to, and what f32 adds to sums of bytes.
    fn margin(&self) -> f64 {
        let transform = if self.options.haar { haar::ERROR } else { 0.0 };
        2.0 * error_bound(self.columns.tokens()) + self.copy.rounding() + quantize::ERROR + transform
    }

    /// Bytes that a screen of such a matrix takes at most beside the input and the pairs that are found, in so many threads:
    /// within the options' limit, if the copy alone is.
    ///
    /// ```
    /// use neurocorr::{Screen, ScreenOptions};
    /// let bytes = Screen::<f32>::bytes_needed(30_000, 9_216, &ScreenOptions::new());
    /// assert!(bytes < 30_000 * 9_216 * 11 / 10);
    /// ```
    #[must_use]
    pub fn bytes_needed(tokens: usize, neurons: usize, options: &ScreenOptions) -> u64 {
        let blocks = plan::blocks(tokens, options);
        let steps = blocks.steps() as u64;
        let copy = steps.saturating_mul(Copy8::panels_of(neurons) as u64).saturating_mul(STEP_BYTES as u64);
        let least = copy.saturating_add(Self::bytes_beside(neurons, &blocks));
        let room = options.memory_limit.saturating_sub(least);
        let most = least.saturating_add(low_rank::bytes(tokens, neurons, options.low_rank).min(room));
        // The plan is made before there is a copy.
        most.max(plan::bytes(&blocks, options))
    }

    fn bytes_beside(neurons: usize, blocks: &TokenBlocks) -> u64 {
        let tokens = blocks.tokens();
        let threads = rayon::current_num_threads() as u64;
        let rows = quantize::rows_bytes(blocks.largest_chunk());
        let making = Stages::bytes_of_making(neurons, blocks).saturating_add(rows.saturating_mul(threads));
        let asking = Scratch::bytes(blocks.largest())
            .saturating_mul(threads)
            .saturating_add((neurons as u64).saturating_mul(settle::neuron_bytes(tokens) as u64))
            .saturating_add(
                (pairs::batch(tokens, neurons) as u64).saturating_mul(settle::pair_bytes(tokens) as u64),
            );
        Stages::bytes(neurons, blocks)
            .saturating_add(making.max(asking))
            .saturating_add((neurons as u64).saturating_mul(200))
            .saturating_add((tokens as u64).saturating_mul(16))
    }
}

/// The pairs of columns whose correlation is at least `threshold` in absolute value, sorted.
///
/// `O(neurons² × tokens)` byte operations at most, a byte a value of memory. [`Screen`] has the same in parts, for several
/// thresholds, for positive correlations only, observed.
///
/// ```
/// use neurocorr::Columns;
/// let x = [1.0_f32, 2.0, 5.0, 2.0, 4.1, 1.0, 3.0, 5.9, 3.0, 4.0, 8.0, 4.0];
/// let pairs = neurocorr::pairs_above(&Columns::row_major(&x, 4, 3)?, 0.95)?;
/// assert_eq!(pairs.len(), 1);
/// assert!(pairs[0].second == 1 && pairs[0].correlation > 0.99);
/// # Ok::<(), neurocorr::Error>(())
/// ```
///
/// # Errors
/// Those of [`Screen::new`]; [`Error::Threshold`].
pub fn pairs_above<T: Float>(columns: &Columns<'_, T>, threshold: f64) -> Result<Vec<Pair>, Error> {
    let screen = Screen::new(columns, &ScreenOptions::new())?;
    Ok(screen.pairs_above(threshold, Sign::Absolute)?.collect_pairs())
}
