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
/// Labels are of any cut of this tree, by whatever numbers; node n + r is merge r. `O(n)` time and a sort of the clusters, no
/// recursion.
///
/// # Errors
/// [`Error::Length`]; [`Error::Leaders`] with the topmost node of a second cluster of one label.
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
    // Of each merge, the leaders under it, 0 if it lies in one cluster; and that cluster.
    let (mut marks, mut clusters) = (Vec::with_capacity(n - 1), Vec::with_capacity(n - 1));
    for node in tree.nodes() {
        let [left, right] = node.children().map(|child| match child.checked_sub(n) {
            Some(row) => (marks[row], clusters[row]),
            None => (0_u32, labels[child]),
        });
        let whole = left.0 == 0 && right.0 == 0 && left.1 == right.1;
        marks.push(if whole { 0 } else { left.0.max(1) + right.0.max(1) });
        clusters.push(left.1);
    }
    let count = marks.last().map_or(1, |&count| count.max(1) as usize);
    let (mut nodes, mut found) = (vec![2 * n - 2; count], vec![labels[0]; count]);
    // On the way down, one more than the leaders before it. SciPy walks through the nodes above all clusters, those among a
    // node's children first, left before right, and finds leaders among their children.
    if let Some(root) = marks.last_mut() {
        *root = (*root).min(1);
    }
    for (row, node) in tree.nodes().enumerate().rev() {
        let Some(mut next) = marks[row].checked_sub(1) else { continue };
        let is_above = |marks: &[u32], child: usize| child >= n && marks[child - n] > 0;
        for row in node.children().into_iter().filter_map(|child| child.checked_sub(n)) {
            if marks[row] > 0 {
                next += std::mem::replace(&mut marks[row], next + 1);
            }
        }
        for child in node.children().into_iter().filter(|&child| !is_above(&marks, child)) {
            nodes[next as usize] = child;
            found[next as usize] = match child.checked_sub(n) {
                Some(row) => clusters[row],
                None => labels[child],
            };
            next += 1;
        }
    }
    let mut sorted = found.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        let mut seen = HashSet::new();
        if let Some((&node, &label)) = nodes.iter().zip(&found).find(|(_, label)| !seen.insert(**label)) {
            return Err(Error::Leaders { node, label });
        }
    }
    Ok((nodes, found))
}
