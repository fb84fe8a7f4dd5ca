//! Cuts at given numbers of clusters and given heights, as `cut_tree` should make them.

use crate::walk::number;
use crate::{Criterion, Error, Labels, Numbering, Tree, fcluster};
use hclust::Float;

/// Where [`cut_tree`] cuts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CutAt<'a> {
    /// Into exactly so many clusters each: the last merges, by row, are undone.
    Clusters(&'a [usize]),
    /// At these heights: a merge *at* the height joins.
    Heights(&'a [f64]),
}

/// Clusters at each of some places, numbered by lowest observation: `scipy.cluster.hierarchy.cut_tree(Z, n_clusters,
/// height)`, put right. `O(n)` for each.
///
/// SciPy's answers are wrong in three ways, which the tests show: a cut into n clusters is written over the first column
/// (scipy#9818), so that several numbers at once get wrong columns; where heights go down it merges in order of height, so
/// that a parent can come before its child, and returns another number of clusters than was asked for (scipy#7977,
/// scipy#8063); a merge *at* the height does not join, where it does in `fcluster` and in R. SciPy's groups count from 0,
/// these from 1; among merges that tie SciPy takes another order than Z's rows.
///
/// # Errors
/// [`Error::Clusters`] for none or more than there are observations; [`Error::Cutoff`] for a height that is NaN;
/// [`Error::Inversion`] for heights if the tree's go down: no height then separates what is above from what is below. By
/// numbers of clusters every tree can be cut.
///
/// ```
/// use fcluster::{CutAt, Tree, cut_tree};
/// let z = [[0.0, 1.0, 0.1, 2.0], [2.0, 3.0, 0.2, 2.0], [4.0, 5.0, 0.8, 4.0]];
/// let tree = Tree::from_rows(&z)?;
/// let cuts = cut_tree(tree, CutAt::Clusters(&[1, 3]))?;
/// assert_eq!(cuts[0].as_slice(), [1, 1, 1, 1]);
/// assert_eq!(cuts[1].as_slice(), [1, 1, 2, 3]);
/// assert_eq!(cut_tree(tree, CutAt::Heights(&[0.2]))?[0].count(), 2);
/// # Ok::<(), fcluster::Error>(())
/// ```
pub fn cut_tree<'a, T: Float>(tree: impl Into<Tree<'a, T>>, at: CutAt<'_>) -> Result<Vec<Labels>, Error> {
    let tree = tree.into();
    let n = tree.n();
    match at {
        CutAt::Clusters(numbers) => {
            let one = |&clusters: &usize| match n.checked_sub(clusters) {
                Some(merges) if clusters > 0 => Ok(number(&tree, |row, _, _| row < merges)),
                _ => Err(Error::Clusters { clusters, n }),
            };
            numbers.iter().map(|at| Ok(one(at)?.numbered(Numbering::Lowest))).collect()
        }
        CutAt::Heights(heights) => {
            tree.check_heights()?;
            let one = |&cutoff: &f64| fcluster(tree, Criterion::Distance(cutoff), Numbering::Lowest);
            heights.iter().map(one).collect()
        }
    }
}
