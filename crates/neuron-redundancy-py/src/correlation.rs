//! Correlations: all pairs, those above a threshold, the nearest of each, of two matrices, of a stream.

use crate::arrays::{Array, Matrix, Value, Visit};
use crate::detach::{Watch, watched};
use crate::errors::raise;
use neurocorr::{CrossMaxima, Dense, Error, Measure, Neighbour, NonFinite, Pair, Screen, ScreenOptions, Sign};
use numpy::{PyArray1, PyArray2, PyArrayMethods as _};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::ops::ControlFlow;

type Progress<'a, 'py> = Option<&'a Bound<'py, PyAny>>;
type Indices<'py> = Bound<'py, PyArray1<i64>>;
type Values<'py> = Bound<'py, PyArray1<f64>>;

#[expect(clippy::cast_possible_wrap, reason = "no array has 2^63 columns")]
fn index(neuron: usize) -> i64 {
    neuron as i64
}

fn sign(signed: bool) -> Sign {
    if signed { Sign::Positive } else { Sign::Absolute }
}

fn non_finite(uncorrelated: bool) -> NonFinite {
    if uncorrelated { NonFinite::Uncorrelated } else { NonFinite::Error }
}

/// Work on one matrix, watched.
struct Work<'a, 'py, F> {
    py: Python<'py>,
    progress: Progress<'a, 'py>,
    of: F,
}

/// Neuron pairs are computed from columns of whatever type.
trait Of: Send {
    type Output: Send;

    fn run<T: Value>(self, matrix: Matrix<'_, T>, watch: &Watch) -> Result<Self::Output, Error>;
}

impl<F: Of> Visit for Work<'_, '_, F> {
    type Output = F::Output;

    fn visit<T: Value>(self, matrix: Matrix<'_, T>) -> PyResult<F::Output> {
        watched(self.py, self.progress, |watch| self.of.run(matrix, watch))?.map_err(raise)
    }
}

/// All pairs, in either precision.
struct Square<'a> {
    weights: Option<&'a [f64]>,
    non_finite: NonFinite,
}

impl Of for Square<'_> {
    type Output = Vec<f64>;

    fn run<T: Value>(self, matrix: Matrix<'_, T>, watch: &Watch) -> Result<Vec<f64>, Error> {
        let observe = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
        let dense = Dense::new().non_finite(self.non_finite).observe(&observe);
        let dense = self.weights.map_or(dense, |weights| dense.weights(weights));
        dense.square(&matrix.columns()?, Measure::Correlation)
    }
}

/// The matrix of correlations of the columns.
#[pyfunction]
#[pyo3(signature = (x, weights = None, uncorrelated = false, progress = None))]
#[expect(clippy::needless_pass_by_value, reason = "arguments are handed over")]
pub(crate) fn corrcoef<'py>(
    py: Python<'py>,
    x: Array<'py>,
    weights: Option<Vec<f64>>,
    uncorrelated: bool,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let of = Square { weights: weights.as_deref(), non_finite: non_finite(uncorrelated) };
    let values = x.with(Work { py, progress: progress.as_ref(), of })?;
    let n = values.len().isqrt();
    PyArray1::from_vec(py, values).reshape([n, n])
}

struct Above {
    threshold: f64,
    sign: Sign,
    options: ScreenOptions,
}

impl Of for Above {
    type Output = Vec<Pair>;

    fn run<T: Value>(self, matrix: Matrix<'_, T>, watch: &Watch) -> Result<Vec<Pair>, Error> {
        let columns = matrix.columns()?;
        let observe = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
        let screen = Screen::new_observed(&columns, &self.options, &observe)?;
        let mut pairs = Vec::new();
        let go_on = || watch.go_on();
        screen.pairs_above(self.threshold, self.sign)?.while_told(&go_on).visit(|tile| {
            pairs.extend(tile.pairs);
            watch.progress(1, tile.done, tile.all)
        })?;
        pairs.sort_unstable_by_key(|pair| (pair.first, pair.second));
        Ok(pairs)
    }
}

fn options(uncorrelated: bool, memory: Option<u64>) -> ScreenOptions {
    let options = ScreenOptions::new().non_finite(non_finite(uncorrelated));
    memory.map_or(options, |bytes| options.memory_limit(bytes))
}

/// Every pair whose correlation reaches a threshold: first, second, correlation.
#[pyfunction]
#[pyo3(signature = (x, threshold, signed = false, uncorrelated = false, memory = None, progress = None))]
#[expect(clippy::needless_pass_by_value, reason = "arguments are handed over")]
pub(crate) fn pairs_above<'py>(
    py: Python<'py>,
    x: Array<'py>,
    threshold: f64,
    signed: bool,
    uncorrelated: bool,
    memory: Option<u64>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<(Indices<'py>, Indices<'py>, Values<'py>)> {
    let of = Above { threshold, sign: sign(signed), options: options(uncorrelated, memory) };
    let pairs = x.with(Work { py, progress: progress.as_ref(), of })?;
    Ok((
        PyArray1::from_iter(py, pairs.iter().map(|pair| index(pair.first))),
        PyArray1::from_iter(py, pairs.iter().map(|pair| index(pair.second))),
        PyArray1::from_iter(py, pairs.iter().map(|pair| pair.correlation)),
    ))
}

struct Nearest {
    k: usize,
    sign: Sign,
    options: ScreenOptions,
}

impl Of for Nearest {
    type Output = Vec<Vec<Neighbour>>;

    fn run<T: Value>(self, matrix: Matrix<'_, T>, watch: &Watch) -> Result<Self::Output, Error> {
        let columns = matrix.columns()?;
        let made = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
        let screened = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(1, done, total) };
        let screen = Screen::new_observed(&columns, &self.options, &made)?;
        screen.most_correlated(self.k, self.sign, &screened)
    }
}

/// The k most correlated columns of each column: their numbers and correlations, a row for each.
#[pyfunction]
#[pyo3(signature = (x, k, signed = false, uncorrelated = false, memory = None, progress = None))]
#[expect(clippy::needless_pass_by_value, reason = "arguments are handed over")]
#[expect(clippy::type_complexity, reason = "a pair of arrays")]
pub(crate) fn top_k<'py>(
    py: Python<'py>,
    x: Array<'py>,
    k: usize,
    signed: bool,
    uncorrelated: bool,
    memory: Option<u64>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<(Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f64>>)> {
    let of = Nearest { k, sign: sign(signed), options: options(uncorrelated, memory) };
    let nearest = x.with(Work { py, progress: progress.as_ref(), of })?;
    let shape = [nearest.len(), nearest.first().map_or(0, Vec::len)];
    let flat = || nearest.iter().flatten();
    let neurons = PyArray1::from_iter(py, flat().map(|other| index(other.neuron))).reshape(shape)?;
    Ok((neurons, PyArray1::from_iter(py, flat().map(|other| other.correlation)).reshape(shape)?))
}

/// Two matrices over the same tokens: the first is known by now.
struct Maxima<'a, T> {
    x: Matrix<'a, T>,
    sign: Sign,
    non_finite: NonFinite,
}

impl<T: Value> Of for Maxima<'_, T> {
    type Output = CrossMaxima;

    fn run<U: Value>(self, y: Matrix<'_, U>, watch: &Watch) -> Result<CrossMaxima, Error> {
        let observe = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
        let dense = Dense::new().non_finite(self.non_finite).observe(&observe);
        dense.cross_maxima(&self.x.columns()?, &y.columns()?, self.sign)
    }
}

struct Cross<'a, 'py> {
    py: Python<'py>,
    y: &'a Array<'py>,
    sign: Sign,
    non_finite: NonFinite,
    progress: Progress<'a, 'py>,
}

impl Visit for Cross<'_, '_> {
    type Output = CrossMaxima;

    fn visit<T: Value>(self, x: Matrix<'_, T>) -> PyResult<CrossMaxima> {
        let Self { py, y, sign, non_finite, progress } = self;
        y.with(Work { py, progress, of: Maxima { x, sign, non_finite } })
    }
}

/// Of each column of both matrices the most correlated column of the other, and the correlation.
#[pyfunction]
#[pyo3(signature = (x, y, signed = false, uncorrelated = false, progress = None))]
#[expect(clippy::needless_pass_by_value, reason = "arguments are handed over")]
pub(crate) fn cross_max<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    signed: bool,
    uncorrelated: bool,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<((Indices<'py>, Values<'py>), (Indices<'py>, Values<'py>))> {
    let (sign, non_finite) = (sign(signed), non_finite(uncorrelated));
    let maxima = x.with(Cross { py, y: &y, sign, non_finite, progress: progress.as_ref() })?;
    let arrays = |nearest: &[Neighbour]| {
        let neurons = PyArray1::from_iter(py, nearest.iter().map(|other| index(other.neuron)));
        (neurons, PyArray1::from_iter(py, nearest.iter().map(|other| other.correlation)))
    };
    Ok((arrays(&maxima.of_x), arrays(&maxima.of_y)))
}

/// Correlations of a stream of tokens.
#[pyclass(module = "neuron_redundancy._native")]
pub(crate) struct Correlator {
    /// `None` after an update that was broken off.
    inner: Option<neurocorr::Correlator>,
}

impl Correlator {
    fn inner(&self) -> PyResult<&neurocorr::Correlator> {
        self.inner.as_ref().ok_or_else(broken)
    }
}

fn broken() -> PyErr {
    PyValueError::new_err("an update of this correlator was broken off: begin anew")
}

struct Push<'a>(&'a mut neurocorr::Correlator);

impl Of for Push<'_> {
    type Output = ();

    fn run<T: Value>(self, matrix: Matrix<'_, T>, watch: &Watch) -> Result<(), Error> {
        let observe = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
        self.0.push_observed(&matrix.columns()?, &observe)
    }
}

#[pymethods]
impl Correlator {
    #[new]
    fn new(neurons: usize) -> Self {
        Self { inner: Some(neurocorr::Correlator::new(neurons)) }
    }

    #[getter]
    fn neurons(&self) -> PyResult<usize> {
        Ok(self.inner()?.neurons())
    }

    #[getter]
    fn tokens(&self) -> PyResult<usize> {
        Ok(self.inner()?.tokens())
    }

    #[pyo3(signature = (x, progress = None))]
    #[expect(clippy::needless_pass_by_value, reason = "arguments are handed over")]
    fn push<'py>(
        &mut self,
        py: Python<'py>,
        x: Array<'py>,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let mut inner = self.inner.take().ok_or_else(broken)?;
        let before = (inner.neurons(), inner.tokens());
        let result = x.with(Work { py, progress: progress.as_ref(), of: Push(&mut inner) });
        // What was refused before it was begun has changed nothing.
        if result.is_ok() || before == (inner.neurons(), inner.tokens()) {
            self.inner = Some(inner);
        }
        result
    }

    fn merge(&mut self, py: Python<'_>, later: &Self) -> PyResult<()> {
        let later = later.inner()?.clone();
        let mut inner = self.inner.take().ok_or_else(broken)?;
        let before = inner.tokens();
        let result = py.detach(|| inner.merge(later));
        if result.is_ok() || before == inner.tokens() {
            self.inner = Some(inner);
        }
        result.map_err(raise)
    }

    #[pyo3(signature = (uncorrelated = false))]
    fn finish<'py>(&self, py: Python<'py>, uncorrelated: bool) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let inner = self.inner()?.clone();
        let finish = || Ok(inner.finish(non_finite(uncorrelated))?.into_square(Measure::Correlation));
        let values = py.detach(finish).map_err(|error: Error| raise(error))?;
        let n = values.len().isqrt();
        PyArray1::from_vec(py, values).reshape([n, n])
    }

    fn save<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut bytes = Vec::new();
        self.inner()?.save(&mut bytes).map_err(raise)?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[staticmethod]
    fn load(bytes: &[u8]) -> PyResult<Self> {
        let inner = neurocorr::Correlator::load(&mut &bytes[..]).map_err(raise)?;
        Ok(Self { inner: Some(inner) })
    }
}
