//! The pairs of a screen, handed out tile by tile.

use super::tile::{Candidate, side, tiles};
use super::{Screen, Sign, most_tiles, settle};
use crate::go_on::GoOn;
use crate::{Error, Float};
use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};

/// Two neurons and their correlation, as [`pair_correlation`](crate::pair_correlation) defines it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The lower neuron.
    pub first: usize,
    /// The higher neuron.
    pub second: usize,
    /// Their correlation, in [−1, 1].
    pub correlation: f64,
}

/// Two neurons that are not proven to be less correlated than the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaybePair {
    /// The lower neuron.
    pub first: usize,
    /// The higher neuron.
    pub second: usize,
    /// About their correlation.
    pub near: f64,
    /// Their correlation, as defined, is proven to be no further than this from `near`.
    pub within: f64,
}

/// The pairs of some rows with some columns of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile<P> {
    /// Neurons that may be first in a pair.
    pub rows: Range<usize>,
    /// Neurons that may be second.
    pub columns: Range<usize>,
    /// The pairs: by first neuron, then by second.
    pub pairs: Vec<P>,
    /// How many tiles are done with this one.
    pub done: usize,
    /// How many tiles there are.
    pub all: usize,
}

/// The tiles of [`Screen::pairs_maybe_above`].
#[derive(Debug)]
pub struct PairsMaybeAbove<'s, 'a, T> {
    screen: &'s Screen<'a, T>,
    floors: Vec<f32>,
    groups: Vec<u32>,
    absolute: bool,
    margin: f64,
    tiles: Vec<(usize, usize)>,
    next: usize,
    ready: VecDeque<Vec<Candidate>>,
    go_on: GoOn<'s>,
}

impl<'s, 'a, T: Float> PairsMaybeAbove<'s, 'a, T> {
    pub(super) fn new(screen: &'s Screen<'a, T>, threshold: f32, absolute: bool, margin: f64) -> Self {
        let tiles = tiles(screen.copy.neurons()).collect();
        let floors = screen.copy.floors(threshold);
        let groups = screen.copy.groups();
        Self {
            screen,
            floors,
            groups,
            absolute,
            margin,
            tiles,
            next: 0,
            ready: VecDeque::new(),
            go_on: GoOn::always(),
        }
    }

    /// Asks now and then, from any thread, whether to go on, at least before every tile; after a break there are no more tiles, and
    /// [`is_broken`](Self::is_broken). Without it only who takes the tiles can stop, and they come some at a time.
    #[must_use]
    pub fn while_told(self, go_on: &'s (dyn Fn() -> ControlFlow<()> + Sync)) -> Self {
        Self { go_on: GoOn::told(go_on), ..self }
    }

    /// Whether it was broken off.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.go_on.was_broken()
    }

    /// From now on pairs of neurons with the same number are of no interest: who looks for what hangs together need not hear
    /// again of what does. The first numbers are each neuron's own; numbers beyond the last neuron's are not looked at.
    /// Tiles that are in work already may still have such pairs.
    pub fn skip_within(&mut self, groups: impl IntoIterator<Item = usize>) {
        #[expect(clippy::cast_possible_truncation, reason = "numbers of neurons")]
        let numbers = groups.into_iter().take(self.screen.copy.neurons()).map(|group| group as u32);
        self.groups.iter_mut().zip(numbers).for_each(|(to, group)| *to = group);
    }

    /// Leaves out the first tiles, which were screened before: the next has this number, of [`Tile::done`] less one. Tiles come
    /// in one order for a number of neurons.
    pub fn begin_at(&mut self, tile: usize) {
        self.ready.clear();
        self.next = tile.min(self.tiles.len());
    }

    /// How many tiles there are.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.tiles.len()
    }

    /// Whether the next tile is in work already.
    #[must_use]
    pub fn is_ahead(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next tile's candidates; several tiles are screened at a time, in as many threads as there are.
    fn advance(&mut self) -> Option<Vec<Candidate>> {
        if self.is_broken() {
            return None;
        }
        if self.ready.is_empty() {
            let wave = &self.tiles[self.next..self.tiles.len().min(self.next + most_tiles())];
            let found = self.screen.candidates(wave, &self.floors, &self.groups, self.absolute, &self.go_on);
            self.ready.extend(found.ok()?);
        }
        let candidates = self.ready.pop_front()?;
        self.next += 1;
        Some(candidates)
    }

    fn tile<P>(&self, index: usize, pairs: Vec<P>) -> Tile<P> {
        let (rows, columns) = self.tiles.get(index).copied().unwrap_or_default();
        let side = |index| side(index, self.screen.copy.neurons());
        Tile { rows: side(rows), columns: side(columns), pairs, done: index + 1, all: self.tiles.len() }
    }
}

impl<T: Float> Iterator for PairsMaybeAbove<'_, '_, T> {
    type Item = Tile<MaybePair>;

    fn next(&mut self) -> Option<Tile<MaybePair>> {
        let index = self.next;
        let pairs = self.advance()?.into_iter().map(|candidate| MaybePair {
            first: candidate.first as usize,
            second: candidate.second as usize,
            near: candidate.near.into(),
            within: f64::from(candidate.within) + self.margin,
        });
        let pairs = pairs.collect();
        Some(self.tile(index, pairs))
    }
}

/// Candidates that are settled together: their running sums take a forty-eighth of a byte a value.
pub(super) fn batch(tokens: usize, neurons: usize) -> usize {
    (tokens.saturating_mul(neurons) / 48 / settle::pair_bytes(tokens)).max(8_192)
}

/// The tiles of [`Screen::pairs_above`].
#[derive(Debug)]
pub struct PairsAbove<'s, 'a, T> {
    maybe: PairsMaybeAbove<'s, 'a, T>,
    threshold: f64,
    sign: Sign,
    ready: VecDeque<Tile<Pair>>,
}

impl<'s, 'a, T: Float> PairsAbove<'s, 'a, T> {
    pub(super) fn new(maybe: PairsMaybeAbove<'s, 'a, T>, threshold: f64, sign: Sign) -> Self {
        Self { maybe, threshold, sign, ready: VecDeque::new() }
    }

    /// As [`PairsMaybeAbove::while_told`]; [`visit`](Self::visit) then is an error.
    #[must_use]
    pub fn while_told(self, go_on: &'s (dyn Fn() -> ControlFlow<()> + Sync)) -> Self {
        Self { maybe: self.maybe.while_told(go_on), ..self }
    }

    /// Screens tiles until there are candidates enough for a pass over the tokens, and settles those.
    fn advance(&mut self) {
        let screen = self.maybe.screen;
        let batch = batch(screen.columns.tokens(), screen.columns.neurons());
        let (mut found, mut lengths) = (Vec::new(), Vec::new());
        let first = self.maybe.next;
        while found.len() < batch
            && let Some(candidates) = self.maybe.advance()
        {
            lengths.push(candidates.len());
            found.extend(candidates);
        }
        if self.maybe.is_broken() {
            return;
        }
        let mut tiles: Vec<Vec<Pair>> = lengths.iter().map(|_| Vec::new()).collect();
        // A tile may have more candidates than are settled at once.
        let mut tile = 0;
        let mut left = lengths.first().copied().unwrap_or(0);
        for part in found.chunks(batch) {
            let settled = settle::settle(
                &screen.columns,
                &screen.standards,
                part,
                screen.options.level,
                &self.maybe.go_on,
            );
            let Ok(values) = settled else { return };
            for (candidate, correlation) in part.iter().zip(values) {
                while left == 0 {
                    tile += 1;
                    left = lengths.get(tile).copied().unwrap_or(usize::MAX);
                }
                left -= 1;
                if self.sign.reaches(correlation, self.threshold) {
                    let (first, second) = (candidate.first as usize, candidate.second as usize);
                    tiles[tile].push(Pair { first, second, correlation });
                }
            }
        }
        let tiles = tiles.into_iter().enumerate().map(|(at, pairs)| self.maybe.tile(first + at, pairs));
        self.ready.extend(tiles.collect::<Vec<_>>());
    }

    /// Calls `sink` with every tile; break ends the work.
    ///
    /// # Errors
    /// [`Error::Cancelled`] after a break.
    pub fn visit(mut self, mut sink: impl FnMut(Tile<Pair>) -> ControlFlow<()>) -> Result<(), Error> {
        for tile in self.by_ref() {
            if sink(tile).is_break() {
                return Err(Error::Cancelled);
            }
        }
        self.maybe.go_on.check()
    }

    /// All pairs: by first neuron, then by second.
    #[must_use]
    pub fn collect_pairs(self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self.flat_map(|tile| tile.pairs).collect();
        pairs.sort_unstable_by_key(|pair| (pair.first, pair.second));
        pairs
    }
}

impl<T: Float> Iterator for PairsAbove<'_, '_, T> {
    type Item = Tile<Pair>;

    fn next(&mut self) -> Option<Tile<Pair>> {
        if self.ready.is_empty() {
            self.advance();
        }
        self.ready.pop_front()
    }
}
