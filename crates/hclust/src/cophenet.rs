//! When two observations meet in a dendrogram.

use crate::{Condensed, Dendrogram, Error, Float};

impl<T: Float> Dendrogram<T> {
    /// The cophenetic dissimilarities: for each pair the height at which the two are first in one cluster, condensed.
    /// SciPy's `cophenet(Z)`. `O(n²)` time and memory, no recursion.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the n (n − 1) / 2 values cannot be had.
    ///
    /// ```
    /// use hclust::{Condensed, Method, linkage};
    /// let tree = linkage(Condensed::from_values(vec![4.0, 1.0, 5.0])?, Method::Single)?;
    /// assert_eq!(tree.cophenet()?.values(), [4.0, 1.0, 4.0]);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn cophenet(&self) -> Result<Condensed<T>, Error> {
        let n = self.n();
        let mut condensed = Condensed::zeroed(n)?;
        let values = condensed.values_mut();
        let offsets = crate::condensed::row_offsets(n);
        // In a drawing's order every cluster is a run of leaves: its start and end, by node.
        let leaves = self.leaves_list();
        let mut runs = vec![0..0; (2 * n).saturating_sub(1)];
        for (at, &leaf) in leaves.iter().enumerate() {
            runs[leaf] = at..at + 1;
        }
        for (row, merge) in self.merges().iter().enumerate() {
            let (left, right) = (runs[merge.left].clone(), runs[merge.right].clone());
            for &i in &leaves[left.clone()] {
                for &j in &leaves[right.clone()] {
                    values[crate::condensed::place(&offsets, i, j)] = merge.height;
                }
            }
            runs[n + row] = left.start..right.end;
        }
        Ok(condensed)
    }
}
