//! The entry points: which algorithm each method takes.

use crate::chain::chain;
use crate::heap::heap;
use crate::spanning::spanning;
use crate::{
    Average, Centroid, Complete, Condensed, Dendrogram, Error, Float, Linkage, Median, Method, Reducible, Ward,
    Weighted,
};
use std::ops::ControlFlow;

/// Called after every merge with the merges done and those to do; break cancels.
pub type Observer<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + 'a);

/// An observer that never stops.
const GO_ON: Observer<'static> = &|_, _| ControlFlow::Continue(());

pub(crate) fn observe(observer: Observer<'_>, done: usize, total: usize) -> Result<(), Error> {
    if observer(done, total).is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

/// Clusters the observations of a condensed matrix: `scipy.cluster.hierarchy.linkage(d, method)`.
///
/// The same merges, in the same order, at heights of the same bits as SciPy 1.17 for `f64`; ties in SciPy's order.
/// `O(n²)` time for the five reducible methods (minimum spanning tree for single, nearest-neighbour chain for the
/// others), `O(n³)` in the worst case and near `O(n²)` usually for centroid and median. The matrix is worked on in
/// place; [`bytes_needed`] more are taken.
///
/// # Errors
/// [`Error::Empty`] without observations; [`Error::Value`] for a dissimilarity that is NaN, infinite or negative;
/// [`Error::Overflow`] when an update leaves the range of the type.
///
/// ```
/// use hclust::{Condensed, Method, linkage};
/// let d = Condensed::from_values(vec![1.0, 4.0, 5.0])?; // 0–1, 0–2, 1–2
/// let tree = linkage(d, Method::Average)?;
/// assert_eq!(tree.rows().collect::<Vec<_>>(), [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage<T: Float>(condensed: Condensed<T>, method: Method) -> Result<Dendrogram<T>, Error> {
    linkage_observed(condensed, method, GO_ON)
}

/// As [`linkage`], calling `observer(merges done, merges to do)` after every merge.
///
/// # Errors
/// As [`linkage`]; [`Error::Cancelled`] after a break.
pub fn linkage_observed<T: Float>(
    condensed: Condensed<T>,
    method: Method,
    observer: Observer<'_>,
) -> Result<Dendrogram<T>, Error> {
    condensed.check()?;
    let n = condensed.n();
    let sorted = |steps| Dendrogram::sorted(n, steps);
    let in_order = |steps: Vec<_>| Dendrogram::in_order(n, &steps);
    match method {
        Method::Single => spanning(&condensed, observer).map(sorted),
        Method::Complete => chain(condensed, &Complete, observer).map(sorted),
        Method::Average => chain(condensed, &Average, observer).map(sorted),
        Method::Weighted => chain(condensed, &Weighted, observer).map(sorted),
        Method::Ward => chain(condensed, &Ward, observer).map(sorted),
        Method::Centroid => heap(condensed, &Centroid, observer).map(in_order),
        Method::Median => heap(condensed, &Median, observer).map(in_order),
    }
}

/// Clusters by a reducible linkage of your own, by the nearest-neighbour chain in `O(n²)` time.
///
/// # Errors
/// As [`linkage`].
///
/// ```
/// use hclust::{Condensed, Linkage, Reducible, Update, linkage_by};
///
/// /// Half-way between single and complete.
/// struct Halfway;
/// impl Linkage<f64> for Halfway {
///     fn update(&self, u: Update<f64>) -> f64 {
///         0.5 * (u.d_xi.min(u.d_yi) + u.d_xi.max(u.d_yi))
///     }
/// }
/// impl Reducible for Halfway {}
///
/// let tree = linkage_by(Condensed::from_values(vec![1.0, 4.0, 6.0])?, &Halfway)?;
/// assert_eq!(tree.merges()[1].height, 5.0);
/// # Ok::<(), hclust::Error>(())
/// ```
///
/// A linkage that is not marked [`Reducible`] does not compile here:
///
/// ```compile_fail
/// hclust::linkage_by(hclust::Condensed::from_values(vec![1.0]).unwrap(), &hclust::Centroid);
/// ```
pub fn linkage_by<T, L>(condensed: Condensed<T>, linkage: &L) -> Result<Dendrogram<T>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    condensed.check()?;
    let n = condensed.n();
    chain(condensed, linkage, GO_ON).map(|steps| Dendrogram::sorted(n, steps))
}

/// Clusters by any linkage of your own, always merging a closest pair, by the heap algorithm. Merges are numbered in
/// the order in which they are made; heights may go down.
///
/// # Errors
/// As [`linkage`].
pub fn linkage_by_heap<T, L>(condensed: Condensed<T>, linkage: &L) -> Result<Dendrogram<T>, Error>
where
    T: Float,
    L: Linkage<T> + ?Sized,
{
    condensed.check()?;
    let n = condensed.n();
    heap(condensed, linkage, GO_ON).map(|steps| Dendrogram::in_order(n, &steps))
}

/// Peak bytes that [`linkage`] takes for `n` observations of type `T`, the matrix itself included.
#[must_use]
pub fn bytes_needed<T: Float>(n: usize) -> u64 {
    let n = n as u64;
    // Offsets, sizes and live list of the working state; steps, union–find and merges; the heap's three vectors.
    let per_observation = (3 * size_of::<usize>() + 2 * size_of::<crate::Merge<T>>() + 64) as u64;
    (n.saturating_mul(n.saturating_sub(1)) / 2)
        .saturating_mul(size_of::<T>() as u64)
        .saturating_add(n.saturating_mul(per_observation))
}
