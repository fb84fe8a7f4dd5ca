//! The checked view of the input: tokens × neurons, in either order.

use crate::{Error, Float};
use std::ops::Range;

/// Which index runs fastest in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// A token's neurons lie side by side (C order of a tokens × neurons array).
    RowMajor,
    /// A neuron's tokens lie side by side (Fortran order).
    ColumnMajor,
}

/// A borrowed matrix whose columns (neurons) are correlated over its rows (tokens). Checked once, when it is
/// made; every function of this crate takes its input in this form.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a, T> {
    values: &'a [T],
    tokens: usize,
    neurons: usize,
    order: Order,
    stride: usize,
}

impl<'a, T: Float> Columns<'a, T> {
    /// A dense row-major matrix: `values[token * neurons + neuron]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the slice has not exactly `tokens * neurons` values.
    ///
    /// ```
    /// let x = neurocorr::Columns::row_major(&[1.0, 10.0, 2.0, 20.0], 2, 2)?;
    /// assert_eq!(x.get(1, 0), Some(2.0));
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    pub fn row_major(values: &'a [T], tokens: usize, neurons: usize) -> Result<Self, Error> {
        Self::dense(values, tokens, neurons, Order::RowMajor, neurons)
    }

    /// A dense column-major matrix: `values[neuron * tokens + token]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the slice has not exactly `tokens * neurons` values.
    pub fn column_major(values: &'a [T], tokens: usize, neurons: usize) -> Result<Self, Error> {
        Self::dense(values, tokens, neurons, Order::ColumnMajor, tokens)
    }

    /// As [`row_major`](Self::row_major), of values that are known to fit.
    pub(crate) fn of_rows(values: &'a [T], tokens: usize, neurons: usize) -> Self {
        Self { values, tokens, neurons, order: Order::RowMajor, stride: neurons }
    }

    /// As [`column_major`](Self::column_major), of values that are known to fit.
    pub(crate) fn of_columns(values: &'a [T], tokens: usize, neurons: usize) -> Self {
        Self { values, tokens, neurons, order: Order::ColumnMajor, stride: tokens }
    }

    fn dense(
        values: &'a [T],
        tokens: usize,
        neurons: usize,
        order: Order,
        stride: usize,
    ) -> Result<Self, Error> {
        let expected = tokens.saturating_mul(neurons);
        if expected != values.len() {
            return Err(Error::Shape { tokens, neurons, stride, expected, found: values.len() });
        }
        Ok(Self { values, tokens, neurons, order, stride })
    }

    /// A matrix inside a larger one: `stride` values from one row (row-major) or column (column-major) to the next.
    ///
    /// # Errors
    /// [`Error::Shape`] if the stride is shorter than a row (column), or the slice than the matrix.
    pub fn with_stride(
        values: &'a [T],
        tokens: usize,
        neurons: usize,
        order: Order,
        stride: usize,
    ) -> Result<Self, Error> {
        let (lines, line) = match order {
            Order::RowMajor => (tokens, neurons),
            Order::ColumnMajor => (neurons, tokens),
        };
        let expected = match lines.checked_sub(1) {
            None => 0,
            Some(full) => full.checked_mul(stride).and_then(|v| v.checked_add(line)).unwrap_or(usize::MAX),
        };
        if values.len() < expected || stride < line {
            return Err(Error::Shape { tokens, neurons, stride, expected, found: values.len() });
        }
        Ok(Self { values, tokens, neurons, order, stride })
    }

    /// Rows of the matrix.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Columns of the matrix.
    #[must_use]
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// Which index runs fastest.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// One value, or `None` outside the matrix.
    #[must_use]
    pub fn get(&self, token: usize, neuron: usize) -> Option<T> {
        if token >= self.tokens || neuron >= self.neurons {
            return None;
        }
        let at = match self.order {
            Order::RowMajor => token * self.stride + neuron,
            Order::ColumnMajor => neuron * self.stride + token,
        };
        self.values.get(at).copied()
    }

    /// The values of one neuron in order of the tokens (none if there is no such neuron).
    pub fn neuron(&self, neuron: usize) -> impl Iterator<Item = T> + '_ {
        (0..self.tokens).map_while(move |token| self.get(token, neuron))
    }

    /// `neurons` of row `token`; only for row-major matrices and indices inside the matrix.
    #[inline]
    pub(crate) fn row(&self, token: usize, neurons: &Range<usize>) -> &'a [T] {
        let start = token * self.stride;
        &self.values[start + neurons.start..start + neurons.end]
    }

    /// `tokens` of column `neuron`; only for column-major matrices and indices inside the matrix.
    #[inline]
    pub(crate) fn column(&self, neuron: usize, tokens: &Range<usize>) -> &'a [T] {
        let start = neuron * self.stride;
        &self.values[start + tokens.start..start + tokens.end]
    }

    /// Fails if there are not so many neurons.
    pub(crate) fn check_neurons(&self, expected: usize) -> Result<(), Error> {
        if self.neurons == expected {
            Ok(())
        } else {
            Err(Error::Mismatch { what: "neurons of the pushed part", expected, found: self.neurons })
        }
    }

    /// The matrix of some of the neurons, which must lie in this one.
    pub(crate) fn select(&self, neurons: &Range<usize>) -> Self {
        let start = match self.order {
            Order::RowMajor => neurons.start,
            Order::ColumnMajor => neurons.start * self.stride,
        };
        let values = self.values.get(start..).unwrap_or_default();
        Self { values, neurons: neurons.len(), ..*self }
    }

    /// The matrix of some of the tokens, which must lie in this one.
    pub(crate) fn part(&self, tokens: &Range<usize>) -> Self {
        let start = match self.order {
            Order::RowMajor => tokens.start * self.stride,
            Order::ColumnMajor => tokens.start,
        };
        // No token may be wanted of the end, where no row begins.
        let values = self.values.get(start..).unwrap_or_default();
        Self { values, tokens: tokens.len(), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_strides_read_the_same_matrix() {
        let rows = [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0];
        let a = Columns::row_major(&rows, 2, 3).unwrap();
        let columns = [1.0_f32, 4.0, 2.0, 5.0, 3.0, 6.0];
        let b = Columns::column_major(&columns, 2, 3).unwrap();
        let padded = [1.0_f32, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0];
        let c = Columns::with_stride(&padded, 2, 3, Order::RowMajor, 4).unwrap();
        for token in 0..3 {
            for neuron in 0..4 {
                assert_eq!(a.get(token, neuron), b.get(token, neuron));
                assert_eq!(a.get(token, neuron), c.get(token, neuron));
            }
        }
        assert_eq!(a.neuron(1).collect::<Vec<_>>(), [2.0, 5.0]);
        for x in [a, b, c] {
            let part = x.part(&(1..2));
            assert_eq!((part.tokens(), part.get(0, 2), part.get(1, 0)), (1, Some(6.0), None));
            assert_eq!(x.part(&(2..2)).tokens(), 0);
        }
    }

    #[test]
    fn a_slice_that_does_not_fit_the_shape_is_refused() {
        assert!(matches!(Columns::row_major(&[0.0; 5], 2, 3), Err(Error::Shape { expected: 6, found: 5, .. })));
        assert!(Columns::row_major(&[0.0; 5], usize::MAX, 3).is_err());
        assert!(Columns::with_stride(&[0.0; 6], 2, 3, Order::RowMajor, 2).is_err());
        assert!(Columns::with_stride(&[0.0; 6], 3, 2, Order::ColumnMajor, 4).is_err());
        assert!(Columns::<f32>::with_stride(&[], 0, 3, Order::RowMajor, 3).is_ok());
    }
}
