//! The part of a dendrogram under a cutoff from the near pairs alone, of which only bounds are known.
//!
//! A pair that is not listed is known to be beyond the cutoff and within some bounds. So is then a dissimilarity of two
//! clusters: of its pairs those that are listed add up, the rest counts with its bounds. Where the bounds do not tell who is
//! nearest, the run goes on by a guess and asks for the pairs that would tell; once nothing is asked for, every
//! decision was proven on the way, and the forest is that of the whole matrix. Pairs that decide nothing, which are nearly all,
//! are never asked for.

use crate::dendrogram::Step;
use crate::observer::{Observer, observe};
use crate::{Error, Forest, Method};
use std::collections::HashMap;

/// What is known of the dissimilarity of two observations, a < b: `lower == upper` says that it cannot be known better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// The lower observation.
    pub a: u32,
    /// The higher one.
    pub b: u32,
    /// At least this.
    pub lower: f64,
    /// At most this.
    pub upper: f64,
}

/// What is known of every pair that is not listed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unlisted {
    /// At least this, which must be beyond the cutoffs.
    pub lower: f64,
    /// At most this.
    pub upper: f64,
    /// About this, in the mean: a good guess spares questions, a bad one costs nothing else.
    pub guess: f64,
}

/// What near pairs come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Sparse {
    /// The forest, every merge of it proven. A height is within its bounds, on the proven side of every cutoff.
    Forest(Forest<f64>),
    /// These pairs, ascending, must be known better.
    Open(Vec<(u32, u32)>),
    /// All that could be asked is known, and two orders of merging are still as right: run the whole matrix.
    Tied,
}

/// The forest of [`linkage_below_certified`](crate::linkage_below_certified), from the near pairs alone: for single,
/// complete, average and weighted linkage.
///
/// `known` are pairs in ascending order, all those at or below the greatest cutoff among them; the more beyond it are known,
/// the fewer questions there are. `uncertainty` is how far a value that cannot be known better may be from the one that is
/// meant. With more than `most` questions the run ends early with those.
///
/// Ask, narrow the bounds, ask again:
///
/// ```
/// use hclust::{Known, Method, Sparse, Unlisted, linkage_below_sparse};
/// let meant = |a, b| if (a, b) == (0, 1) { 0.30 } else { 0.32 };
/// // 0-1 and 1-2 are near; 0-2 is not.
/// let mut known = vec![Known { a: 0, b: 1, lower: 0.2, upper: 0.4 }, Known { a: 1, b: 2, lower: 0.2, upper: 0.4 }];
/// let unlisted = Unlisted { lower: 0.6, upper: 1.0, guess: 0.9 };
/// let forest = loop {
///     match linkage_below_sparse(3, &known, unlisted, Method::Average, &[0.5], 0.0, 100, &())? {
///         Sparse::Forest(forest) => break forest,
///         Sparse::Open(pairs) => for pair in &mut known {
///             if pairs.contains(&(pair.a, pair.b)) {
///                 (pair.lower, pair.upper) = (meant(pair.a, pair.b), meant(pair.a, pair.b));
///             }
///         },
///         Sparse::Tied => unreachable!(),
///     }
/// };
/// assert_eq!(forest.merges().len(), 1);
/// assert_eq!((forest.merges()[0].left, forest.merges()[0].right), (0, 1));
/// # Ok::<(), hclust::Error>(())
/// ```
///
/// `O(k log k)` time for k pairs and little more where clusters are small; 80 bytes a pair.
///
/// # Errors
/// [`Error::NotReducible`] for centroid and median, and for Ward, whose heights do not follow from sums over pairs;
/// [`Error::Cutoff`]; [`Error::Empty`], [`Error::TooMany`]; [`Error::Known`] for pairs that are not ascending or have no
/// bounds, or for unlisted ones that may be below a cutoff; [`Error::Cancelled`].
#[expect(clippy::too_many_arguments, reason = "all are needed, and each is of its own type")]
pub fn linkage_below_sparse(
    n: usize,
    known: &[Known],
    unlisted: Unlisted,
    method: Method,
    cutoffs: &[f64],
    uncertainty: f64,
    most: usize,
    observer: &dyn Observer,
) -> Result<Sparse, Error> {
    let fold = match method {
        Method::Single => Fold::Least,
        Method::Complete => Fold::Greatest,
        Method::Average => Fold::Mean,
        Method::Weighted => Fold::Weighted,
        _ => return Err(Error::NotReducible { method }),
    };
    let Some(cutoff) = cutoffs.iter().copied().reduce(f64::max) else { return Err(Error::Cutoff) };
    if cutoffs.iter().any(|cutoff| cutoff.is_nan()) {
        return Err(Error::Cutoff);
    }
    check(n, known, unlisted, cutoff, uncertainty)?;
    let clusters = Clusters::new(n, known, unlisted, fold);
    let listed = Listed::new(n, known);
    let questions = Questions { listed, blocks: HashMap::new(), pairs: Vec::new(), tied: false, most };
    let mut run =
        Run { clusters, questions, cutoffs, cutoff, uncertainty, steps: Vec::new(), values: Vec::new() };
    run.chains(observer)?;
    let Questions { mut pairs, tied, .. } = run.questions;
    pairs.sort_unstable();
    pairs.dedup();
    Ok(match (pairs.is_empty(), tied) {
        (false, _) => Sparse::Open(pairs),
        (true, true) => Sparse::Tied,
        (true, false) => Sparse::Forest(Forest::new(n, &run.steps, cutoff, Vec::new(), 0)),
    })
}

fn check(n: usize, known: &[Known], unlisted: Unlisted, cutoff: f64, uncertainty: f64) -> Result<(), Error> {
    if n == 0 {
        return Err(Error::Empty);
    }
    if n >= 1 << 31 {
        return Err(Error::TooMany { n });
    }
    let fail = |pair: usize, why| Err(Error::Known { pair, why });
    let mut before = None;
    for (at, &Known { a, b, lower, upper }) in known.iter().enumerate() {
        if a >= b || b as usize >= n {
            return fail(at, "its observations are not ascending, or one is not there");
        }
        if before.is_some_and(|before| before >= (a, b)) {
            return fail(at, "it does not come after the one before it");
        }
        if !(lower >= 0.0 && lower <= upper && upper.is_finite()) {
            return fail(at, "its bounds are none");
        }
        before = Some((a, b));
    }
    let Unlisted { lower, upper, guess } = unlisted;
    if !(lower > cutoff + 2.0 * uncertainty && lower <= guess && guess <= upper && upper.is_finite()) {
        return fail(known.len(), "those that are not listed may be at or below a cutoff, or have no bounds");
    }
    Ok(())
}

/// How a dissimilarity of clusters follows from those of their pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fold {
    Least,
    Greatest,
    Mean,
    /// A pair's weight halves with every merge of either of its observations.
    Weighted,
}

/// The listed pairs of two clusters: sums (or the least, or the greatest) of bounds, and how many they are.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// A node that the other cluster was when this was written.
    node: u32,
    weight: f64,
    lower: f64,
    upper: f64,
    guess: f64,
}

impl Entry {
    fn scaled(self, by: f64) -> Self {
        let Self { node, weight, lower, upper, guess } = self;
        Self { node, weight: weight * by, lower: lower * by, upper: upper * by, guess: guess * by }
    }

    fn add(&mut self, other: Self, fold: Fold) {
        let of = |a: f64, b: f64| match fold {
            Fold::Least => a.min(b),
            Fold::Greatest => a.max(b),
            Fold::Mean | Fold::Weighted => a + b,
        };
        self.weight += other.weight;
        self.lower = of(self.lower, other.lower);
        self.upper = of(self.upper, other.upper);
        self.guess = of(self.guess, other.guess);
    }
}

/// A dissimilarity of two clusters.
#[derive(Debug, Clone, Copy)]
struct Value {
    node: u32,
    lower: f64,
    upper: f64,
    guess: f64,
    /// How far two computed values of it can be apart.
    slack: f64,
}

/// Clusters as nodes: observations, then merges.
struct Clusters {
    fold: Fold,
    unlisted: Unlisted,
    parents: Vec<u32>,
    /// Of a node's weights, what is left in its parent.
    factors: Vec<f64>,
    members: Vec<Vec<u32>>,
    lists: Vec<Vec<Entry>>,
    heights: Vec<f64>,
    /// Clusters without a neighbour under the cutoff.
    last: Vec<bool>,
    /// By node: its place among the neighbours that are being added up, and one more.
    places: Vec<u32>,
    /// Nodes on the way to the top.
    path: Vec<usize>,
}

impl Clusters {
    fn new(n: usize, known: &[Known], unlisted: Unlisted, fold: Fold) -> Self {
        let mut counts = vec![0_usize; n];
        for pair in known {
            counts[pair.a as usize] += 1;
            counts[pair.b as usize] += 1;
        }
        let mut lists: Vec<Vec<Entry>> = counts.into_iter().map(Vec::with_capacity).collect();
        for &Known { a, b, lower, upper } in known {
            let entry = |node| Entry { node, weight: 1.0, lower, upper, guess: f64::midpoint(lower, upper) };
            lists[a as usize].push(entry(b));
            lists[b as usize].push(entry(a));
        }
        #[expect(clippy::cast_possible_truncation, reason = "n < 2^31")]
        let observations = 0..n as u32;
        Self {
            fold,
            unlisted,
            parents: observations.clone().collect(),
            factors: vec![1.0; n],
            members: observations.map(|observation| vec![observation]).collect(),
            lists,
            heights: vec![0.0; n],
            last: vec![false; n],
            places: vec![0; n],
            path: Vec::new(),
        }
    }

    fn is_top(&self, node: usize) -> bool {
        self.parents[node] as usize == node
    }

    /// The topmost node above a node, and what is left there of its weights.
    fn top(&mut self, node: usize) -> (usize, f64) {
        let mut root = node;
        self.path.clear();
        while !self.is_top(root) {
            self.path.push(root);
            root = self.parents[root] as usize;
        }
        // Everything on the way points there from now on; downwards, since factors of the lowest may be too small for a float.
        let mut factor = 1.0;
        while let Some(at) = self.path.pop() {
            factor *= self.factors[at];
            #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
            let parent = root as u32;
            (self.parents[at], self.factors[at]) = (parent, factor);
        }
        (root, factor)
    }

    /// The clusters with which x has listed pairs, each once: the list in place, then their values.
    fn neighbours(&mut self, x: usize, values: &mut Vec<Value>) {
        let mut list = std::mem::take(&mut self.lists[x]);
        let mut count = 0;
        for read in 0..list.len() {
            let (top, factor) = self.top(list[read].node as usize);
            if top == x {
                continue;
            }
            let entry = if self.fold == Fold::Weighted { list[read].scaled(factor) } else { list[read] };
            match (self.places[top] as usize).checked_sub(1) {
                Some(place) => list[place].add(entry, self.fold),
                None => {
                    #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
                    let (node, place) = (top as u32, count as u32 + 1);
                    list[count] = Entry { node, ..entry };
                    self.places[top] = place;
                    count += 1;
                }
            }
        }
        list.truncate(count);
        list.iter().for_each(|entry| self.places[entry.node as usize] = 0);
        values.clear();
        values.extend(list.iter().map(|entry| self.value(x, entry)));
        self.lists[x] = list;
    }

    /// What listed pairs and the rest come to.
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
    fn value(&self, x: usize, entry: &Entry) -> Value {
        let (own, other) = (self.members[x].len() as f64, self.members[entry.node as usize].len() as f64);
        let Unlisted { lower, upper, guess } = self.unlisted;
        let total = if self.fold == Fold::Weighted { 1.0 } else { own * other };
        let missing = (total - entry.weight).max(0.0);
        let of = |listed: f64, rest: f64| match self.fold {
            Fold::Least if missing > 0.0 => listed.min(rest),
            Fold::Greatest if missing > 0.0 => listed.max(rest),
            Fold::Least | Fold::Greatest => listed,
            Fold::Mean | Fold::Weighted => (listed + missing * rest) / total,
        };
        let (lower, upper, guess) = (of(entry.lower, lower), of(entry.upper, upper), of(entry.guess, guess));
        // A sum of so many terms, weights of as many factors as there are members; and whoever makes the whole
        // matrix updates it as often.
        let roundings = match self.fold {
            Fold::Least | Fold::Greatest => 0.0,
            Fold::Mean | Fold::Weighted => own * other + 8.0 * (own + other),
        };
        Value { node: entry.node, lower, upper, guess, slack: 2.0 * roundings * f64::EPSILON * upper }
    }

    /// Two become one; gives its node.
    fn merge(&mut self, x: usize, y: usize, height: f64) -> usize {
        let node = self.parents.len();
        let factor = if self.fold == Fold::Weighted { 0.5 } else { 1.0 };
        let (mut long, mut short) = (std::mem::take(&mut self.lists[x]), std::mem::take(&mut self.lists[y]));
        if self.fold == Fold::Weighted {
            long.iter_mut().chain(&mut short).for_each(|entry| *entry = entry.scaled(factor));
        }
        if long.len() < short.len() {
            std::mem::swap(&mut long, &mut short);
        }
        long.append(&mut short);
        let (mut members, mut others) =
            (std::mem::take(&mut self.members[x]), std::mem::take(&mut self.members[y]));
        if members.len() < others.len() {
            std::mem::swap(&mut members, &mut others);
        }
        members.append(&mut others);
        #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
        let parent = node as u32;
        for child in [x, y] {
            (self.parents[child], self.factors[child]) = (parent, factor);
        }
        self.parents.push(parent);
        self.factors.push(1.0);
        self.members.push(members);
        self.lists.push(long);
        self.heights.push(height);
        self.last.push(false);
        self.places.push(0);
        node
    }
}

/// Pairs by their lower observation.
struct Listed<'a> {
    known: &'a [Known],
    /// Where an observation's begin; one more at the end.
    rows: Vec<usize>,
}

impl<'a> Listed<'a> {
    fn new(n: usize, known: &'a [Known]) -> Self {
        let mut rows = vec![0; n + 1];
        known.iter().for_each(|pair| rows[pair.a as usize + 1] += 1);
        for row in 0..n {
            rows[row + 1] += rows[row];
        }
        Self { known, rows }
    }

    fn get(&self, a: u32, b: u32) -> Option<&Known> {
        let (a, b) = (a.min(b), a.max(b));
        let row = self.known.get(self.rows[a as usize]..self.rows[a as usize + 1])?;
        row.binary_search_by_key(&b, |known| known.b).ok().and_then(|at| row.get(at))
    }
}

/// What must be known better.
struct Questions<'a> {
    listed: Listed<'a>,
    /// By pair of clusters: how far apart the bounds of the least known of their pairs are, and of the best known that was asked
    /// for.
    blocks: HashMap<(u32, u32), (f64, f64)>,
    pairs: Vec<(u32, u32)>,
    /// Whether something stays open that cannot be known better.
    tied: bool,
    most: usize,
}

/// Pairs that are known so much better than the worst known are not asked for with it.
const BETTER: f64 = 8.0;

impl Questions<'_> {
    /// A decision is open between two clusters, or between the first and either of two: asks for what is known worst.
    fn open(&mut self, clusters: &Clusters, x: usize, others: [Option<Value>; 2]) {
        let others = || others.iter().flatten();
        let widest = others().map(|other| self.widest(clusters, x, other)).fold(0.0, f64::max);
        if widest == 0.0 {
            self.tied = true;
            return;
        }
        others().for_each(|other| self.ask(clusters, x, other, widest / BETTER));
    }

    /// The pairs of two clusters on which their dissimilarity depends, with how far apart the bounds of each are.
    fn visit(
        clusters: &Clusters,
        listed: &Listed<'_>,
        [x, y]: [usize; 2],
        value: &Value,
        mut visit: impl FnMut((u32, u32), f64),
    ) {
        let Unlisted { lower, upper, .. } = clusters.unlisted;
        for &a in &clusters.members[x] {
            for &b in &clusters.members[y] {
                let known = listed.get(a, b).map(|known| (known.lower, known.upper));
                let (lower, upper) = known.unwrap_or((lower, upper));
                let matters = match clusters.fold {
                    Fold::Least => lower <= value.upper,
                    Fold::Greatest => upper >= value.lower,
                    Fold::Mean | Fold::Weighted => true,
                };
                if matters {
                    visit((a.min(b), a.max(b)), upper - lower);
                }
            }
        }
    }

    fn widest(&mut self, clusters: &Clusters, x: usize, value: &Value) -> f64 {
        let (listed, y) = (&self.listed, value.node as usize);
        let block = self.blocks.entry(key(x, y)).or_insert_with(|| {
            let mut widest = 0.0_f64;
            Self::visit(clusters, listed, [x, y], value, |_, width| widest = widest.max(width));
            (widest, f64::INFINITY)
        });
        block.0
    }

    /// Asks for all such pairs whose bounds are at least so far apart.
    fn ask(&mut self, clusters: &Clusters, x: usize, value: &Value, least: f64) {
        let y = value.node as usize;
        let Some((widest, asked)) = self.blocks.get_mut(&key(x, y)) else { return };
        if *widest < least || *asked <= least {
            return;
        }
        *asked = least;
        let (listed, pairs) = (&self.listed, &mut self.pairs);
        Self::visit(clusters, listed, [x, y], value, |pair, width| {
            if width >= least {
                pairs.push(pair);
            }
        });
    }
}

#[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
fn key(x: usize, y: usize) -> (u32, u32) {
    (x.min(y) as u32, x.max(y) as u32)
}

/// A run over all chains.
struct Run<'a> {
    clusters: Clusters,
    questions: Questions<'a>,
    cutoffs: &'a [f64],
    /// The greatest.
    cutoff: f64,
    uncertainty: f64,
    steps: Vec<Step<f64>>,
    /// Of the cluster that is looked at.
    values: Vec<Value>,
}

impl Run<'_> {
    fn chains(&mut self, observer: &dyn Observer) -> Result<(), Error> {
        let n = self.clusters.parents.len();
        let (mut waiting, mut chain): (Vec<usize>, Vec<usize>) = ((0..n).rev().collect(), Vec::new());
        let mut in_chain = vec![false; 2 * n];
        loop {
            if self.questions.pairs.len() > self.questions.most {
                return Ok(());
            }
            let Some(&tip) = chain.last() else {
                match waiting.pop() {
                    Some(node) if self.clusters.is_top(node) && !self.clusters.last[node] => {
                        in_chain[node] = true;
                        chain.push(node);
                        continue;
                    }
                    Some(_) => continue,
                    None => return Ok(()),
                }
            };
            let before = chain.len().checked_sub(2).and_then(|at| chain.get(at)).copied();
            let Some(nearest) = self.nearest(tip, before) else {
                self.clusters.last[tip] = true;
                in_chain[tip] = false;
                chain.pop();
                continue;
            };
            let next = nearest.node as usize;
            if before != Some(next) && !in_chain[next] {
                in_chain[next] = true;
                chain.push(next);
                continue;
            }
            // Back at an earlier one: by rounding alone.
            self.questions.tied |= before != Some(next);
            let Some(before) = before else { continue };
            chain.truncate(chain.len() - 2);
            (in_chain[tip], in_chain[before]) = (false, false);
            let node = self.merge(tip, before, nearest);
            waiting.push(node);
            observe(observer, self.steps.len(), n - 1)?;
        }
    }

    /// The nearest neighbour at or below the cutoff, as far as is known; asks for what is not.
    fn nearest(&mut self, x: usize, before: Option<usize>) -> Option<Value> {
        let mut values = std::mem::take(&mut self.values);
        self.clusters.neighbours(x, &mut values);
        values.retain(|value| !self.clusters.last[value.node as usize]);
        let preferred = |value: &Value| Some(value.node as usize) != before;
        let order = |a: &Value, b: &Value| {
            let by_guess = a.guess.total_cmp(&b.guess);
            by_guess.then_with(|| preferred(a).cmp(&preferred(b))).then(a.node.cmp(&b.node))
        };
        let best = values.iter().copied().min_by(order).filter(|best| best.guess <= self.cutoff);
        let Some(best) = best else {
            // Nobody is near: of each that must be certain.
            for &value in &values {
                if value.lower <= self.cutoff + self.slack(value) {
                    self.questions.open(&self.clusters, x, [Some(value), None]);
                }
            }
            self.values = values;
            return None;
        };
        for &value in &values {
            let slack = self.slack(value) + self.slack(best);
            if value.node == best.node || value.lower > best.upper + slack {
                continue;
            }
            // Once the best is known, most others turn out to be further.
            let rival = (value.lower <= best.guess + slack).then_some(value);
            self.questions.open(&self.clusters, x, [Some(best), rival]);
        }
        self.values = values;
        Some(best)
    }

    /// How far two computed values of a dissimilarity can be apart.
    fn slack(&self, value: Value) -> f64 {
        value.slack + 2.0 * self.uncertainty
    }

    fn merge(&mut self, x: usize, y: usize, value: Value) -> usize {
        let slack = self.slack(value);
        if self.cutoffs.iter().any(|&cutoff| value.lower <= cutoff + slack && value.upper > cutoff - slack) {
            self.questions.open(&self.clusters, x, [Some(value), None]);
        }
        let height = value.guess.max(self.clusters.heights[x]).max(self.clusters.heights[y]);
        let observation =
            |node: usize| self.clusters.members[node].first().map_or(0, |&member| member as usize);
        self.steps.push(Step { a: observation(x), b: observation(y), height });
        self.clusters.merge(x, y, height)
    }
}
