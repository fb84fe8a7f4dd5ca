//! The cut: SciPy's five criteria.

use crate::inconsistent::inconsistent;
use crate::statistics::maxdists;
use crate::walk::number;
use crate::{Error, Labels, Numbering, Tree};
use hclust::Float;

/// How a tree is cut into flat clusters, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Criterion<'a> {
    /// All observations of a cluster are joined at heights of at most this (SciPy's `distance`).
    Distance(f64),
    /// The lowest cut that leaves at most so many clusters (SciPy's `maxclust`, from version 1.15 on).
    MaxClust(usize),
    /// No merge of a cluster is more inconsistent than the cutoff (SciPy's `inconsistent`, its default). For statistics
    /// of your own, take [`Monocrit`](Self::Monocrit) of their [`maxinconsts`](crate::maxinconsts).
    Inconsistent {
        /// The greatest coefficient that joins.
        cutoff: f64,
        /// Levels of merges that a coefficient looks at, its own among them: SciPy's default is 2.
        depth: usize,
    },
    /// A merge of which this value is at most the cutoff is a cluster, unless one above it is (SciPy's `monocrit`).
    Monocrit {
        /// The greatest value that joins.
        cutoff: f64,
        /// A value for each merge; meant never to fall towards the root, which is not asked.
        values: &'a [f64],
    },
    /// The lowest cutoff of `Monocrit` that leaves at most so many clusters (SciPy's `maxclust_monocrit`).
    MaxClustMonocrit {
        /// Clusters at most.
        clusters: usize,
        /// A value for each merge.
        values: &'a [f64],
    },
}

/// Flat clusters of a tree: `scipy.cluster.hierarchy.fcluster(Z, t, criterion)`.
///
/// Labels are 1..=k; [`Numbering::Scipy`] gives SciPy's own numbers. A merge *at* the cutoff joins. Where heights go
/// down (centroid, median) the greatest height below a merge counts, as in SciPy: no criterion refuses such a tree.
/// `O(n)` time and memory; the two `MaxClust` count at most log₂ n times; `Inconsistent` looks at up to 2^depth merges
/// below each. No recursion.
///
/// # Errors
/// [`Error::Cutoff`] for NaN; [`Error::NoClusters`] for 0 clusters; [`Error::Depth`] for depth 0; [`Error::Length`] for
/// too many or too few values, [`Error::Value`] for one that is NaN.
///
/// ```
/// use fcluster::{Criterion, Numbering, Tree, fcluster};
/// let z = [[0.0, 1.0, 0.1, 2.0], [2.0, 3.0, 0.2, 2.0], [4.0, 5.0, 0.8, 4.0]];
/// let labels = fcluster(Tree::from_rows(&z)?, Criterion::Distance(0.5), Numbering::Scipy)?;
/// assert_eq!(labels.as_slice(), [1, 1, 2, 2]);
/// let labels = fcluster(Tree::from_rows(&z)?, Criterion::MaxClust(3), Numbering::Lowest)?;
/// assert_eq!(labels.as_slice(), [1, 1, 2, 3]);
/// let inconsistent = Criterion::Inconsistent { cutoff: 1.0, depth: 2 };
/// let labels = fcluster(Tree::from_rows(&z)?, inconsistent, Numbering::Scipy)?;
/// assert_eq!(labels.count(), 2);
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn fcluster<'a, T: Float>(
    tree: impl Into<Tree<'a, T>>,
    criterion: Criterion<'_>,
    numbering: Numbering,
) -> Result<Labels, Error> {
    let tree = tree.into();
    let labels = match criterion {
        Criterion::Distance(cutoff) => {
            check_cutoff(cutoff)?;
            number(&tree, |_, node, children| children && node.height <= cutoff)
        }
        Criterion::MaxClust(most) => at_most(&tree, most, &maxdists(tree))?,
        Criterion::Inconsistent { cutoff, depth } => {
            check_cutoff(cutoff)?;
            let statistics = inconsistent(tree, depth)?;
            let greatest = tree.greatest_below(|row, _| statistics[row][3]);
            by_values(&tree, &greatest, cutoff)
        }
        Criterion::Monocrit { cutoff, values } => {
            check_cutoff(cutoff)?;
            check_values(&tree, values)?;
            by_values(&tree, values, cutoff)
        }
        Criterion::MaxClustMonocrit { clusters, values } => {
            check_values(&tree, values)?;
            at_most(&tree, clusters, values)?
        }
    };
    Ok(labels.numbered(numbering))
}

pub(crate) fn check_cutoff(cutoff: f64) -> Result<(), Error> {
    if cutoff.is_nan() { Err(Error::Cutoff) } else { Ok(()) }
}

fn check_values<T: Float>(tree: &Tree<'_, T>, values: &[f64]) -> Result<(), Error> {
    tree.check_length("values of the criterion", values.len())?;
    match values.iter().position(|value| value.is_nan()) {
        Some(row) => Err(Error::Value { row }),
        None => Ok(()),
    }
}

fn by_values<T: Float>(tree: &Tree<'_, T>, values: &[f64], cutoff: f64) -> Labels {
    number(tree, |row, _, _| values[row] <= cutoff)
}

/// The lowest of the values that leaves at most so many clusters, by SciPy's bisection over the *rows*: where values do
/// not rise from row to row, its answer is SciPy's choice.
fn at_most<T: Float>(tree: &Tree<'_, T>, most: usize, values: &[f64]) -> Result<Labels, Error> {
    if most == 0 {
        return Err(Error::NoClusters);
    }
    if most >= tree.n() {
        return Ok(Labels::singletons(tree.n()));
    }
    let least = least_above(tree, values);
    let rising = least.is_sorted();
    // A merge lies in a cluster if it or any above it is at most the cutoff; every other makes one cluster more.
    let clusters = |cutoff: f64| {
        let joined = if rising {
            least.partition_point(|&value| value <= cutoff)
        } else {
            least.iter().map(|&value| usize::from(value <= cutoff)).sum()
        };
        tree.n() - joined
    };
    // SciPy's bounds, one higher so that none is negative: row low − 1 is known to give too many, row high − 1 to
    // suffice (there is no row −1, and the root, one cluster, always suffices). The same middle, hence the same row.
    let (mut low, mut high) = (0, tree.n());
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if clusters(values[middle - 1]) > most {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(by_values(tree, values, values[(high - 1).min(values.len() - 1)]))
}

/// The least value at or above each merge.
fn least_above<T: Float>(tree: &Tree<'_, T>, values: &[f64]) -> Vec<f64> {
    let mut least = values.to_vec();
    for (row, node) in tree.nodes().enumerate().rev() {
        let above = least[row];
        for child in node.children().into_iter().filter_map(|child| child.checked_sub(tree.n())) {
            if above < least[child] {
                least[child] = above;
            }
        }
    }
    least
}
