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
    /// Observations under each node made so far.
    sizes: Vec<usize>,
    /// The nodes that have been merged.
    used: Vec<bool>,
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
        Ok(Self { n, sizes: vec![1; n], used: vec![false; 2 * n - 1] })
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
        if self.used[merge.left] || self.used[merge.right] {
            return wrong("it uses a node that has been merged before");
        }
        if merge.size != left + right {
            return wrong("its size is not the sum of its parts' sizes");
        }
        if merge.height.into().is_nan() {
            return wrong("its height is NaN");
        }
        self.used[merge.left] = true;
        self.used[merge.right] = true;
        self.sizes.push(merge.size);
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

    /// Observations under a node made so far; 0 for no such node.
    pub(crate) fn size(&self, node: f64) -> f64 {
        whole(node).and_then(|node| self.sizes.get(node)).map_or(0.0, |&size| <f64 as Float>::from_count(size))
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
