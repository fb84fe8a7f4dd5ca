//! Which neurons hang together at a cutoff: every flat cluster lies inside one component of the graph of near pairs.
//!
//! `NOTE.md` beside this file says why.

use crate::observer::report;
use crate::union::UnionFind;
use crate::{Config, Error, Observer, Stage};
use neurocorr::{Float, MaybePair, Screen, ScreenOptions, Sign, error_bound};

/// Pairs that are neither proven to be near nor to be far are settled when there are so many of them.
const DOUBTFUL: usize = 1 << 22;

/// How far a dissimilarity that another f64 kernel computes can be from ours.
pub(crate) fn kernel_margin(tokens: usize) -> f64 {
    2.0 * error_bound(tokens) + 4.0 * f64::EPSILON
}

/// How much above a cutoff a pair must be so that no computed height at or below it can rest on such a pair: what two
/// kernels differ by, and what the updates of a linkage can lose.
fn join_margin(tokens: usize, neurons: usize, cutoff: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a bound on a count")]
    let updates = 64.0 * neurons as f64 * f64::EPSILON * cutoff.max(1.0);
    kernel_margin(tokens) + updates
}

fn sign(config: &Config) -> Sign {
    if config.absolute { Sign::Absolute } else { Sign::Positive }
}

/// What is known after the screen.
pub(crate) struct Found {
    /// Of two neurons and more, the largest first.
    pub(crate) components: Vec<Vec<usize>>,
    pub(crate) statistics: ScreenStatistics,
}

/// What a screen has found. Candidates and those computed depend on the number of threads: what hangs together already is
/// not looked at again, and threads look ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ScreenStatistics {
    /// Pairs that bytes could not prove to be far.
    pub candidates: usize,
    /// Of those, pairs whose correlation had to be computed from the tokens.
    pub settled: usize,
    /// Components of at least two neurons.
    pub components: usize,
    /// Neurons of the largest.
    pub largest: usize,
}

/// The options of a screen that may take so much memory.
pub(crate) fn options(config: &Config, limit: Option<u64>) -> ScreenOptions {
    let options = ScreenOptions::new().non_finite(config.non_finite);
    limit.map_or(options, |limit| options.memory_limit(limit))
}

/// Joins what is at most the cutoff apart, or may be by another kernel's rounding. No pair that is further is joined, but
/// that would be no mistake: only more work.
pub(crate) fn find<T: Float>(
    screen: &Screen<'_, T>,
    config: &Config,
    cutoff: f64,
    observer: &dyn Observer,
) -> Result<Found, Error> {
    let (tokens, neurons) = (screen.moments().tokens(), screen.moments().neurons());
    let threshold = 1.0 - (cutoff + join_margin(tokens, neurons, cutoff));
    let sign = sign(config);
    let mut join = Join {
        screen,
        sign,
        threshold,
        union: UnionFind::new(neurons),
        doubtful: Vec::new(),
        settled: 0,
        joined: 0,
    };
    let mut candidates = 0;
    let mut tiles = screen.pairs_maybe_above(threshold, sign)?;
    let mut joined = 0;
    while let Some(tile) = tiles.next() {
        candidates += tile.pairs.len();
        tile.pairs.iter().for_each(|pair| join.take(pair));
        if join.doubtful.len() > DOUBTFUL {
            join.settle()?;
        }
        report(observer, Stage::Screen, tile.done, tile.all)?;
        if join.joined > joined && !tiles.is_ahead() {
            // What hangs together already need not be looked at again.
            joined = join.joined;
            tiles.skip_within(join.union.lowest());
        }
    }
    join.settle()?;
    let components = join.union.sets();
    let statistics = ScreenStatistics {
        candidates,
        settled: join.settled,
        components: components.len(),
        largest: components.first().map_or(0, Vec::len),
    };
    Ok(Found { components, statistics })
}

/// Joins pairs, the doubtful ones last and only where they matter.
struct Join<'s, 'a, T> {
    screen: &'s Screen<'a, T>,
    sign: Sign,
    threshold: f64,
    union: UnionFind,
    /// With how near they seem.
    doubtful: Vec<(u32, u32, f32)>,
    settled: usize,
    /// How often two sets have become one.
    joined: usize,
}

impl<T: Float> Join<'_, '_, T> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "screens have fewer than 2^32 neurons; an order wants no digits"
    )]
    fn take(&mut self, pair: &MaybePair) {
        let near = self.sign.size(pair.near);
        if near - pair.within >= self.threshold {
            self.joined += usize::from(self.union.join(pair.first, pair.second));
        } else if self.union.find(pair.first) != self.union.find(pair.second) {
            self.doubtful.push((pair.first as u32, pair.second as u32, near as f32));
        }
    }

    /// Computes doubtful pairs, those that seem nearest first: what they join need not be looked at again.
    fn settle(&mut self) -> Result<(), Error> {
        self.doubtful.sort_unstable_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        let mut doubtful = std::mem::take(&mut self.doubtful);
        loop {
            doubtful.retain(|&(a, b, _)| self.union.find(a as usize) != self.union.find(b as usize));
            if doubtful.is_empty() {
                return Ok(());
            }
            // A pass over the tokens costs as much as some thousands of pairs.
            let rest = doubtful.split_off(doubtful.len().min((doubtful.len() / 2).max(PASS)));
            let mut pairs: Vec<(usize, usize)> =
                doubtful.iter().map(|pair| (pair.0 as usize, pair.1 as usize)).collect();
            pairs.sort_unstable();
            self.settled += pairs.len();
            for (&(a, b), value) in pairs.iter().zip(self.screen.correlations(&pairs)?) {
                if self.sign.reaches(value, self.threshold) {
                    self.joined += usize::from(self.union.join(a, b));
                }
            }
            doubtful = rest;
        }
    }
}

/// Pairs that are settled in one pass at least.
const PASS: usize = 1 << 15;
