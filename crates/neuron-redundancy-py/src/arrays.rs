//! NumPy's arrays as our views, where they lie.

use half::f16;
use neurocorr::{Columns, Order};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods as _};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// Values in the order in which they lie, and how they are to be read.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) order: Order,
}

/// A 2-D array of a type that is read without a copy; in Python it was made contiguous in either order.
pub(crate) enum Array<'py> {
    F16(PyReadonlyArray2<'py, f16>),
    F32(PyReadonlyArray2<'py, f32>),
    F64(PyReadonlyArray2<'py, f64>),
}

impl<'py> FromPyObject<'_, 'py> for Array<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.extract() {
            Ok(Self::F64(array))
        } else if let Ok(array) = object.extract() {
            Ok(Self::F32(array))
        } else if let Ok(array) = object.extract() {
            Ok(Self::F16(array))
        } else {
            Err(PyTypeError::new_err("a 2-D array of float16, float32 or float64 is needed"))
        }
    }
}

/// What is done with a matrix of whatever type.
pub(crate) trait Visit {
    type Output;

    fn visit<T: Value>(self, matrix: Matrix<'_, T>) -> PyResult<Self::Output>;
}

/// What a matrix can hold.
pub(crate) trait Value: neurocorr::Float + numpy::Element {
    fn stored(values: &[Self]) -> activations::Stored<'_>;
}

impl Value for f16 {
    fn stored(values: &[Self]) -> activations::Stored<'_> {
        activations::Stored::F16(values)
    }
}

impl Value for f32 {
    fn stored(values: &[Self]) -> activations::Stored<'_> {
        activations::Stored::F32(values)
    }
}

impl Value for f64 {
    fn stored(values: &[Self]) -> activations::Stored<'_> {
        activations::Stored::F64(values)
    }
}

impl Array<'_> {
    pub(crate) fn with<V: Visit>(&self, visit: V) -> PyResult<V::Output> {
        match self {
            Self::F16(array) => visit.visit(matrix(array)?),
            Self::F32(array) => visit.visit(matrix(array)?),
            Self::F64(array) => visit.visit(matrix(array)?),
        }
    }
}

fn matrix<'a, T: Value>(array: &'a PyReadonlyArray2<'_, T>) -> PyResult<Matrix<'a, T>> {
    let &[rows, columns] = array.shape() else { return Err(PyTypeError::new_err("a 2-D array is needed")) };
    let order = if array.is_c_contiguous() { Order::RowMajor } else { Order::ColumnMajor };
    Ok(Matrix { values: array.as_slice()?, rows, columns, order })
}

impl<'a, T: Value> Matrix<'a, T> {
    /// Rows as tokens, columns as neurons.
    pub(crate) fn columns(&self) -> Result<Columns<'a, T>, neurocorr::Error> {
        match self.order {
            Order::RowMajor => Columns::row_major(self.values, self.rows, self.columns),
            Order::ColumnMajor => Columns::column_major(self.values, self.rows, self.columns),
        }
    }
}

/// The rows of a linkage matrix, four values each.
pub(crate) fn rows_of<'a>(z: &'a PyReadonlyArray2<'_, f64>) -> PyResult<&'a [[f64; 4]]> {
    let (rows, rest) = z.as_slice()?.as_chunks::<4>();
    if z.shape().get(1) == Some(&4) && rest.is_empty() && z.is_c_contiguous() {
        Ok(rows)
    } else {
        Err(PyTypeError::new_err("a C-contiguous array of four columns is needed"))
    }
}

/// A contiguous vector of either precision.
#[derive(FromPyObject)]
pub(crate) enum Vector<'py> {
    F64(PyReadonlyArray1<'py, f64>),
    F32(PyReadonlyArray1<'py, f32>),
}
