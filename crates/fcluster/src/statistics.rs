//! Statistics of a tree and of a cut, by SciPy's names.

use crate::{Error, Tree};
use hclust::Float;
use std::collections::HashSet;

/// The greatest height at or below each merge, which a cut by distance looks at: `scipy.cluster.hierarchy.maxdists(Z)`.
///
/// It is the merge's own height unless heights go down somewhere below. `O(n)`.
///
/// ```
/// use fcluster::{Tree, maxdists};
/// let z = [[0.0, 1.0, 0.9, 2.0], [2.0, 3.0, 0.8, 3.0]];
/// assert_eq!(maxdists(Tree::from_rows(&z)?), [0.9, 0.9]);
/// # Ok::<(), fcluster::Error>(())
/// ```
#[must_use]
pub fn maxdists<'a, T: Float>(tree: impl Into<Tree<'a, T>>) -> Vec<f64> {
    tree.into().greatest_below(|_, node| node.height)
}

/// The greatest inconsistency coefficient at or below each merge: `scipy.cluster.hierarchy.maxinconsts(Z, R)`, with the
/// statistics of [`inconsistent`](crate::inconsistent) or your own. `O(n)`.
///
/// # Errors
/// As [`max_r_stat`].
pub fn maxinconsts<'a, T: Float>(
    tree: impl Into<Tree<'a, T>>,
    statistics: &[[f64; 4]],
) -> Result<Vec<f64>, Error> {
    max_r_stat(tree, statistics, 3)
}

/// The greatest of one statistic at or below each merge: `scipy.cluster.hierarchy.maxRstat(Z, R, i)`. `O(n)`.
///
/// # Errors
/// [`Error::Length`] if there are not as many rows as merges; [`Error::Statistics`] with the first row that is not
/// valid (see [`is_valid_im`]); [`Error::Column`] if the column is none of the four.
///
/// ```
/// use fcluster::{Tree, inconsistent, max_r_stat};
/// let z = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 3.0, 3.0]];
/// let tree = Tree::from_rows(&z)?;
/// assert_eq!(max_r_stat(tree, &inconsistent(tree, 2)?, 0)?, [1.0, 2.0]);
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn max_r_stat<'a, T: Float>(
    tree: impl Into<Tree<'a, T>>,
    statistics: &[[f64; 4]],
    column: usize,
) -> Result<Vec<f64>, Error> {
    let tree = tree.into();
    tree.check_length("rows of statistics", statistics.len())?;
    if let Some((row, why)) = fault(statistics) {
        return Err(Error::Statistics { row, why });
    }
    if column > 3 {
        return Err(Error::Column { column });
    }
    Ok(tree.greatest_below(|row, _| statistics[row][column]))
}

/// Whether rows can be inconsistency statistics: at least one, and no mean, deviation or count below 0.
/// `scipy.cluster.hierarchy.is_valid_im(R)`. `O(n)`.
///
/// ```
/// assert!(fcluster::is_valid_im(&[[1.0, 0.0, 1.0, 0.0]]));
/// assert!(!fcluster::is_valid_im(&[[1.0, -1.0, 1.0, 0.0]]));
/// ```
#[must_use]
pub fn is_valid_im(statistics: &[[f64; 4]]) -> bool {
    !statistics.is_empty() && fault(statistics).is_none()
}

/// The first row that cannot be one of statistics, and why.
fn fault(statistics: &[[f64; 4]]) -> Option<(usize, &'static str)> {
    statistics.iter().enumerate().find_map(|(row, &[mean, deviation, count, _])| {
        let faults = [
            (mean, "the mean is below 0"),
            (deviation, "the standard deviation is below 0"),
            (count, "the count is below 0"),
        ];
        faults.into_iter().find(|(value, _)| *value < 0.0).map(|(_, why)| (row, why))
    })
}

/// The topmost node of each cluster, and the cluster's label: `scipy.cluster.hierarchy.leaders(Z, T)`, in SciPy's order.
///
/// Labels are of any cut of this tree, by whatever numbers; node n + r is merge r. `O(n)` time, no recursion.
///
/// # Errors
/// [`Error::Length`]; [`Error::Leaders`] with the node where a label turns up that a cluster elsewhere in the tree has.
///
/// ```
/// use fcluster::{Tree, leaders};
/// let z = [[0.0, 1.0, 0.1, 2.0], [2.0, 3.0, 0.2, 2.0], [4.0, 5.0, 0.8, 4.0]];
/// assert_eq!(leaders(Tree::from_rows(&z)?, &[1, 1, 2, 2])?, (vec![4, 5], vec![1, 2]));
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn leaders<'a, T: Float>(
    tree: impl Into<Tree<'a, T>>,
    labels: &[u32],
) -> Result<(Vec<usize>, Vec<u32>), Error> {
    let tree = tree.into();
    let n = tree.n();
    if labels.len() != n {
        return Err(Error::Length { what: "labels", expected: n, found: labels.len() });
    }
    // The cluster that a node lies in, whole; none above all clusters.
    let mut clusters: Vec<Option<u32>> = labels.iter().copied().map(Some).collect();
    for node in tree.nodes() {
        let [left, right] = node.children().map(|child| clusters[child]);
        clusters.push(if left == right { left } else { None });
    }
    let (mut nodes, mut found, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    let root = 2 * n - 2;
    if let Some(label) = clusters[root] {
        return Ok((vec![root], vec![label]));
    }
    // Only nodes above the clusters are walked through, children first; none but their children can lead.
    let mut stack = vec![(root, 0)];
    while let Some((node, entered)) = stack.pop() {
        let children = tree.node(node - n).children();
        if let Some(&child) = children.get(entered) {
            stack.push((node, entered + 1));
            stack.extend(clusters[child].is_none().then_some((child, 0)));
            continue;
        }
        for child in children {
            if let Some(label) = clusters[child] {
                if !seen.insert(label) {
                    return Err(Error::Leaders { node, label });
                }
                nodes.push(child);
                found.push(label);
            }
        }
    }
    Ok((nodes, found))
}
