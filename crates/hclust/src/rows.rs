//! Dendrograms as rows of numbers: SciPy's Z and MATLAB's form, and SciPy's checks of them.

use crate::{Condensed, Dendrogram, Error, Float, MergeCheck};
use std::collections::HashMap;
use std::hash::Hash;

impl Dendrogram<f64> {
    /// From the rows of SciPy's Z (left, right, height, size), checked in `O(n)`. No row is one observation.
    ///
    /// # Errors
    /// [`Error::Merge`] with the first row that has a node or size that is no whole number, or is wrong as
    /// [`Dendrogram::new`] says. Heights may go down.
    ///
    /// ```
    /// let z = [[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.8, 3.0]];
    /// let tree = hclust::Dendrogram::from_rows(&z)?;
    /// assert_eq!(tree.rows().collect::<Vec<_>>(), z);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn from_rows(rows: &[[f64; 4]]) -> Result<Self, Error> {
        let n = rows.len() + 1;
        let mut check = MergeCheck::new(n)?;
        let merges = rows.iter().map(|row| check.push_row(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::known(n, merges))
    }

    /// From MATLAB's form: nodes count from 1, no sizes. SciPy's `from_mlab_linkage`. `O(n)`.
    ///
    /// # Errors
    /// [`Error::Merge`] with the first row that is wrong.
    ///
    /// ```
    /// let tree = hclust::Dendrogram::from_mlab_linkage(&[[1.0, 2.0, 0.5], [3.0, 4.0, 0.8]])?;
    /// assert_eq!(tree.rows().collect::<Vec<_>>(), [[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.8, 3.0]]);
    /// assert_eq!(tree.to_mlab_linkage().collect::<Vec<_>>(), [[1.0, 2.0, 0.5], [3.0, 4.0, 0.8]]);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn from_mlab_linkage(rows: &[[f64; 3]]) -> Result<Self, Error> {
        let n = rows.len() + 1;
        let mut check = MergeCheck::new(n)?;
        let mut merges = Vec::with_capacity(rows.len());
        for &[left, right, height] in rows {
            let size = [left, right].iter().map(|node| check.size(node - 1.0)).sum();
            merges.push(check.push_row(&[left - 1.0, right - 1.0, height, size])?);
        }
        Ok(Self::known(n, merges))
    }
}

impl<T: Float> Dendrogram<T> {
    /// The rows of SciPy's Z: left, right, height, size, as `f64`.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = [f64; 4]> + '_ {
        let node = |count: usize| <f64 as Float>::from_count(count);
        self.merges().iter().map(move |m| [node(m.left), node(m.right), m.height.into(), node(m.size)])
    }

    /// The rows of MATLAB's form: nodes count from 1, no sizes. SciPy's `to_mlab_linkage`.
    pub fn to_mlab_linkage(&self) -> impl ExactSizeIterator<Item = [f64; 3]> + '_ {
        self.rows().map(|[left, right, height, _]| [left + 1.0, right + 1.0, height])
    }
}

/// Whether rows are a Z that SciPy could have made of at least two observations: a tree, with heights of at least 0.
/// SciPy's `is_valid_linkage`, but for the sizes: there they need not be sums. [`Dendrogram::from_rows`] says what is
/// wrong. `O(n)`.
///
/// ```
/// assert!(hclust::is_valid_linkage(&[[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.8, 3.0]]));
/// assert!(!hclust::is_valid_linkage(&[[0.0, 1.0, 0.5, 2.0], [1.0, 2.0, 0.8, 3.0]])); // 1 twice
/// ```
#[must_use]
pub fn is_valid_linkage(z: &[[f64; 4]]) -> bool {
    num_obs_linkage(z).is_ok_and(|n| n > 1) && z.iter().all(|row| row[2] >= 0.0)
}

/// The number of observations of a Z, once it is known to be one. SciPy's `num_obs_linkage`. `O(n)`.
///
/// # Errors
/// As [`Dendrogram::from_rows`].
pub fn num_obs_linkage(z: &[[f64; 4]]) -> Result<usize, Error> {
    Dendrogram::from_rows(z).map(|tree| tree.n())
}

/// The number of observations of a condensed matrix. SciPy's `num_obs_y`. `O(1)`.
///
/// # Errors
/// [`Error::Length`] if so many values are none.
///
/// ```
/// assert_eq!(hclust::num_obs_y(&[0.5; 6])?, 4);
/// assert!(hclust::num_obs_y(&[0.5; 5]).is_err());
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn num_obs_y<T: Float>(y: &[T]) -> Result<usize, Error> {
    Condensed::<T>::observations(y.len())
}

/// Whether a Z and a condensed matrix are of equally many observations. SciPy's `correspond`. `O(n)`.
///
/// # Errors
/// As [`num_obs_linkage`] and [`num_obs_y`].
///
/// ```
/// let z = [[0.0, 1.0, 0.5, 2.0], [2.0, 3.0, 0.8, 3.0]];
/// assert!(hclust::correspond(&z, &[0.5, 0.8, 0.9])?);
/// assert!(!hclust::correspond(&z, &[0.5; 6])?);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn correspond<T: Float>(z: &[[f64; 4]], y: &[T]) -> Result<bool, Error> {
    Ok(num_obs_linkage(z)? == num_obs_y(y)?)
}

/// Whether two assignments of observations to clusters are the same but for the clusters' names. SciPy's
/// `is_isomorphic`; two of different lengths are not. `O(n)`.
///
/// ```
/// assert!(hclust::is_isomorphic(&[1, 1, 2, 3], &["b", "b", "a", "c"]));
/// assert!(!hclust::is_isomorphic(&[1, 1, 2, 3], &["b", "b", "a", "a"]));
/// ```
#[must_use]
pub fn is_isomorphic<A: Eq + Hash, B: Eq + Hash>(a: &[A], b: &[B]) -> bool {
    let (mut there, mut back) = (HashMap::new(), HashMap::new());
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| *there.entry(a).or_insert(b) == b && *back.entry(b).or_insert(a) == a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_no_tree_are_refused_with_the_row() {
        let good = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]];
        assert!(is_valid_linkage(&good));
        let cases = [
            (1, [2.5, 3.0, 2.0, 3.0], "whole"),
            (1, [-1.0, 3.0, 2.0, 3.0], "whole"),
            (1, [f64::NAN, 3.0, 2.0, 3.0], "whole"),
            (1, [2.0, 4.0, 2.0, 3.0], "not made yet"),
            (1, [2.0, 1.0, 2.0, 3.0], "merged before"),
            (1, [3.0, 3.0, 2.0, 4.0], "itself"),
            (1, [2.0, 3.0, 2.0, 2.0], "size"),
            (1, [2.0, 3.0, f64::NAN, 3.0], "NaN"),
            (0, [1e300, 1.0, 1.0, 2.0], "whole"),
        ];
        for (row, bad, text) in cases {
            let mut z = good;
            z[row] = bad;
            match Dendrogram::from_rows(&z) {
                Err(Error::Merge { row: at, n: 3, why }) => {
                    assert_eq!(at, row);
                    assert!(why.contains(text), "{why}");
                }
                other => panic!("{other:?}"),
            }
            assert!(!is_valid_linkage(&z));
            assert!(correspond(&z, &[1.0; 3]).is_err());
            if row == 1 && !text.contains("size") {
                let matlab = z.map(|[left, right, height, _]| [left + 1.0, right + 1.0, height]);
                assert!(Dendrogram::from_mlab_linkage(&matlab).is_err(), "{text}");
            }
        }
        // A height below 0 is a tree, but none of SciPy's; one observation has no row.
        let negative = [[0.0, 1.0, -1.0, 2.0]];
        assert!(Dendrogram::from_rows(&negative).is_ok() && !is_valid_linkage(&negative));
        assert!(!is_valid_linkage(&[]));
        assert_eq!(num_obs_linkage(&[]), Ok(1));
        assert_eq!(num_obs_y::<f64>(&[]), Ok(1));
    }
}
