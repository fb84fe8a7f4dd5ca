//! The entry points: which algorithm each method takes, and on what it works.

use crate::candidates::{self, sifted_tree};
use crate::chain::{Watch, chain};
use crate::condensed::LetGo;
use crate::dendrogram::Step;
use crate::grid::Grid;
use crate::heap::heap;
use crate::pairs::Pairs;
use crate::scratch::square_bytes;
use crate::spanning::{spanning, spanning_square, strip_bytes};
use crate::table::Table as _;
use crate::{
    Average, Centroid, Complete, Condensed, CondensedView, Dendrogram, Error, Float, Linkage, Median, Method,
    Observer, Reducible, Scratch, Square, Storage, Ward, Weighted,
};
use rayon::prelude::*;

/// Clusters the observations of a condensed matrix: `scipy.cluster.hierarchy.linkage(d, method)`.
///
/// The same merges, in the same order, at heights of the same bits as SciPy 1.17 for `f64`; ties in SciPy's order.
/// `O(n²)` time for the five reducible methods (minimum spanning tree for single, nearest-neighbour chain for the
/// others), `O(n³)` in the worst case and near `O(n²)` usually for centroid and median. It takes a square beside the
/// matrix (single linkage a few kilobytes an observation), on rayon's threads; [`linkage_with`] can do with less, and
/// [`bytes_needed`] says with how much.
///
/// # Errors
/// [`Error::Empty`] without observations; [`Error::Value`] for a dissimilarity that is NaN, infinite or negative;
/// [`Error::Overflow`] when an update leaves the range of the type; [`Error::OutOfMemory`].
///
/// ```
/// use hclust::{Condensed, Method, linkage};
/// let d = Condensed::from_values(vec![1.0, 4.0, 5.0])?; // 0–1, 0–2, 1–2
/// let tree = linkage(d, Method::Average)?;
/// assert_eq!(tree.rows().collect::<Vec<_>>(), [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 4.5, 3.0]]);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage<T: Float>(condensed: Condensed<T>, method: Method) -> Result<Dendrogram<T>, Error> {
    linkage_with(&mut Scratch::new(), condensed, method, &())
}

/// As [`linkage`], in the memory of `scratch` and as it says, telling `observer` of every merge (`&()` looks away).
///
/// # Errors
/// As [`linkage`]; [`Error::Cancelled`] after a break.
pub fn linkage_with<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    method: Method,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    by_method(scratch, Input::Condensed(condensed), method, observer)
}

/// As [`linkage`], of dissimilarities that the caller keeps: they are read where they lie, and copied only where there is no
/// square ([`Storage::InPlace`], or few observations).
///
/// # Errors
/// As [`linkage`].
///
/// ```
/// use hclust::{CondensedView, Method, linkage_view};
/// let d = [1.0, 4.0, 5.0];
/// let tree = linkage_view(CondensedView::from_values(&d)?, Method::Average)?;
/// assert_eq!(tree.merges()[1].height, 4.5);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_view<T: Float>(condensed: CondensedView<'_, T>, method: Method) -> Result<Dendrogram<T>, Error> {
    linkage_view_with(&mut Scratch::new(), condensed, method, &())
}

/// As [`linkage_view`], in the memory of `scratch` and as it says, telling `observer` of every merge.
///
/// # Errors
/// As [`linkage`]; [`Error::Cancelled`] after a break.
pub fn linkage_view_with<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: CondensedView<'_, T>,
    method: Method,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    by_method(scratch, Input::View(condensed), method, observer)
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
///     #[inline]
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
    linkage_by_with(&mut Scratch::new(), condensed, linkage, &())
}

/// As [`linkage_by`], in the memory of `scratch` and as it says, telling `observer` of every merge.
///
/// # Errors
/// As [`linkage_with`].
pub fn linkage_by_with<T, L>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    linkage: &L,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    let (n, steps) = by_chain(scratch, Input::Condensed(condensed), linkage, &mut (), observer)?;
    Ok(Dendrogram::sorted(n, steps))
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
    by_heap(&mut Scratch::new(), Input::Condensed(condensed), linkage, &())
}

/// Clusters the observations of a square matrix: as [`linkage`] of its condensed form, in the same bits.
///
/// # Errors
/// As [`linkage`]; [`Error::NotSymmetric`].
pub fn linkage_square<T: Float>(square: Square<T>, method: Method) -> Result<Dendrogram<T>, Error> {
    linkage_square_with(&mut Scratch::new(), square, method, &())
}

/// As [`linkage_square`], at the level of `scratch`, which gets the square's memory; telling `observer` of every merge.
///
/// # Errors
/// As [`linkage_square`]; [`Error::Cancelled`] after a break.
pub fn linkage_square_with<T: Float>(
    scratch: &mut Scratch<T>,
    square: Square<T>,
    method: Method,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    by_method(scratch, Input::Square(square), method, observer)
}

/// Clusters many matrices, each as [`linkage`] would, on rayon's threads, which keep working memory from one to
/// the next. At most as many are in work at once as there are threads, but for those that a thread begins while it waits. Results stand in the order of the matrices.
///
/// ```
/// use hclust::{Condensed, Method, linkage_batch};
/// let matrices = (1..=3).map(|scale| Condensed::from_values(vec![1.0 * f64::from(scale), 4.0, 5.0]));
/// let trees = linkage_batch(matrices.collect::<Result<_, _>>()?, Method::Complete);
/// assert_eq!(trees[2].as_ref().map(|tree| tree.merges()[0].height), Ok(3.0));
/// # Ok::<(), hclust::Error>(())
/// ```
#[must_use]
pub fn linkage_batch<T: Float>(
    matrices: Vec<Condensed<T>>,
    method: Method,
) -> Vec<Result<Dendrogram<T>, Error>> {
    let one = |scratch: &mut Scratch<T>, matrix| linkage_with(scratch, matrix, method, &());
    matrices.into_par_iter().map_init(Scratch::new, one).collect()
}

/// Peak bytes that a run takes for `n` observations of type `T`, the condensed matrix itself included.
///
/// ```
/// use hclust::{Method, Storage, bytes_needed};
/// let needed = |storage| bytes_needed::<f64>(10_000, Method::Average, storage);
/// assert!(needed(Storage::Square) > needed(Storage::Tight));
/// // The condensed matrix has 400 MB; in place it takes little more.
/// assert!(needed(Storage::InPlace) < 402_000_000);
/// ```
#[must_use]
pub fn bytes_needed<T: Float>(n: usize, method: Method, storage: Storage) -> u64 {
    let count = n as u64;
    // Offsets, sizes and live list of the working state; steps, union–find and merges; the heap's three vectors.
    let per_observation = (3 * size_of::<usize>() + 2 * size_of::<crate::Merge<T>>() + 64) as u64;
    let beside = if method == Method::Single {
        strip_bytes::<T>(n, storage).max(candidates::bytes_needed::<T>(n))
    } else {
        square_bytes::<T>(n, storage)
    };
    (count.saturating_mul(count.saturating_sub(1)) / 2)
        .saturating_mul(size_of::<T>() as u64)
        .saturating_add(count.saturating_mul(per_observation))
        .saturating_add(beside)
}

/// Dissimilarities in either form.
pub(crate) enum Input<'a, T> {
    Condensed(Condensed<T>),
    View(CondensedView<'a, T>),
    Square(Square<T>),
}

/// What chain and heap work on.
enum State<T: Float> {
    Grid(Grid<T>),
    Pairs(Pairs<T>),
}

fn by_method<T: Float>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    method: Method,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    let (n, steps) = match method {
        Method::Centroid => return by_heap(scratch, input, &Centroid, observer),
        Method::Median => return by_heap(scratch, input, &Median, observer),
        _ => steps_of(scratch, input, method, &mut (), observer)?,
    };
    Ok(Dendrogram::sorted(n, steps))
}

/// n and the steps of a reducible method.
pub(crate) fn steps_of<T: Float>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    method: Method,
    watch: &mut impl Watch<T>,
    observer: &dyn Observer,
) -> Result<(usize, Vec<Step<T>>), Error> {
    match method {
        Method::Single => by_tree(scratch, input, observer),
        Method::Complete => by_chain(scratch, input, &Complete, watch, observer),
        Method::Average => by_chain(scratch, input, &Average, watch, observer),
        Method::Weighted => by_chain(scratch, input, &Weighted, watch, observer),
        Method::Ward => by_chain(scratch, input, &Ward, watch, observer),
        Method::Centroid | Method::Median => Err(Error::NotReducible { method }),
    }
}

fn by_tree<T: Float>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    observer: &dyn Observer,
) -> Result<(usize, Vec<Step<T>>), Error> {
    match input {
        Input::Condensed(condensed) => {
            let condensed = LetGo(condensed);
            by_tree(scratch, Input::View(condensed.0.view()), observer)
        }
        Input::View(condensed) => {
            let n = condensed.n();
            if let Some(steps) = sifted_tree(condensed, scratch.level, observer)? {
                return Ok((n, steps));
            }
            condensed.check_observed(scratch.level, observer)?;
            Ok((n, spanning(condensed, scratch, observer)?))
        }
        Input::Square(square) => {
            square.check(observer)?;
            let steps = spanning_square(&square, scratch.level, observer);
            let (n, _, cells) = square.into_parts();
            scratch.cells = cells;
            Ok((n, steps?))
        }
    }
}

pub(crate) fn by_chain<T, L>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    linkage: &L,
    watch: &mut impl Watch<T>,
    observer: &dyn Observer,
) -> Result<(usize, Vec<Step<T>>), Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    Ok(match prepare(scratch, input, false, observer)? {
        State::Grid(mut grid) => {
            let steps = chain(&mut grid, linkage, watch, observer);
            (grid.n(), put_back(scratch, grid, steps)?)
        }
        State::Pairs(mut pairs) => (pairs.n(), chain(&mut pairs, linkage, watch, observer)?),
    })
}

fn by_heap<T, L>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    linkage: &L,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error>
where
    T: Float,
    L: Linkage<T> + ?Sized,
{
    let (n, steps) = match prepare(scratch, input, true, observer)? {
        State::Grid(mut grid) => {
            let steps = heap(&mut grid, linkage, observer);
            (grid.n(), put_back(scratch, grid, steps)?)
        }
        State::Pairs(mut pairs) => (pairs.n(), heap(&mut pairs, linkage, observer)?),
    };
    Ok(Dendrogram::in_order(n, &steps))
}

/// The checked working state; `above` if only higher slots are to be looked for.
fn prepare<T: Float>(
    scratch: &mut Scratch<T>,
    input: Input<'_, T>,
    above: bool,
    observer: &dyn Observer,
) -> Result<State<T>, Error> {
    let level = scratch.level;
    Ok(match input {
        Input::Square(square) => {
            square.check(observer)?;
            State::Grid(Grid::from_square(square, level, above, observer)?)
        }
        Input::Condensed(condensed) => match scratch.storage.spare::<T>(condensed.n()) {
            // It is let go as soon as it is copied.
            Some(_) => prepare(scratch, Input::View(LetGo(condensed).0.view()), above, observer)?,
            None => {
                let checked = condensed.view().check_observed(level, observer);
                let pairs = Pairs::new(condensed);
                checked.map(|()| State::Pairs(pairs))?
            }
        },
        Input::View(condensed) => match scratch.storage.spare::<T>(condensed.n()) {
            Some(spare) => {
                let cells = scratch.take();
                State::Grid(Grid::from_view(condensed, cells, spare, level, above, observer)?)
            }
            None => {
                condensed.check_observed(level, observer)?;
                State::Pairs(Pairs::new(condensed.to_condensed()?))
            }
        },
    })
}

/// Gives a grid's memory to the scratch, whatever came of the work on it.
fn put_back<T: Float, R>(scratch: &mut Scratch<T>, grid: Grid<T>, result: R) -> R {
    scratch.cells = grid.into_cells();
    result
}
