//! The borrowed view of a tree: a dendrogram, or raw rows of SciPy's Z, checked once.

use crate::Error;
use hclust::{Dendrogram, Float, Merge, MergeCheck};

/// A tree to be cut: borrowed, and known to be one.
#[derive(Debug, Clone, Copy)]
pub struct Tree<'a, T = f64> {
    n: usize,
    rows: Rows<'a, T>,
}

#[derive(Debug, Clone, Copy)]
enum Rows<'a, T> {
    Merges(&'a [Merge<T>]),
    Scipy(&'a [[f64; 4]]),
}

/// One merge of a tree: two nodes and a height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) height: f64,
}

impl Node {
    pub(crate) fn children(&self) -> [usize; 2] {
        [self.left, self.right]
    }
}

impl<'a, T: Float> From<&'a Dendrogram<T>> for Tree<'a, T> {
    /// A dendrogram is a tree by construction; nothing is checked or copied.
    fn from(dendrogram: &'a Dendrogram<T>) -> Self {
        Self { n: dendrogram.n(), rows: Rows::Merges(dendrogram.merges()) }
    }
}

impl<'a> Tree<'a, f64> {
    /// A tree from the rows of SciPy's Z (left, right, height, size), checked in `O(n)`. No row is one observation.
    ///
    /// # Errors
    /// [`Error::Row`] with the first row that has a node that is no whole number, does not exist yet or was used
    /// before, a wrong size, or a height that is NaN. Heights may go down.
    ///
    /// ```
    /// let z = [[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.8, 3.0]];
    /// let tree = fcluster::Tree::from_rows(&z)?;
    /// assert_eq!(tree.n(), 3);
    /// # Ok::<(), fcluster::Error>(())
    /// ```
    pub fn from_rows(rows: &'a [[f64; 4]]) -> Result<Self, Error> {
        let n = rows.len() + 1;
        let mut check = MergeCheck::new(n)?;
        for row in rows {
            check.push_row(row)?;
        }
        Ok(Self { n, rows: Rows::Scipy(rows) })
    }
}

impl<T: Float> Tree<'_, T> {
    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The merges in order; merge r makes node n + r.
    pub(crate) fn nodes(&self) -> impl DoubleEndedIterator<Item = Node> + ExactSizeIterator + '_ {
        (0..self.n - 1).map(|row| self.node(row))
    }

    /// Merge `row`, below n − 1.
    #[inline]
    pub(crate) fn node(&self, row: usize) -> Node {
        match self.rows {
            Rows::Merges(merges) => {
                let Merge { left, right, height, .. } = merges[row];
                Node { left, right, height: height.into() }
            }
            Rows::Scipy(rows) => {
                let [left, right, height, _] = rows[row];
                Node { left: node_number(left), right: node_number(right), height }
            }
        }
    }

    /// The greatest of a value at or below each merge. `O(n)`.
    pub(crate) fn greatest_below(&self, own: impl Fn(usize, &Node) -> f64) -> Vec<f64> {
        let mut greatest: Vec<f64> = Vec::with_capacity(self.n - 1);
        for (row, node) in self.nodes().enumerate() {
            let below = node.children().into_iter().filter_map(|child| child.checked_sub(self.n));
            // The comparisons are SciPy's, so that -0 and 0 come out the same.
            let value = below.map(|row| greatest[row]).fold(own(row, &node), |v, b| if b > v { b } else { v });
            greatest.push(value);
        }
        greatest
    }

    /// No merge is lower than one under it.
    pub(crate) fn check_heights(&self) -> Result<(), Error> {
        for (row, node) in self.nodes().enumerate() {
            let below = node.children().into_iter().filter_map(|child| child.checked_sub(self.n));
            let below = below.map(|child| self.node(child).height).fold(f64::NEG_INFINITY, f64::max);
            if below > node.height {
                return Err(Error::Inversion { row, height: node.height, below });
            }
        }
        Ok(())
    }

    /// A value for each merge: as many as there are merges.
    pub(crate) fn check_length(&self, what: &'static str, found: usize) -> Result<(), Error> {
        let expected = self.n - 1;
        if found == expected { Ok(()) } else { Err(Error::Length { what, expected, found }) }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked in `from_rows`")]
fn node_number(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_observations_than_labels_can_count_are_refused() {
        let refused = MergeCheck::new(1 << 31).map(|_| ()).map_err(Error::from);
        assert_eq!(refused, Err(Error::TooMany { n: 1 << 31 }));
        assert_eq!(Tree::from_rows(&[]).map(|tree| tree.n()), Ok(1));
        assert_eq!(Error::from(hclust::Error::Empty).to_string(), hclust::Error::Empty.to_string());
    }

    #[test]
    fn rows_that_are_no_tree_are_refused_with_the_row() {
        let good = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]];
        assert!(Tree::from_rows(&good).is_ok());
        // All that can be wrong with a row is tried where it is checked, in hclust.
        let cases = [
            (1, [2.5, 3.0, 2.0, 3.0], "whole"),
            (1, [2.0, 1.0, 2.0, 3.0], "merged before"),
            (0, [1.0; 4], "itself"),
        ];
        for (row, bad, text) in cases {
            let mut z = good;
            z[row] = bad;
            match Tree::from_rows(&z) {
                Err(Error::Row { row: at, n: 3, why }) => {
                    assert_eq!(at, row);
                    assert!(why.contains(text), "{why}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
