//! Inconsistency statistics: how much higher a merge is than those below it.

use crate::{Error, Tree};
use hclust::Float;

/// Mean, standard deviation, number and coefficient of the heights at and below each merge:
/// `scipy.cluster.hierarchy.inconsistent(Z, d)`, to the last bit.
///
/// Row r is about the merge r and those below it, `depth` levels together: the mean of their heights, the standard
/// deviation (0 if there is none), how many they are, and (height − mean) / deviation, or 0. `O(n 2^depth)` time at
/// most (SciPy takes `O(n²)` at any depth), no recursion.
///
/// # Errors
/// [`Error::Depth`] for depth 0. (SciPy takes it for 1.)
///
/// ```
/// use fcluster::{Tree, inconsistent};
/// let z = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 3.0, 3.0]];
/// let statistics = inconsistent(Tree::from_rows(&z)?, 2)?;
/// assert_eq!(statistics[0], [1.0, 0.0, 1.0, 0.0]);
/// assert_eq!(statistics[1], [2.0, 2.0_f64.sqrt(), 2.0, 1.0 / 2.0_f64.sqrt()]);
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn inconsistent<'a, T: Float>(tree: impl Into<Tree<'a, T>>, depth: usize) -> Result<Vec<[f64; 4]>, Error> {
    let tree = tree.into();
    if depth == 0 {
        return Err(Error::Depth);
    }
    let mut stack = Vec::new();
    Ok((0..tree.n() - 1).map(|row| statistics(&tree, row, depth, &mut stack)).collect())
}

/// A merge that is being looked at: its row, its level, how many of its children have been entered.
type Visit = (usize, usize, usize);

/// The statistics of one merge. Heights are added up in SciPy's order: children first, left before right.
fn statistics<T: Float>(tree: &Tree<'_, T>, top: usize, depth: usize, stack: &mut Vec<Visit>) -> [f64; 4] {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    stack.push((top, 1, 0));
    while let Some((row, level, entered)) = stack.pop() {
        let node = tree.node(row);
        if level < depth
            && let Some(&child) = node.children().get(entered)
        {
            stack.push((row, level, entered + 1));
            stack.extend(child.checked_sub(tree.n()).map(|child| (child, level + 1, 0)));
            continue;
        }
        count += 1.0;
        sum += node.height;
        squares += node.height * node.height;
    }
    let mean = sum / count;
    let variance =
        if count < 2.0 { (squares - sum * sum) / count } else { (squares - sum * sum / count) / (count - 1.0) };
    if variance > 0.0 {
        let deviation = variance.sqrt();
        [mean, deviation, count, (tree.node(top).height - mean) / deviation]
    } else {
        [mean, 0.0, count, 0.0]
    }
}
