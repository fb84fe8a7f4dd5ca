//! The condensed matrix: owned, checked, consumed by the linkage.

use crate::kernels::Check;
use crate::memory::let_go;
use crate::observer::{Gate, Observer};
use crate::{Error, Float, Level};
use rayon::prelude::*;

/// Dissimilarities of all pairs of `n` observations: the upper triangle by rows, n (n − 1) / 2 values, in SciPy's
/// order (0,1), (0,2), …, (0,n−1), (1,2), …
///
/// It is taken by value by every linkage, which works in its memory: nobody sees it half-merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Condensed<T> {
    n: usize,
    values: Vec<T>,
}

impl<T: Float> Condensed<T> {
    /// From `n` and the pairs' values. Only the length is looked at, in `O(1)`; the linkage looks at the values.
    ///
    /// # Errors
    /// [`Error::Length`], which says so when the values are a square matrix; [`Error::TooMany`].
    ///
    /// ```
    /// let d = hclust::Condensed::new(3, vec![1.0, 4.0, 2.0])?;
    /// assert_eq!(d.get(2, 0), Some(4.0));
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn new(n: usize, values: Vec<T>) -> Result<Self, Error> {
        check_length(n, values.len())?;
        Ok(Self { n, values })
    }

    /// From the pairs' values alone: n follows from their number. No value at all is taken as one observation.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_values(values: Vec<T>) -> Result<Self, Error> {
        Self::new(Self::observations(values.len())?, values)
    }

    /// n of a condensed matrix of so many values.
    pub(crate) fn observations(length: usize) -> Result<usize, Error> {
        let n = (1 + length.saturating_mul(8)).isqrt().div_ceil(2).max(1);
        if n as u128 * (n as u128 - 1) / 2 == length as u128 {
            Ok(n)
        } else {
            Err(Error::Length { n: None, found: length, square: length.isqrt().pow(2) == length })
        }
    }

    /// From a square matrix (rows × columns, n²), which must be symmetric with a diagonal of zeros.
    ///
    /// # Errors
    /// [`Error::Length`] if the values are not n²; [`Error::NotSymmetric`] with the first such entry.
    pub fn from_square(n: usize, square: &[T]) -> Result<Self, Error> {
        if n.checked_mul(n) != Some(square.len()) {
            return Err(Error::Length { n: Some(n), found: square.len(), square: false });
        }
        let mut values = Vec::with_capacity(n * n.saturating_sub(1) / 2);
        for (i, row) in square.chunks_exact(n.max(1)).enumerate() {
            for (j, &value) in row.iter().enumerate().take(i + 1) {
                let opposite = if i == j { T::from_f64(0.0) } else { square[j * n + i] };
                if value != opposite {
                    let (found, expected) = (value.into(), opposite.into());
                    return Err(Error::NotSymmetric { row: i, column: j, found, expected });
                }
            }
            values.extend_from_slice(&row[i + 1..]);
        }
        Self::new(n, values)
    }

    /// Zeros, to be written over.
    pub(crate) fn zeroed(n: usize) -> Result<Self, Error> {
        let pairs = n as u128 * (n as u128).saturating_sub(1) / 2;
        let failed = || Error::OutOfMemory {
            bytes: u64::try_from(pairs.saturating_mul(size_of::<T>() as u128)).unwrap_or(u64::MAX),
        };
        let length = usize::try_from(pairs).map_err(|_| failed())?;
        let mut values = Vec::new();
        values.try_reserve_exact(length).map_err(|_| failed())?;
        values.resize(length, T::ZERO);
        Self::new(n, values)
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The pairs' values in order, to be written.
    pub(crate) fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The pairs' values in order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The dissimilarity of two different observations; `None` for any other pair.
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> Option<T> {
        let (low, high) = (i.min(j), i.max(j));
        if low == high || high >= self.n {
            return None;
        }
        self.values.get(row_offset(self.n, low).wrapping_add(high)).copied()
    }

    /// The same matrix, only to be read.
    #[must_use]
    pub fn view(&self) -> CondensedView<'_, T> {
        CondensedView { n: self.n, values: &self.values }
    }

    /// Hands the values back.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}

/// Dissimilarities of all pairs of `n` observations in memory of the caller's, which is only read: what a [`Condensed`] matrix
/// holds, for [`linkage_view`](crate::linkage_view).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CondensedView<'a, T> {
    n: usize,
    values: &'a [T],
}

impl<'a, T: Float> CondensedView<'a, T> {
    /// From `n` and the pairs' values, as [`Condensed::new`].
    ///
    /// # Errors
    /// As [`Condensed::new`].
    ///
    /// ```
    /// let values = [1.0, 4.0, 2.0];
    /// let d = hclust::CondensedView::new(3, &values)?;
    /// assert_eq!((d.n(), d.values()), (3, &values[..]));
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn new(n: usize, values: &'a [T]) -> Result<Self, Error> {
        check_length(n, values.len())?;
        Ok(Self { n, values })
    }

    /// From the pairs' values alone, as [`Condensed::from_values`].
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_values(values: &'a [T]) -> Result<Self, Error> {
        Self::new(Condensed::<T>::observations(values.len())?, values)
    }

    /// The number of observations.
    #[must_use]
    pub fn n(self) -> usize {
        self.n
    }

    /// A copy of the caller's own.
    pub(crate) fn to_condensed(self) -> Result<Condensed<T>, Error> {
        let mut condensed = Condensed::zeroed(self.n)?;
        condensed.values.copy_from_slice(self.values);
        Ok(condensed)
    }

    /// The pairs' values in order.
    #[must_use]
    pub fn values(self) -> &'a [T] {
        self.values
    }

    /// As [`check`](Self::check), in parallel, asking the observer whether to go on.
    pub(crate) fn check_observed(self, level: Level, observer: &dyn Observer) -> Result<(), Error> {
        const PART: usize = 1 << 16;
        if self.n == 0 {
            return Err(Error::Empty);
        }
        let gate = Gate::new(observer, self.n - 1);
        let good = |part: &[T]| gate.is_closed() || level.run(Check(part));
        let all =
            if self.values.len() <= PART { good(self.values) } else { self.values.par_chunks(PART).all(good) };
        gate.result()?;
        if all { Ok(()) } else { self.check() }
    }

    /// Every value finite and at least 0; else the first that is not.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.n == 0 {
            return Err(Error::Empty);
        }
        let zero = T::from_f64(0.0);
        // NaN fails the first comparison and infinity the second: one pass without branches on good input.
        let bad = |&v: &T| !(v >= zero && v < T::INFINITY);
        let Some(place) = self.values.iter().position(bad) else { return Ok(()) };
        let mut rows = (0..self.n).rev().scan(0, |start, length| {
            *start += length;
            Some((*start, length))
        });
        let (i, end) =
            rows.by_ref().enumerate().find(|(_, (end, _))| *end > place).map_or((0, 0), |(i, r)| (i, r.0));
        Err(Error::Value { i, j: self.n - (end - place), value: self.values[place].into() })
    }
}

/// Fails unless so many values are those of n observations.
fn check_length(n: usize, length: usize) -> Result<(), Error> {
    // Node numbers go up to 2n − 2 and are kept in 32 bits.
    if n > i32::MAX as usize {
        return Err(Error::TooMany { n });
    }
    if length as u128 != (n as u128 * (n as u128).saturating_sub(1)) / 2 {
        return Err(Error::Length { n: Some(n), found: length, square: n.checked_mul(n) == Some(length) });
    }
    Ok(())
}

/// A condensed matrix that is let go in the background.
#[derive(Debug)]
pub(crate) struct LetGo<T: Float>(pub(crate) Condensed<T>);

impl<T: Float> Drop for LetGo<T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.0.values);
        let_go(size_of_val::<[T]>(&values), values);
    }
}

/// Start of row `i`, shifted so that adding `j > i` gives the place of the pair: `i (2n − i − 3) / 2 − 1` without a
/// subtraction below zero (row 0 wraps, and adding `j ≥ 1` wraps back).
#[inline]
pub(crate) fn row_offset(n: usize, i: usize) -> usize {
    (i * (2 * n - i - 1) / 2).wrapping_sub(i + 1)
}

/// [`row_offset`] of every row, so that a pair's place costs one addition.
pub(crate) fn row_offsets(n: usize) -> Vec<usize> {
    (0..n).map(|i| row_offset(n, i)).collect()
}

/// The place of two different observations, by the offsets of the rows.
#[inline]
pub(crate) fn place(offsets: &[usize], i: usize, j: usize) -> usize {
    if i < j { offsets[i].wrapping_add(j) } else { offsets[j].wrapping_add(i) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_run_through_the_triangle_by_rows() {
        for n in 1..10_usize {
            let values: Vec<f64> = (0..n * (n - 1) / 2).map(|v| v as f64).collect();
            let d = Condensed::from_values(values.clone()).unwrap();
            assert_eq!(d.n(), n);
            let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
            for ((i, j), value) in pairs.zip(values) {
                assert_eq!(d.get(i, j), Some(value));
                assert_eq!(d.get(j, i), Some(value));
            }
            assert_eq!(d.get(0, n), None);
        }
    }

    #[test]
    fn a_square_given_for_a_condensed_matrix_is_told_apart() {
        let error = Condensed::new(4, vec![0.0; 16]).unwrap_err();
        assert!(error.to_string().contains("Condensed::from_square"), "{error}");
        assert!(Condensed::from_values(vec![0.0; 4]).unwrap_err().to_string().contains("square"));
        assert!(!Condensed::from_values(vec![0.0; 5]).unwrap_err().to_string().contains("square"));
    }

    #[test]
    fn an_asymmetric_square_is_refused_with_the_place() {
        assert_eq!(
            Condensed::from_square(2, &[0.0, 1.0, 2.0, 0.0]),
            Err(Error::NotSymmetric { row: 1, column: 0, found: 2.0, expected: 1.0 })
        );
        assert_eq!(
            Condensed::from_square(2, &[0.0, 1.0, 1.0, 3.0]),
            Err(Error::NotSymmetric { row: 1, column: 1, found: 3.0, expected: 0.0 })
        );
        let d = Condensed::from_square(3, &[0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 2.0, 3.0, 0.0]).unwrap();
        assert_eq!(d.values(), [1.0, 2.0, 3.0]);
        assert!(Condensed::from_square(3, &[0.0; 3]).is_err());
    }

    #[test]
    fn more_observations_than_are_numbered_are_refused() {
        assert_eq!(Condensed::<f32>::new(1 << 31, vec![]), Err(Error::TooMany { n: 1 << 31 }));
    }

    #[test]
    fn a_bad_value_is_named_by_its_pair() {
        for (i, j) in (0..5).flat_map(|i| (i + 1..5).map(move |j| (i, j))) {
            for bad in [f64::NAN, f64::INFINITY, -1.0] {
                let mut d = Condensed::new(5, vec![1.0; 10]).unwrap();
                d.values[row_offset(5, i).wrapping_add(j)] = bad;
                match d.view().check() {
                    Err(Error::Value { i: a, j: b, .. }) => assert_eq!((a, b), (i, j)),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(Condensed::new(5, vec![-0.0; 10]).unwrap().view().check(), Ok(()));
        assert_eq!(Condensed::<f64>::new(0, vec![]).unwrap().view().check(), Err(Error::Empty));
    }
}
