//! Clusters of neurons, from an array or a file.

use crate::arrays::{Array, Matrix, Value, Visit};
use crate::detach::{Watch, watched};
use crate::errors::raise;
use activations::{InMemory, Layout, Source};
use fcluster::Numbering;
use neuron_redundancy::{
    Config, Error, Extraction, NonFinite, Observer, Plan, PlanChoice, Representative, Stage, Ties,
    extract_independent_neurons,
};
use numpy::PyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// What is asked for, as keyword arguments of one name each; all are given.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    absolute: bool,
    cutoff: f64,
    method: String,
    numbering: String,
    non_finite: String,
    memory: Option<u64>,
    plan: String,
    ties: String,
    representative: String,
    seed: u64,
    single_products: bool,
    resume: Option<PathBuf>,
}

/// One of some names, or an error that lists them.
fn choose<T: Copy>(what: &str, name: &str, choices: &[(&str, T)]) -> PyResult<T> {
    choices.iter().find(|choice| choice.0 == name).map(|choice| choice.1).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|choice| format!("{:?}", choice.0)).collect();
        PyValueError::new_err(format!("{what} must be one of {}, not {name:?}", names.join(", ")))
    })
}

impl Options {
    fn config(&self) -> PyResult<Config> {
        let numberings = [("lowest", Numbering::Lowest), ("scipy", Numbering::Scipy)];
        let non_finite = [("error", NonFinite::Error), ("uncorrelated", NonFinite::Uncorrelated)];
        let plans =
            [("auto", PlanChoice::Auto), ("dense", PlanChoice::Dense), ("components", PlanChoice::Components)];
        let ties = [("report", Ties::Report), ("scipy", Ties::Scipy)];
        let representatives = [
            ("random", Representative::Random),
            ("medoid", Representative::Medoid),
            ("variance", Representative::LargestVariance),
            ("first", Representative::First),
        ];
        let config = Config::default()
            .with_absolute(self.absolute)
            .with_cutoff(self.cutoff)
            .with_method(crate::hierarchy::method(&self.method)?)
            .with_numbering(choose("numbering", &self.numbering, &numberings)?)
            .with_non_finite(choose("non_finite", &self.non_finite, &non_finite)?)
            .with_plan(choose("plan", &self.plan, &plans)?)
            .with_ties(choose("ties", &self.ties, &ties)?)
            .with_representative(choose("representative", &self.representative, &representatives)?)
            .with_seed(self.seed)
            .with_single_products(self.single_products);
        let config = self.memory.map_or(config.clone(), |bytes| config.with_memory_limit(bytes));
        Ok(self.resume.as_ref().map_or(config.clone(), |folder| config.with_resume(folder)))
    }
}

/// Where activations are.
#[derive(FromPyObject)]
pub(crate) enum Input<'py> {
    Array(Array<'py>),
    File(PathBuf),
}

/// What came out. Attributes of the Python class of the same name.
#[pyclass(frozen, get_all, module = "neuron_redundancy._native")]
pub(crate) struct Clusters {
    /// int32, 1..=k.
    labels: Py<PyArray1<i32>>,
    /// The neuron that is kept of each cluster.
    independent_neurons: Vec<usize>,
    constant_neurons: Vec<usize>,
    non_finite_neurons: Vec<usize>,
    /// Neurons of components where other clusters are as right.
    ambiguous: Vec<Vec<usize>>,
    repaired: usize,
    again: usize,
    plan: String,
    plan_kind: String,
    /// Seconds by stage, in order.
    times: Vec<(String, f64)>,
}

struct Tells<'a>(&'a Watch);

impl Observer for Tells<'_> {
    fn progress(&self, stage: Stage, done: usize, total: usize) -> ControlFlow<()> {
        let number = Stage::ALL.iter().position(|&other| other == stage).unwrap_or_default();
        self.0.progress(number, done, total)
    }
}

struct Extract<'a, 'py> {
    py: Python<'py>,
    config: &'a Config,
    progress: Option<&'a Bound<'py, PyAny>>,
}

impl Extract<'_, '_> {
    fn of(self, source: &dyn Source) -> PyResult<Result<Extraction, Error>> {
        watched(self.py, self.progress, |watch| extract_independent_neurons(source, self.config, &Tells(watch)))
    }
}

impl Visit for Extract<'_, '_> {
    type Output = Result<Extraction, Error>;

    fn visit<T: Value>(self, matrix: Matrix<'_, T>) -> PyResult<Self::Output> {
        let layout = match matrix.order {
            neurocorr::Order::RowMajor => Layout::RowMajor { stride: matrix.columns },
            neurocorr::Order::ColumnMajor => Layout::ColumnMajor { stride: matrix.rows },
        };
        let source = InMemory::stored(T::stored(matrix.values), matrix.rows, matrix.columns, layout);
        self.of(&source.map_err(raise)?)
    }
}

/// Clusters neurons and keeps one of each cluster.
#[pyfunction]
#[pyo3(signature = (x, options, progress = None))]
#[expect(clippy::needless_pass_by_value, reason = "an argument is handed over")]
pub(crate) fn cluster<'py>(
    py: Python<'py>,
    x: Input<'py>,
    options: Options,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Clusters> {
    let config = options.config()?;
    let extract = Extract { py, config: &config, progress: progress.as_ref() };
    let extraction = match &x {
        Input::Array(array) => array.with(extract)?,
        Input::File(path) => {
            let source = activations::open(path).map_err(raise)?;
            extract.of(&*source)?
        }
    };
    let Extraction { clusters, independent_neurons, .. } = extraction.map_err(raise)?;
    let labels = clusters.labels.as_slice().iter().map(|label| label.cast_signed());
    Ok(Clusters {
        labels: PyArray1::from_iter(py, labels).unbind(),
        independent_neurons,
        constant_neurons: clusters.constant_neurons,
        non_finite_neurons: clusters.non_finite_neurons,
        ambiguous: clusters.ambiguous.into_iter().map(|component| component.neurons).collect(),
        repaired: clusters.repaired,
        again: clusters.again,
        plan: clusters.plan.to_string(),
        plan_kind: clusters.plan.kind.name().to_owned(),
        times: clusters
            .times
            .iter()
            .map(|(stage, time)| (stage.name().to_owned(), time.as_secs_f64()))
            .collect(),
    })
}

/// How clusters of activations of a shape would be found: in one sentence, and the bytes that it takes.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "an argument is handed over")]
pub(crate) fn plan(tokens: usize, neurons: usize, options: Options) -> PyResult<(String, u64)> {
    let plan = Plan::choose(tokens, neurons, &options.config()?).map_err(raise)?;
    Ok((plan.to_string(), plan.bytes))
}

/// Names of the stages, by the number that progress is told with.
#[pyfunction]
pub(crate) fn stages() -> Vec<&'static str> {
    Stage::ALL.iter().map(|stage| stage.name()).collect()
}
