//! Which neurons hang together at a cutoff: every flat cluster lies inside one component of the graph of near pairs.
//!
//! `NOTE.md` beside this file says why.

use crate::near::{NearPair, NearPairs, Wanted};
use crate::observer::report;
use crate::stage::{Doubtful, Kept, ScreenLog};
use crate::union::UnionFind;
use crate::{Config, Error, Observer, Stage};
use neurocorr::{Float, MaybePair, Screen, ScreenOptions, Sign, error_bound};
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// If they were wanted and were not too many.
    pub(crate) near: Option<NearPairs>,
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
/// that would be no mistake: only more work. What `log` holds is not done again.
pub(crate) fn find<T: Float>(
    screen: &Screen<'_, T>,
    config: &Config,
    cutoff: f64,
    wanted: Option<Wanted>,
    log: Option<(ScreenLog, Kept)>,
    observer: &dyn Observer,
) -> Result<Found, Error> {
    let (tokens, neurons) = (screen.moments().tokens(), screen.moments().neurons());
    let threshold = 1.0 - (cutoff + join_margin(tokens, neurons, cutoff));
    let mut join = Join::new(screen, sign(config), threshold, wanted, log, observer);
    // Asked before every tile, from the threads that screen them: a wave of tiles takes long.
    let (done, all) = (AtomicUsize::new(join.news.tiles), AtomicUsize::new(1));
    let go_on = || observer.progress(Stage::Screen, done.load(Ordering::Relaxed), all.load(Ordering::Relaxed));
    let mut tiles = screen.pairs_maybe_above(join.least(), join.sign)?.while_told(&go_on);
    all.store(tiles.tiles(), Ordering::Relaxed);
    let mut joined = 0;
    if join.news.tiles > 0 {
        tiles.begin_at(join.news.tiles);
        joined = usize::MAX;
    }
    loop {
        // What hangs together already need not be looked at again, unless its pairs are listed.
        if join.joined != joined && !tiles.is_ahead() && join.near.is_none() {
            joined = join.joined;
            tiles.skip_within(join.union.lowest());
        }
        let Some(tile) = tiles.next() else { break };
        done.store(tile.done, Ordering::Relaxed);
        join.news.tiles = tile.done;
        join.news.candidates += tile.pairs.len();
        tile.pairs.iter().for_each(|pair| join.take(pair));
        join.at = (tile.done, tile.all);
        if join.doubtful.len() > DOUBTFUL {
            join.settle()?;
        }
        if join.gave_up() {
            tiles = screen.pairs_maybe_above(join.least(), join.sign)?.while_told(&go_on);
            tiles.begin_at(tile.done);
        }
        if !tiles.is_ahead() {
            join.keep()?;
        }
        report(observer, Stage::Screen, tile.done, tile.all)?;
    }
    if tiles.is_broken() {
        return Err(Error::Cancelled);
    }
    join.settle()?;
    join.news.ended = true;
    join.keep()?;
    let near = join.near.take().map(|(wanted, pairs)| NearPairs { floor: wanted.floor, pairs });
    Ok(Found::new(&mut join.union, &join.news, near))
}

/// What a log holds whose screen has ended.
pub(crate) fn found(neurons: usize, mut before: Kept, wanted: Option<Wanted>) -> Found {
    let fits = |wanted: Wanted| wanted.floor == before.floor && before.near.len() <= wanted.most;
    let listed = wanted.is_some_and(fits);
    let mut union = joined(neurons, &before);
    let near = listed.then(|| NearPairs { floor: before.floor, pairs: std::mem::take(&mut before.near) });
    Found::new(&mut union, &before, near)
}

/// The sets that a log's pairs make.
fn joined(neurons: usize, before: &Kept) -> UnionFind {
    let mut union = UnionFind::new(neurons);
    for &(a, b) in &before.joined {
        union.join(a as usize, b as usize);
    }
    union
}

impl Found {
    fn new(union: &mut UnionFind, kept: &Kept, near: Option<NearPairs>) -> Self {
        let components = union.sets();
        let statistics = ScreenStatistics {
            candidates: kept.candidates,
            settled: kept.settled,
            components: components.len(),
            largest: components.first().map_or(0, Vec::len),
        };
        Self { components, statistics, near }
    }
}

/// Joins pairs, the doubtful ones last and only where they matter.
struct Join<'s, 'a, T> {
    screen: &'s Screen<'a, T>,
    sign: Sign,
    threshold: f64,
    union: UnionFind,
    doubtful: Vec<Doubtful>,
    /// If they are to be listed and are not too many.
    near: Option<(Wanted, Vec<NearPair>)>,
    /// How often two sets have become one.
    joined: usize,
    /// Counts, and what was found since the log was written.
    news: Kept,
    log: Option<ScreenLog>,
    observer: &'s dyn Observer,
    /// Tiles that are done, and all.
    at: (usize, usize),
}

impl<'s, 'a, T: Float> Join<'s, 'a, T> {
    fn new(
        screen: &'s Screen<'a, T>,
        sign: Sign,
        threshold: f64,
        wanted: Option<Wanted>,
        log: Option<(ScreenLog, Kept)>,
        observer: &'s dyn Observer,
    ) -> Self {
        let (log, before) = log.map_or((None, Kept::default()), |(log, before)| (Some(log), before));
        let union = joined(screen.moments().neurons(), &before);
        // They are listed from the first tile on, or not at all.
        let wanted = wanted.filter(|wanted| before.tiles == 0 || wanted.floor == before.floor);
        let near = wanted.map(|wanted| (wanted, before.near));
        let floor = wanted.map_or(0.0, |wanted| wanted.floor);
        let (joined, cleared) = (Vec::new(), false);
        let news = Kept { joined, doubtful: Vec::new(), near: Vec::new(), floor, cleared, ..before };
        let doubtful = before.doubtful;
        let at = (0, 1);
        Self { screen, sign, threshold, union, doubtful, near, joined: 0, news, log, observer, at }
    }

    /// The size of correlations that are looked for.
    fn least(&self) -> f64 {
        self.near.as_ref().map_or(self.threshold, |(wanted, _)| (1.0 - wanted.floor).min(self.threshold))
    }

    /// Stops listing near pairs if they are too many.
    fn gave_up(&mut self) -> bool {
        let many = self.near.as_ref().is_some_and(|(wanted, pairs)| pairs.len() > wanted.most);
        if many {
            self.near = None;
            self.news.near.clear();
            self.news.floor = 0.0;
        }
        many
    }

    fn take(&mut self, pair: &MaybePair) {
        let near = self.sign.size(pair.near);
        if let Some((_, pairs)) = &mut self.near {
            let listed = NearPair::new(pair);
            pairs.push(listed);
            if self.log.is_some() {
                self.news.near.push(listed);
            }
        }
        if near + pair.within < self.threshold {
            return;
        }
        if near - pair.within >= self.threshold {
            self.join(pair.first, pair.second);
        } else if self.union.find(pair.first) != self.union.find(pair.second) {
            let (first, second) = ends(pair.first, pair.second);
            #[expect(clippy::cast_possible_truncation, reason = "an order wants no digits")]
            let near = near as f32;
            let doubtful = (first, second, near);
            self.doubtful.push(doubtful);
            if self.log.is_some() {
                self.news.doubtful.push(doubtful);
            }
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        if self.union.join(a, b) {
            self.joined += 1;
            if self.log.is_some() {
                self.news.joined.push(ends(a, b));
            }
        }
    }

    /// Computes doubtful pairs, those that seem nearest first: what they join need not be looked at again.
    fn settle(&mut self) -> Result<(), Error> {
        self.doubtful.sort_unstable_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        let mut doubtful = std::mem::take(&mut self.doubtful);
        loop {
            doubtful.retain(|&(a, b, _)| self.union.find(a as usize) != self.union.find(b as usize));
            if doubtful.is_empty() {
                self.news.doubtful.clear();
                self.news.cleared = true;
                return Ok(());
            }
            // A pass over the tokens costs as much as some thousands of pairs.
            let rest = doubtful.split_off(doubtful.len().min((doubtful.len() / 2).max(PASS)));
            let mut pairs: Vec<(usize, usize)> =
                doubtful.iter().map(|pair| (pair.0 as usize, pair.1 as usize)).collect();
            pairs.sort_unstable();
            self.news.settled += pairs.len();
            let (observer, at) = (self.observer, self.at);
            let go_on = || observer.progress(Stage::Screen, at.0, at.1);
            let values = self.screen.chosen_pairs().while_told(&go_on).correlations(&pairs)?;
            for (&(a, b), value) in pairs.iter().zip(values) {
                if self.sign.reaches(value, self.threshold) {
                    self.join(a, b);
                }
            }
            doubtful = rest;
            // What is in doubt stays so in the log until none is, but what is joined need not be asked again.
            self.keep()?;
            report(self.observer, Stage::Screen, self.at.0, self.at.1)?;
        }
    }

    /// Writes the log.
    fn keep(&mut self) -> Result<(), Error> {
        let Some(log) = &mut self.log else { return Ok(()) };
        log.append(&self.news)?;
        self.news.joined.clear();
        self.news.doubtful.clear();
        self.news.near.clear();
        self.news.cleared = false;
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "screens have fewer than 2^32 neurons")]
fn ends(a: usize, b: usize) -> (u32, u32) {
    (a as u32, b as u32)
}

/// Pairs that are settled in one pass at least.
const PASS: usize = 1 << 15;
