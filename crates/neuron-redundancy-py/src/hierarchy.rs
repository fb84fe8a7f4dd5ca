//! Linkage, cuts and the toolbox of dendrograms. Arrays come checked for shape and type; what they hold is checked here.

use crate::arrays::{Vector, rows_of};
use crate::detach::watched;
use crate::errors::{IntoPython, raise};
use ::fcluster::{Criterion, CutAt, Labels, Numbering};
use hclust::{
    Color, Condensed, CondensedView, Dendrogram, Drawing, Layout, LeafOrder, Method, Observer, Scratch, Sort,
    Storage, Truncate,
};
use numpy::{PyArray1, PyArray2, PyArrayMethods as _, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::ops::ControlFlow;

/// Fewer observations are linked in a few thousandths of a second: signals can wait.
const FEW: usize = 1_024;

type Rows<'py> = PyReadonlyArray2<'py, f64>;

pub(crate) fn method(name: &str) -> PyResult<Method> {
    name.parse().map_err(|error: hclust::UnknownMethod| PyValueError::new_err(error.to_string()))
}

fn storage(name: &str) -> PyResult<Storage> {
    match name {
        "square" => Ok(Storage::Square),
        "tight" => Ok(Storage::Tight),
        "in-place" => Ok(Storage::InPlace),
        _ => {
            Err(PyValueError::new_err(format!("storage must be 'square', 'tight' or 'in-place', not {name:?}")))
        }
    }
}

/// A tree, whatever its sizes say: SciPy looks at them nowhere but in `to_tree`.
fn tree(z: &Rows<'_>) -> PyResult<Dendrogram<f64>> {
    let merges: Vec<[f64; 3]> =
        rows_of(z)?.iter().map(|&[left, right, height, _]| [left + 1.0, right + 1.0, height]).collect();
    Dendrogram::from_mlab_linkage(&merges).map_err(raise)
}

fn z_of<'py, T: hclust::Float>(py: Python<'py>, tree: &Dendrogram<T>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let flat: Vec<f64> = tree.rows().flatten().collect();
    PyArray1::from_vec(py, flat).reshape([tree.merges().len(), 4])
}

fn labels_of<'py>(py: Python<'py>, labels: &Labels) -> Bound<'py, PyArray1<i32>> {
    PyArray1::from_iter(py, labels.as_slice().iter().map(|label| label.cast_signed()))
}

/// Runs `work` without the lock: in this thread if it is short, else watched.
fn detached<R: Send, E: IntoPython + Send>(
    py: Python<'_>,
    short: bool,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&dyn Observer) -> Result<R, E> + Send,
) -> PyResult<R> {
    let result = if short {
        py.detach(|| work(&()))
    } else {
        watched(py, progress, |watch| {
            let observer = |done: usize, total: usize| -> ControlFlow<()> { watch.progress(0, done, total) };
            work(&observer)
        })?
    };
    result.map_err(raise)
}

/// Links condensed dissimilarities of n observations, which are read where they lie.
#[pyfunction]
#[pyo3(signature = (y, n, method, storage = "square", progress = None))]
pub(crate) fn linkage<'py>(
    py: Python<'py>,
    y: Vector<'py>,
    n: usize,
    method: &str,
    storage: &str,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let (method, storage) = (self::method(method)?, self::storage(storage)?);
    fn link<T: hclust::Float>(
        values: &[T],
        n: usize,
        method: Method,
        storage: Storage,
        observer: &dyn Observer,
    ) -> Result<Dendrogram<T>, hclust::Error> {
        let mut scratch = Scratch::new().with_storage(storage);
        hclust::linkage_view_with(&mut scratch, CondensedView::new(n, values)?, method, observer)
    }
    let progress = progress.as_ref();
    match y {
        Vector::F64(y) => {
            let y = y.as_slice()?;
            z_of(py, &detached(py, n < FEW, progress, |observer| link(y, n, method, storage, observer))?)
        }
        Vector::F32(y) => {
            let y = y.as_slice()?;
            z_of(py, &detached(py, n < FEW, progress, |observer| link(y, n, method, storage, observer))?)
        }
    }
}

/// Flat clusters in SciPy's numbering, or by lowest observation.
#[pyfunction]
#[pyo3(signature = (z, t, criterion, depth, values, lowest))]
pub(crate) fn fcluster<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    t: f64,
    criterion: &str,
    depth: usize,
    values: Option<PyReadonlyArray1<'py, f64>>,
    lowest: bool,
) -> PyResult<Bound<'py, PyArray1<i32>>> {
    let values = values.as_ref().map(|values| values.as_slice()).transpose()?.unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, which is what is meant"
    )]
    let clusters = t as usize;
    let criterion = match criterion {
        "inconsistent" if values.is_empty() => Criterion::Inconsistent { cutoff: t, depth },
        "inconsistent" | "monocrit" => Criterion::Monocrit { cutoff: t, values },
        "distance" => Criterion::Distance(t),
        "maxclust" => Criterion::MaxClust(clusters),
        "maxclust_monocrit" => Criterion::MaxClustMonocrit { clusters, values },
        _ => return Err(PyValueError::new_err(format!("Invalid cluster formation criterion: {criterion}"))),
    };
    let numbering = if lowest { Numbering::Lowest } else { Numbering::Scipy };
    let tree = tree(&z)?;
    let labels = py.detach(|| ::fcluster::fcluster(&tree, criterion, numbering)).map_err(raise)?;
    Ok(labels_of(py, &labels))
}

/// Labels from 0 at each of some places, a column each.
#[pyfunction]
#[pyo3(signature = (z, clusters, heights))]
pub(crate) fn cut_tree<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    clusters: Option<Vec<usize>>,
    heights: Option<Vec<f64>>,
) -> PyResult<Vec<Bound<'py, PyArray1<i32>>>> {
    let tree = tree(&z)?;
    let at = match (&clusters, &heights) {
        (Some(clusters), _) => CutAt::Clusters(clusters),
        (None, Some(heights)) => CutAt::Heights(heights),
        (None, None) => return Err(PyValueError::new_err("numbers of clusters or heights are needed")),
    };
    let cuts = py.detach(|| ::fcluster::cut_tree(&tree, at)).map_err(raise)?;
    Ok(cuts.iter().map(|labels| labels_of(py, labels)).collect())
}

/// The cophenetic distances, condensed.
#[pyfunction]
pub(crate) fn cophenet<'py>(py: Python<'py>, z: Rows<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let tree = tree(&z)?;
    let condensed = py.detach(|| tree.cophenet()).map_err(raise)?;
    Ok(PyArray1::from_vec(py, condensed.into_values()))
}

/// MATLAB's rows as SciPy's, their sizes counted.
#[pyfunction]
pub(crate) fn from_mlab_linkage<'py>(py: Python<'py>, z: Rows<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let rows = z.as_slice()?.as_chunks::<3>().0;
    z_of(py, &Dendrogram::from_mlab_linkage(rows).map_err(raise)?)
}

/// Inconsistency statistics, four columns.
#[pyfunction]
pub(crate) fn inconsistent<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    depth: usize,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let tree = tree(&z)?;
    let statistics = py.detach(|| ::fcluster::inconsistent(&tree, depth)).map_err(raise)?;
    let rows = statistics.len();
    PyArray1::from_vec(py, statistics.into_iter().flatten().collect()).reshape([rows, 4])
}

#[pyfunction]
pub(crate) fn maxdists<'py>(py: Python<'py>, z: Rows<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
    Ok(PyArray1::from_vec(py, ::fcluster::maxdists(&tree(&z)?)))
}

#[pyfunction]
pub(crate) fn max_r_stat<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    r: Rows<'py>,
    i: usize,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let greatest = ::fcluster::max_r_stat(&tree(&z)?, rows_of(&r)?, i).map_err(raise)?;
    Ok(PyArray1::from_vec(py, greatest))
}

/// The topmost node of each cluster, and its label.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "SciPy's pair of arrays")]
pub(crate) fn leaders<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    t: PyReadonlyArray1<'py, i32>,
) -> PyResult<(Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i32>>)> {
    let labels: Vec<u32> = t.as_slice()?.iter().map(|label| label.cast_unsigned()).collect();
    let (nodes, labels) = ::fcluster::leaders(&tree(&z)?, &labels).map_err(raise)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "fewer than 2^31 observations"
    )]
    let nodes = PyArray1::from_iter(py, nodes.into_iter().map(|node| node as i32));
    Ok((nodes, PyArray1::from_iter(py, labels.into_iter().map(u32::cast_signed))))
}

#[pyfunction]
pub(crate) fn leaves_list<'py>(py: Python<'py>, z: Rows<'py>) -> PyResult<Bound<'py, PyArray1<i32>>> {
    let tree = tree(&z)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "fewer than 2^31 observations"
    )]
    Ok(PyArray1::from_iter(py, tree.leaves_list().into_iter().map(|leaf| leaf as i32)))
}

/// Turns nodes so that neighbouring leaves are near; in SciPy's order, or in the best there is.
#[pyfunction]
#[pyo3(signature = (z, y, best, progress = None))]
pub(crate) fn optimal_leaf_ordering<'py>(
    py: Python<'py>,
    z: Rows<'py>,
    y: PyReadonlyArray1<'py, f64>,
    best: bool,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let tree = tree(&z)?;
    let y = y.as_slice()?;
    let order = if best { LeafOrder::Optimal } else { LeafOrder::Scipy };
    let turned = detached(py, tree.n() < 64, progress.as_ref(), |observer| {
        let condensed = Condensed::new(tree.n(), y.to_vec())?;
        hclust::optimal_leaf_ordering_with(&tree, &condensed, order, observer)
    })?;
    z_of(py, &turned)
}

/// What is drawn: places and heights of links, colours as numbers of groups (-1: above the threshold), the nodes that links
/// make, the nodes at the leaves, their colours, marks of what is left out.
type Drawn = (Vec<[f64; 4]>, Vec<[f64; 4]>, Vec<i64>, Vec<usize>, Vec<usize>, Vec<Option<i64>>, Vec<[f64; 2]>);

/// Lays a dendrogram out.
#[pyfunction]
#[pyo3(signature = (z, truncate, p, sort, color_threshold))]
pub(crate) fn dendrogram(
    z: Rows<'_>,
    truncate: Option<&str>,
    p: usize,
    sort: Option<&str>,
    color_threshold: Option<f64>,
) -> PyResult<Drawn> {
    let tree = tree(&z)?;
    let truncate = match truncate {
        None => Truncate::None,
        Some("lastp") => Truncate::LastP(p),
        Some("level") => Truncate::Level(p),
        Some(other) => return Err(PyValueError::new_err(format!("no way to truncate: {other:?}"))),
    };
    let sort = match sort {
        None => Sort::None,
        Some("count_ascending") => Sort::CountAscending,
        Some("count_descending") => Sort::CountDescending,
        Some("distance_ascending") => Sort::DistanceAscending,
        Some("distance_descending") => Sort::DistanceDescending,
        Some(other) => return Err(PyValueError::new_err(format!("no way to sort: {other:?}"))),
    };
    let drawing: Drawing = tree.layout(&Layout { truncate, sort, color_threshold });
    #[expect(clippy::cast_possible_wrap, reason = "as many groups as observations")]
    let color = |color: &Color| match color {
        Color::Above => -1,
        Color::Group(group) => *group as i64,
    };
    let colors = drawing.color_list.iter().map(color).collect();
    let of_leaves = drawing.leaves_color_list.iter().map(|leaf| leaf.as_ref().map(color)).collect();
    let Drawing { icoord, dcoord, nodes, leaves, contractions, .. } = drawing;
    Ok((icoord, dcoord, colors, nodes, leaves, of_leaves, contractions))
}
