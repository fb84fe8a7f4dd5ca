//! The entry points: which algorithm each method takes, and on what it works.

use crate::chain::chain;
use crate::condensed::LetGo;
use crate::dendrogram::Step;
use crate::grid::Grid;
use crate::heap::heap;
use crate::pairs::Pairs;
use crate::scratch::square_bytes;
use crate::spanning::{spanning, spanning_square, strip_bytes};
use crate::{
    Average, Centroid, Complete, Condensed, Dendrogram, Error, Float, Linkage, Median, Method, Observer,
    Reducible, Scratch, Square, Storage, Ward, Weighted,
};
use rayon::prelude::*;

/// Clusters the observations of a condensed matrix: `scipy.cluster.hierarchy.linkage(d, method)`.
///
/// The same merges, in the same order, at heights of the same bits as SciPy 1.17 for `f64`; ties in SciPy's order.
/// `O(n²)` time for the five reducible methods (minimum spanning tree for single, nearest-neighbour chain for the
/// others), `O(n³)` in the worst case and near `O(n²)` usually for centroid and median. It takes a square beside the
/// matrix, on rayon's threads; [`linkage_with`] can do with less, and [`bytes_needed`] says with how much.
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
    match method {
        Method::Single => {
            let condensed = LetGo(condensed);
            condensed.0.check_observed(observer)?;
            spanning(&condensed.0, scratch, observer).map(|steps| Dendrogram::sorted(condensed.0.n(), steps))
        }
        Method::Complete => linkage_by_with(scratch, condensed, &Complete, observer),
        Method::Average => linkage_by_with(scratch, condensed, &Average, observer),
        Method::Weighted => linkage_by_with(scratch, condensed, &Weighted, observer),
        Method::Ward => linkage_by_with(scratch, condensed, &Ward, observer),
        Method::Centroid => by_heap(scratch, condensed, &Centroid, observer),
        Method::Median => by_heap(scratch, condensed, &Median, observer),
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
    let n = condensed.n();
    let steps = match scratch.storage.spare(n) {
        Some(spare) => {
            let (level, cells) = (scratch.level, scratch.take());
            let grid = Grid::from_condensed(condensed, cells, spare, level, false, observer)?;
            on_grid(scratch, grid, |grid| chain(grid, linkage, observer))?
        }
        None => {
            let condensed = checked(condensed, observer)?;
            chain(&mut Pairs::new(condensed), linkage, observer)?
        }
    };
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
    by_heap(&mut Scratch::new(), condensed, linkage, &())
}

fn by_heap<T, L>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    linkage: &L,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error>
where
    T: Float,
    L: Linkage<T> + ?Sized,
{
    let n = condensed.n();
    let steps = match scratch.storage.spare(n) {
        Some(spare) => {
            let (level, cells) = (scratch.level, scratch.take());
            let grid = Grid::from_condensed(condensed, cells, spare, level, true, observer)?;
            on_grid(scratch, grid, |grid| heap(grid, linkage, observer))?
        }
        None => {
            let condensed = checked(condensed, observer)?;
            heap(&mut Pairs::new(condensed), linkage, observer)?
        }
    };
    Ok(Dendrogram::in_order(n, &steps))
}

/// The matrix, if its values are fit; else it is let go.
fn checked<T: Float>(condensed: Condensed<T>, observer: &dyn Observer) -> Result<Condensed<T>, Error> {
    match condensed.check_observed(observer) {
        Ok(()) => Ok(condensed),
        Err(error) => {
            drop(LetGo(condensed));
            Err(error)
        }
    }
}

/// Works on a grid and gives its memory back to the scratch, whatever comes of it.
fn on_grid<T: Float>(
    scratch: &mut Scratch<T>,
    mut grid: Grid<T>,
    work: impl FnOnce(&mut Grid<T>) -> Result<Vec<Step<T>>, Error>,
) -> Result<Vec<Step<T>>, Error> {
    let steps = work(&mut grid);
    scratch.cells = grid.into_cells();
    steps
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
    square.check()?;
    match method {
        Method::Single => {
            let steps = spanning_square(&square, scratch.level, observer)?;
            let (n, _, cells) = square.into_parts();
            scratch.cells = cells;
            Ok(Dendrogram::sorted(n, steps))
        }
        Method::Complete => square_by_chain(scratch, square, &Complete, observer),
        Method::Average => square_by_chain(scratch, square, &Average, observer),
        Method::Weighted => square_by_chain(scratch, square, &Weighted, observer),
        Method::Ward => square_by_chain(scratch, square, &Ward, observer),
        Method::Centroid => square_by_heap(scratch, square, &Centroid, observer),
        Method::Median => square_by_heap(scratch, square, &Median, observer),
    }
}

fn square_by_chain<T: Float>(
    scratch: &mut Scratch<T>,
    square: Square<T>,
    linkage: &(impl Linkage<T> + Reducible),
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    let n = square.n();
    let grid = Grid::from_square(square, scratch.level, false, observer)?;
    on_grid(scratch, grid, |grid| chain(grid, linkage, observer)).map(|steps| Dendrogram::sorted(n, steps))
}

fn square_by_heap<T: Float>(
    scratch: &mut Scratch<T>,
    square: Square<T>,
    linkage: &impl Linkage<T>,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    let n = square.n();
    let grid = Grid::from_square(square, scratch.level, true, observer)?;
    on_grid(scratch, grid, |grid| heap(grid, linkage, observer)).map(|steps| Dendrogram::in_order(n, &steps))
}

/// Clusters many matrices, each as [`linkage`] would, on rayon's threads: a thread takes one matrix at a time and
/// keeps its working memory for the next. Results stand in the order of the matrices.
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
    let beside =
        if method == Method::Single { strip_bytes::<T>(n, storage) } else { square_bytes::<T>(n, storage) };
    (count.saturating_mul(count.saturating_sub(1)) / 2)
        .saturating_mul(size_of::<T>() as u64)
        .saturating_add(count.saturating_mul(per_observation))
        .saturating_add(beside)
}
