//! The part of a dendrogram under a cutoff: chains that stop there, and what was not certain.

use crate::certain::{Below, Rounding};
use crate::dendrogram::Step;
use crate::run::{Input, by_chain, steps_of};
use crate::{Condensed, Dendrogram, Error, Float, Linkage, Merge, Method, Observer, Reducible, Scratch};

/// Whether a run looks past the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stop {
    /// A cluster whose nearest neighbour is past the cutoff is final (the linkage being reducible) and is left alone
    /// from then on.
    #[default]
    Early,
    /// All merges are made, and those past the cutoff left out: the bits and rows of the full run.
    Never,
}

/// What another order of merges, as correct as this, could have made otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Ambiguity<T> {
    /// Of the two clusters that a merge joins, one was as near to a third, within rounding. Of several the nearest is named, of equally near
    /// ones the one that comes first.
    Tie {
        /// The row of the merge in [`Forest::merges`].
        row: usize,
        /// An observation in the third cluster.
        other: usize,
        /// How near it was.
        distance: T,
    },
    /// Two nearest clusters were at the cutoff, within rounding: merged or left apart, it could be the other way.
    Cutoff {
        /// An observation in the one.
        a: usize,
        /// An observation in the other.
        b: usize,
        /// How far from each other they were.
        distance: T,
    },
    /// The two nodes that a merge joins were made at the same height, within rounding: either could be the left one.
    Order {
        /// The row of the merge in [`Forest::merges`].
        row: usize,
        /// Its height.
        height: T,
    },
}

/// The merges of a dendrogram that are not above a cutoff, and what was ambiguous about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest<T> {
    n: usize,
    merges: Vec<Merge<T>>,
    ambiguities: Vec<Ambiguity<T>>,
    repaired: usize,
}

impl<T: Float> Forest<T> {
    /// From steps in any order, those past the cutoff among them; `firsts` are steps with that of their first node, where
    /// heights do not tell.
    pub(crate) fn new(
        n: usize,
        steps: &[Step<T>],
        cutoff: T,
        found: Vec<Ambiguity<T>>,
        firsts: &[(usize, usize)],
        repaired: usize,
    ) -> Self {
        let mut order: Vec<usize> = (0..steps.len()).filter(|&step| steps[step].height <= cutoff).collect();
        order.sort_by(|&a, &b| steps[a].by_height(&steps[b]));
        let mut ambiguities = found;
        let mut rows = Vec::new();
        if !(ambiguities.is_empty() && firsts.is_empty()) {
            rows.resize(steps.len(), 0);
            order.iter().enumerate().for_each(|(row, &step)| rows[step] = row);
        }
        for ambiguity in &mut ambiguities {
            if let Ambiguity::Tie { row, .. } | Ambiguity::Order { row, .. } = ambiguity {
                *row = rows[*row];
            }
        }
        let sorted: Vec<Step<T>> = order.iter().map(|&step| steps[step]).collect();
        let mut merges = Dendrogram::in_order(n, &sorted).into_merges();
        for &(step, first) in firsts {
            let merge = &mut merges[rows[step]];
            if merge.left != n + rows[first] {
                std::mem::swap(&mut merge.left, &mut merge.right);
            }
        }
        Self { n, merges, ambiguities, repaired }
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The merges, ascending by height, numbered as in a dendrogram: row r makes node n + r.
    #[must_use]
    pub fn merges(&self) -> &[Merge<T>] {
        &self.merges
    }

    /// The merges, as [`merges`](Self::merges).
    #[must_use]
    pub fn into_merges(self) -> Vec<Merge<T>> {
        self.merges
    }

    /// What was ambiguous; nothing if the forest is the only one that there is.
    #[must_use]
    pub fn ambiguities(&self) -> &[Ambiguity<T>] {
        &self.ambiguities
    }

    /// How often a more exact source decided what the matrix left open.
    #[must_use]
    pub fn repaired(&self) -> usize {
        self.repaired
    }

    /// The nodes that no merge joins, ascending: observations that are left alone, and the tops of the trees.
    #[must_use]
    pub fn roots(&self) -> Vec<usize> {
        let mut joined = vec![false; self.n + self.merges.len()];
        for merge in &self.merges {
            joined[merge.left] = true;
            joined[merge.right] = true;
        }
        (0..joined.len()).filter(|&node| !joined[node]).collect()
    }
}

/// The merges of [`linkage`](crate::linkage) up to a cutoff only, without the work above it.
///
/// A cluster whose nearest neighbour is past the cutoff is final, the linkage being reducible, and is left alone from
/// then on. The order of merges is therefore another than in the full run, so:
///
/// - The clusters are those of the full run's merges at heights of at most the cutoff, wherever those are the only
///   possible ones; where they are not (ties), [`Forest::ambiguities`] says so. Merges of equal height may come in
///   another order. Single linkage has none: its rows are the full run's.
/// - Heights have the bits of the full run for complete and single linkage. For average and weighted a height over a
///   cluster of m members is within `6.1 m u` of it, relatively (u: the unit of rounding, 1.1e-16 for `f64`): a value
///   that has gone through m updates of at most three roundings each, in either run. Ward's updates take differences;
///   its bound is taken as `48 m u` of the squares, held by the tests and not proven: take [`Stop::Never`] where it matters.
///
/// # Errors
/// As [`linkage`](crate::linkage); [`Error::NotReducible`] for centroid and median; [`Error::Cutoff`] if the cutoff is NaN.
///
/// ```
/// use hclust::{Condensed, Method, linkage_below};
/// let d = Condensed::new(4, vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.2])?;
/// let forest = linkage_below(d, Method::Average, 0.5)?;
/// assert_eq!(forest.merges().iter().map(|m| m.height).collect::<Vec<_>>(), [0.1, 0.2]);
/// assert_eq!(forest.roots(), [4, 5]);
/// assert!(forest.ambiguities().is_empty());
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_below<T: Float>(condensed: Condensed<T>, method: Method, cutoff: T) -> Result<Forest<T>, Error> {
    linkage_below_with(&mut Scratch::new(), condensed, method, cutoff, Stop::Early, &())
}

/// As [`linkage_below`], in the memory of `scratch` and as it says, telling `observer` of every merge and of every
/// cluster that is left alone. With [`Stop::Never`] merges and rows are those of the full run, in bits.
///
/// # Errors
/// As [`linkage_below`] and [`linkage_with`](crate::linkage_with).
pub fn linkage_below_with<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    method: Method,
    cutoff: T,
    stop: Stop,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error> {
    let mut watch = Below::new(&[cutoff], stop, Rounding::of_method::<T>(method))?;
    let (n, steps) = steps_of(scratch, Input::Condensed(condensed), method, &mut watch, observer)?;
    Ok(Forest::new(n, &steps, cutoff, watch.found, &[], 0))
}

/// As [`linkage_below_with`], by a reducible linkage of your own. `roundings` is the relative error of one `update` in
/// units of rounding, by which ties are told from near ones; 0 if it only chooses among its inputs.
///
/// # Errors
/// As [`linkage_below_with`].
pub fn linkage_below_by<T, L>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    linkage: &L,
    roundings: u32,
    cutoff: T,
    stop: Stop,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    let mut watch = Below::new(&[cutoff], stop, Rounding::new::<T>(roundings, false))?;
    let (n, steps) = by_chain(scratch, Input::Condensed(condensed), linkage, &mut watch, observer)?;
    Ok(Forest::new(n, &steps, cutoff, watch.found, &[], 0))
}
