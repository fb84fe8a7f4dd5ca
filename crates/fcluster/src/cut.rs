//! The cut: which merges join, and the labels that follow.

use crate::numbering::{Labels, Numbering};
use crate::{Error, Tree};
use hclust::Float;

/// How a tree is cut into flat clusters, by SciPy's names.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Criterion {
    /// All observations of a cluster are joined at heights of at most this (SciPy's `distance`).
    Distance(f64),
    /// The lowest cut that leaves at most so many clusters (SciPy's `maxclust`, from version 1.15 on).
    MaxClust(usize),
}

/// Flat clusters of a tree: `scipy.cluster.hierarchy.fcluster(Z, t, criterion)`.
///
/// Labels are 1..=k; [`Numbering::Scipy`] gives SciPy's own numbers. A merge *at* the cutoff joins. Where heights go
/// down (centroid, median) the greatest height below a merge counts, as in SciPy. `O(n)` time and memory for
/// `Distance`, one sort more for `MaxClust`; no recursion.
///
/// # Errors
/// [`Error::Cutoff`] for NaN; [`Error::NoClusters`] for `MaxClust(0)`.
///
/// ```
/// use fcluster::{Criterion, Numbering, Tree, fcluster};
/// let z = [[0.0, 1.0, 0.1, 2.0], [2.0, 3.0, 0.2, 2.0], [4.0, 5.0, 0.8, 4.0]];
/// let labels = fcluster(Tree::from_rows(&z)?, Criterion::Distance(0.5), Numbering::Scipy)?;
/// assert_eq!(labels.as_slice(), [1, 1, 2, 2]);
/// let labels = fcluster(Tree::from_rows(&z)?, Criterion::MaxClust(3), Numbering::Lowest)?;
/// assert_eq!(labels.as_slice(), [1, 1, 2, 3]);
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn fcluster<'a, T: Float>(
    tree: impl Into<Tree<'a, T>>,
    criterion: Criterion,
    numbering: Numbering,
) -> Result<Labels, Error> {
    let tree = tree.into();
    let heights = tree.greatest_heights();
    let labels = match criterion {
        Criterion::Distance(cutoff) if cutoff.is_nan() => return Err(Error::Cutoff),
        Criterion::Distance(cutoff) => number(&tree, &heights, cutoff),
        Criterion::MaxClust(0) => return Err(Error::NoClusters),
        Criterion::MaxClust(most) if most >= tree.n() => Labels::singletons(tree.n()),
        Criterion::MaxClust(most) => {
            let cutoff = cutoff_for(&heights, most);
            number(&tree, &heights, cutoff)
        }
    };
    Ok(match numbering {
        Numbering::Scipy => labels,
        Numbering::Lowest => labels.by_lowest(),
    })
}

/// The height at which SciPy's `maxclust` cuts: a bisection over the *rows*, as in SciPy, whose answer is the lowest
/// sufficient height if heights do not go down, and SciPy's choice if they do.
fn cutoff_for(heights: &[f64], most: usize) -> f64 {
    let mut sorted = heights.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Greatest heights never fall towards the root, so a cut at h joins exactly the merges at or below h.
    let clusters = |h: f64| heights.len() + 1 - sorted.partition_point(|&other| other <= h);
    // SciPy's bounds, one higher so that none is negative: row low − 1 is known to give too many, row high − 1 to
    // suffice (there is no row −1, and the root, one cluster, always suffices). The same middle, hence the same row.
    let (mut low, mut high) = (0, heights.len() + 1);
    while high - low > 1 {
        let row = (low + high) / 2 - 1;
        if clusters(heights[row]) > most {
            low = row + 1;
        } else {
            high = row + 1;
        }
    }
    heights[(high - 1).min(heights.len() - 1)]
}

/// Where a node's walk stands: its two children are yet to be entered, or only the right one, or none.
#[derive(Clone, Copy)]
enum Stage {
    Left,
    Right,
    Leave,
}

/// Labels in SciPy's order: a walk from the root that enters merged children first, left before right, and numbers
/// an observation when it leaves its parent.
fn number<T: Float>(tree: &Tree<'_, T>, heights: &[f64], cutoff: f64) -> Labels {
    let n = tree.n();
    let mut labels = vec![0_u32; n];
    let mut count = 0;
    let mut leader = None;
    let mut stack = Vec::new();
    match n.checked_sub(2) {
        Some(root) => stack.push((root, Stage::Left)),
        None => return Labels::singletons(n),
    }
    while let Some((row, stage)) = stack.pop() {
        let node = tree.node(row);
        match stage {
            Stage::Left => {
                if leader.is_none() && heights[row] <= cutoff {
                    leader = Some(row);
                    count += 1;
                }
                stack.push((row, Stage::Right));
                stack.extend(node.left.checked_sub(n).map(|child| (child, Stage::Left)));
            }
            Stage::Right => {
                stack.push((row, Stage::Leave));
                stack.extend(node.right.checked_sub(n).map(|child| (child, Stage::Left)));
            }
            Stage::Leave => {
                for child in [node.left, node.right] {
                    if let Some(label) = labels.get_mut(child) {
                        count += u32::from(leader.is_none());
                        *label = count;
                    }
                }
                if leader == Some(row) {
                    leader = None;
                }
            }
        }
    }
    Labels::new(labels, Numbering::Scipy)
}
