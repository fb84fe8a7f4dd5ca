//! The result: merges numbered as the rows of SciPy's Z.

use crate::union::UnionFind;
use crate::{Error, Float, MergeCheck};
use std::cmp::Ordering;

/// One merge: a row of SciPy's Z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge<T> {
    /// The left node: an observation if below n, else the merge of row `left − n`. A linkage puts the lower node here;
    /// [`optimal_leaf_ordering`](crate::optimal_leaf_ordering) may turn them round.
    pub left: usize,
    /// The right node.
    pub right: usize,
    /// The dissimilarity at which the two are merged.
    pub height: T,
    /// Observations under the new node.
    pub size: usize,
}

/// A merge as an algorithm finds it: two slots (any members of the two clusters) and a height.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<T> {
    pub(crate) a: usize,
    pub(crate) b: usize,
    pub(crate) height: T,
}

/// Ascending values. They are finite (input is checked, a linkage that makes others ends with an error); -0 and 0 are equal, as
/// in NumPy.
pub(crate) fn ascending<T: Float>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

impl<T: Float> Step<T> {
    pub(crate) fn by_height(&self, other: &Self) -> Ordering {
        ascending(self.height, other.height)
    }
}

/// A binary tree over `n` observations, as n − 1 merges; row r makes node n + r.
#[derive(Debug, Clone, PartialEq)]
pub struct Dendrogram<T> {
    n: usize,
    merges: Vec<Merge<T>>,
}

impl<T: Float> Dendrogram<T> {
    /// From merges that another program made; checked in `O(n)`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Merge`] with the first row that is wrong: a node that does not exist yet, is used
    /// twice or merged with itself, a size that is not the sum, a height that is NaN, or too few or too many rows.
    /// Heights may go down (centroid and median).
    ///
    /// ```
    /// use hclust::{Dendrogram, Merge};
    /// let tree = Dendrogram::new(2, vec![Merge { left: 0, right: 1, height: 0.5, size: 2 }])?;
    /// assert_eq!(tree.n(), 2);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn new(n: usize, merges: Vec<Merge<T>>) -> Result<Self, Error> {
        let mut check = MergeCheck::new(n)?;
        merges.iter().try_for_each(|merge| check.push(merge))?;
        check.finish()?;
        Ok(Self::known(n, merges))
    }

    /// From merges that are known to be a tree.
    pub(crate) fn known(n: usize, merges: Vec<Merge<T>>) -> Self {
        Self { n, merges }
    }

    /// From steps in any order: a stable sort by height, then union–find numbering (SciPy's `label`).
    pub(crate) fn sorted(n: usize, mut steps: Vec<Step<T>>) -> Self {
        steps.sort_by(Step::by_height);
        Self::in_order(n, &steps)
    }

    /// From steps in the order in which they are to be numbered.
    pub(crate) fn in_order(n: usize, steps: &[Step<T>]) -> Self {
        let mut union = UnionFind::new(n);
        let number = |step: &Step<T>| {
            let (a, b) = (union.find(step.a), union.find(step.b));
            Merge { left: a.min(b), right: a.max(b), height: step.height, size: union.union(a, b) }
        };
        Self { n, merges: steps.iter().map(number).collect() }
    }

    pub(crate) fn into_merges(self) -> Vec<Merge<T>> {
        self.merges
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The n − 1 merges in order; the two nodes of each are below the node that it makes.
    #[must_use]
    pub fn merges(&self) -> &[Merge<T>] {
        &self.merges
    }

    /// Whether no merge is lower than one before it (SciPy's `is_monotonic`).
    #[must_use]
    pub fn is_monotonic(&self) -> bool {
        self.merges.windows(2).all(|pair| matches!(pair, [a, b] if a.height <= b.height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(left: usize, right: usize, size: usize) -> Merge<f64> {
        Merge { left, right, height: 1.0, size }
    }

    #[test]
    fn merges_that_are_no_tree_are_refused_with_the_row() {
        let cases = [
            (vec![merge(0, 3, 2), merge(1, 2, 2)], 0, "not made yet"),
            (vec![merge(0, 1, 2), merge(1, 2, 2)], 1, "merged before"),
            (vec![merge(1, 1, 2), merge(0, 3, 3)], 0, "itself"),
            (vec![merge(0, 1, 3), merge(2, 3, 3)], 0, "size"),
            (vec![merge(0, 1, 2)], 1, "fewer"),
            (vec![merge(0, 1, 2), merge(2, 3, 3), merge(3, 4, 5)], 2, "more than"),
            (vec![Merge { height: f64::NAN, ..merge(0, 1, 2) }, merge(2, 3, 3)], 0, "NaN"),
        ];
        for (merges, expected, text) in cases {
            match Dendrogram::new(3, merges) {
                Err(Error::Merge { row, why, .. }) => {
                    assert_eq!(row, expected, "{why}");
                    assert!(why.contains(text), "{why}");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(Dendrogram::<f64>::new(0, vec![]), Err(Error::Empty));
        assert!(Dendrogram::new(3, vec![merge(0, 1, 2), merge(2, 3, 3)]).is_ok());
        assert!(Dendrogram::<f32>::new(1, vec![]).is_ok_and(|tree| tree.is_monotonic()));
    }
}
