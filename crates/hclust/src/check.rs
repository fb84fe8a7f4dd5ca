//! Whether merges are a tree, one by one as they come.

use crate::{Error, Float, Merge};

/// Checks that merges are those of a tree over `n` observations. [`Dendrogram::new`](crate::Dendrogram::new) does so;
/// use it for merges in a form of your own (fcluster does, for the rows of SciPy's Z). `O(n)` in all.
///
/// ```
/// use hclust::{Merge, MergeCheck};
/// let mut check = MergeCheck::new(3)?;
/// check.push(&Merge { left: 0, right: 1, height: 0.5, size: 2 })?;
/// check.push(&Merge { left: 2, right: 3, height: 0.9, size: 3 })?;
/// check.finish()?;
/// # Ok::<(), hclust::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MergeCheck {
    n: usize,
    /// Observations under each node made so far; 0 once it has been merged.
    sizes: Vec<u32>,
}

impl MergeCheck {
    /// For `n` observations, nothing merged yet.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::TooMany`].
    pub fn new(n: usize) -> Result<Self, Error> {
        if n == 0 {
            return Err(Error::Empty);
        }
        if n > i32::MAX as usize {
            return Err(Error::TooMany { n });
        }
        let mut sizes = Vec::with_capacity(2 * n - 1);
        sizes.resize(n, 1);
        Ok(Self { n, sizes })
    }

    /// The next merge.
    ///
    /// # Errors
    /// [`Error::Merge`] if it uses a node that does not exist yet, twice or with itself, if its size is not the sum, its
    /// height NaN, or if the tree is whole already.
    pub fn push<T: Float>(&mut self, merge: &Merge<T>) -> Result<(), Error> {
        let wrong = |why| Err(Error::Merge { row: self.sizes.len() - self.n, n: self.n, why });
        if self.sizes.len() + 1 >= 2 * self.n {
            return wrong("there are more than n - 1 merges");
        }
        let (Some(&left), Some(&right)) = (self.sizes.get(merge.left), self.sizes.get(merge.right)) else {
            return wrong("it uses a node that is not made yet");
        };
        if merge.left == merge.right {
            return wrong("it merges a node with itself");
        }
        if left == 0 || right == 0 {
            return wrong("it uses a node that has been merged before");
        }
        // Sizes add up to n, which is below 2^31.
        let size = left + right;
        if merge.size != size as usize {
            return wrong("its size is not the sum of its parts' sizes");
        }
        if merge.height.into().is_nan() {
            return wrong("its height is NaN");
        }
        self.sizes[merge.left] = 0;
        self.sizes[merge.right] = 0;
        self.sizes.push(size);
        Ok(())
    }

    /// The next row of SciPy's Z: left, right, height, size.
    ///
    /// # Errors
    /// As [`push`](Self::push), and if a node or size is no whole number.
    pub fn push_row(&mut self, row: &[f64; 4]) -> Result<Merge<f64>, Error> {
        let &[left, right, height, size] = row;
        let (Some(left), Some(right), Some(size)) = (whole(left), whole(right), whole(size)) else {
            let why = "a node or size is no whole number of at least 0";
            return Err(Error::Merge { row: self.sizes.len() - self.n, n: self.n, why });
        };
        let merge = Merge { left, right, height, size };
        self.push(&merge)?;
        Ok(merge)
    }

    /// Observations under a node made so far; 0 for no such node and for one that has been merged.
    pub(crate) fn size(&self, node: f64) -> f64 {
        whole(node).and_then(|node| self.sizes.get(node)).map_or(0.0, |&size| size.into())
    }

    /// After the last merge.
    ///
    /// # Errors
    /// [`Error::Merge`] if there were fewer than n − 1.
    pub fn finish(self) -> Result<(), Error> {
        let row = self.sizes.len() - self.n;
        if row + 1 < self.n {
            return Err(Error::Merge {
                row,
                n: self.n,
                why: "it is missing: there are fewer than n - 1 merges",
            });
        }
        Ok(())
    }
}

/// A float that is a whole number from 0 to 2⁵³.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked first")]
fn whole(value: f64) -> Option<usize> {
    (value == value.trunc() && (0.0..=9_007_199_254_740_992.0).contains(&value)).then_some(value as usize)
}
