//! The part of a dendrogram under a cutoff from the near pairs alone, of which only bounds are known.
//!
//! A pair that is not listed is known to be beyond the cutoff and within some bounds. So is then a dissimilarity of two
//! clusters: of its pairs those that are listed add up, the rest counts with its bounds. Where the bounds do not tell who is
//! nearest, the run goes on by a guess and asks for the pairs that would tell; once nothing is asked for, every
//! decision was proven on the way, and the forest is that of the whole matrix. Pairs that decide nothing, which are nearly all,
//! are never asked for.

mod clusters;
mod questions;

use crate::dendrogram::Step;
use crate::observer::{Observer, observe};
use crate::{Error, Forest, Method};
use clusters::{Clusters, Fold, Value};
use questions::Questions;

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

/// Dissimilarities of which the near ones are listed, all within bounds.
///
/// The more pairs beyond the cutoffs are listed, the fewer questions [`linkage_below_sparse`] has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseDissimilarities<'a> {
    /// The number of observations.
    pub n: usize,
    /// Pairs in ascending order: all that are at or below any cutoff, and maybe others.
    pub known: &'a [Known],
    /// The others.
    pub unlisted: Unlisted,
    /// How far a value that cannot be known better may be from the one that is meant.
    pub uncertainty: f64,
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
/// complete, average and weighted linkage. With more than `most` questions the run ends early with those.
///
/// Ask, narrow the bounds, ask again:
///
/// ```
/// use hclust::{Known, Method, Sparse, SparseDissimilarities, Unlisted, linkage_below_sparse};
/// let meant = |a, b| if (a, b) == (0, 1) { 0.30 } else { 0.32 };
/// // 0-1 and 1-2 are near; 0-2 is not.
/// let mut known = vec![Known { a: 0, b: 1, lower: 0.2, upper: 0.4 }, Known { a: 1, b: 2, lower: 0.2, upper: 0.4 }];
/// let unlisted = Unlisted { lower: 0.8, upper: 1.0, guess: 0.9 };
/// let forest = loop {
///     let near = SparseDissimilarities { n: 3, known: &known, unlisted, uncertainty: 0.0 };
///     match linkage_below_sparse(&near, Method::Average, &[0.5], 100, &())? {
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
/// Little more than `O(k log k)` time for k pairs where clusters are small, and for those the pairs of their members; 100 bytes
/// a pair.
///
/// # Errors
/// [`Error::NotReducible`] for centroid and median, and for Ward, whose heights do not follow from sums over pairs;
/// [`Error::Cutoff`]; [`Error::Empty`], [`Error::TooMany`]; [`Error::Known`] for pairs that are not ascending or have no
/// bounds, or for unlisted ones that may be below a cutoff; [`Error::Cancelled`].
pub fn linkage_below_sparse(
    near: &SparseDissimilarities<'_>,
    method: Method,
    cutoffs: &[f64],
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
    check(near, cutoff)?;
    let SparseDissimilarities { n, known, unlisted, uncertainty } = *near;
    let clusters = Clusters::new(n, known, unlisted, fold);
    let questions = Questions::new(n, known);
    let (steps, values) = (Vec::new(), Vec::new());
    let mut run = Run { clusters, questions, cutoffs, cutoff, uncertainty, steps, values };
    run.chains(most, observer)?;
    let Questions { mut pairs, tied, .. } = run.questions;
    pairs.sort_unstable();
    pairs.dedup();
    Ok(match (pairs.is_empty(), tied) {
        (false, _) => Sparse::Open(pairs),
        (true, true) => Sparse::Tied,
        (true, false) => Sparse::Forest(Forest::new(n, &run.steps, cutoff, Vec::new(), &[], 0)),
    })
}

fn check(near: &SparseDissimilarities<'_>, cutoff: f64) -> Result<(), Error> {
    let SparseDissimilarities { n, known, unlisted, uncertainty } = *near;
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
    fn chains(&mut self, most: usize, observer: &dyn Observer) -> Result<(), Error> {
        let n = self.clusters.members.len();
        let (mut waiting, mut chain): (Vec<usize>, Vec<usize>) = ((0..n).rev().collect(), Vec::new());
        let mut in_chain = vec![false; 2 * n];
        loop {
            if self.questions.pairs.len() > most {
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
