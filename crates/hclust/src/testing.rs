//! Strategies, the naive twin and the replay oracle, for property tests of this crate and of a linkage of your own
//! (feature `proptest`).

use crate::dendrogram::Step;
use crate::{
    Average, Centroid, Complete, Condensed, Dendrogram, Float, Linkage, Median, Merge, Method, Single, Update,
    Ward, Weighted,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// From now on, in this whole process, [`Level::detect`](crate::Level::detect) chooses from the first `to` levels only: to test
/// what calls this crate at every level.
pub fn limit_levels(to: usize) {
    crate::level::LIMIT.store(to, std::sync::atomic::Ordering::Relaxed);
}

/// Condensed matrices of 1 to `max_n` observations: free values, heavy ties, all equal, points on a grid with
/// duplicates, two far blocks, and magnitudes from denormal to huge.
pub fn condensed(max_n: usize) -> impl Strategy<Value = Condensed<f64>> {
    (1..=max_n.max(1)).prop_flat_map(|n| {
        let pairs = n * (n - 1) / 2;
        let tied = vec(0_u8..4, pairs).prop_map(|v| v.into_iter().map(f64::from).collect::<Vec<_>>());
        let values = prop_oneof![
            3 => vec(0.0..1.0_f64, pairs),
            3 => tied,
            1 => (0.0..2.0_f64).prop_map(move |v| std::vec![v; pairs]),
            2 => vec((0_i8..4, 0_i8..4), n).prop_map(|points| distances(&points)),
            1 => vec(0.0..1.0_f64, pairs).prop_map(move |v| blocks(n, v)),
            1 => (vec(0.5..1.0_f64, pairs), -1050..500)
                .prop_map(|(v, e)| v.into_iter().map(|v| v * 2f64.powi(e)).collect()),
        ];
        values.prop_filter_map("a condensed matrix", move |values| Condensed::new(n, values).ok())
    })
}

/// Euclidean distances of points on a grid.
fn distances(points: &[(i8, i8)]) -> Vec<f64> {
    let distance = |a: (i8, i8), b: (i8, i8)| f64::from(a.0 - b.0).hypot(f64::from(a.1 - b.1));
    points
        .iter()
        .enumerate()
        .flat_map(|(i, &a)| points.iter().skip(i + 1).map(move |&b| distance(a, b)))
        .collect()
}

/// Adds 10 to the pairs of even and odd observations.
fn blocks(n: usize, values: Vec<f64>) -> Vec<f64> {
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i + j) % 2 == 1));
    values.into_iter().zip(pairs).map(|(v, apart)| if apart { v + 10.0 } else { v }).collect()
}

/// A method's linkage as an object.
#[must_use]
pub fn by_method<T: Float>(method: Method) -> &'static dyn Linkage<T> {
    match method {
        Method::Single => &Single,
        Method::Complete => &Complete,
        Method::Average => &Average,
        Method::Weighted => &Weighted,
        Method::Ward => &Ward,
        Method::Centroid => &Centroid,
        Method::Median => &Median,
    }
}

/// A square matrix of current dissimilarities: the state of the naive algorithms.
struct Square<T> {
    n: usize,
    values: Vec<T>,
    sizes: Vec<usize>,
}

impl<T: Float> Square<T> {
    fn new(condensed: &Condensed<T>) -> Self {
        let n = condensed.n();
        let at = |place: usize| condensed.get(place / n, place % n).unwrap_or(T::INFINITY);
        Self { n, values: (0..n * n).map(at).collect(), sizes: vec![1; n] }
    }

    fn get(&self, i: usize, j: usize) -> T {
        self.values[i * self.n + j]
    }

    fn live(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.n).filter(|&i| self.sizes[i] > 0)
    }

    /// How far the nearest two are apart; infinity if there are none.
    fn least(&self) -> f64 {
        let live: Vec<usize> = self.live().collect();
        let pairs = live.iter().flat_map(|&i| live.iter().filter(move |&&j| i < j).map(move |&j| (i, j)));
        pairs.map(|(i, j)| self.get(i, j).into()).fold(f64::INFINITY, f64::min)
    }

    fn merge(&mut self, linkage: &dyn Linkage<T>, x: usize, y: usize, d_xy: T) {
        let (n_x, n_y) = (self.sizes[x], self.sizes[y]);
        for i in (0..self.n).filter(|&i| self.sizes[i] > 0 && i != x && i != y).collect::<Vec<_>>() {
            let (d_xi, d_yi, n_i) = (self.get(x, i), self.get(y, i), self.sizes[i]);
            let [n_x, n_y, n_i] = [n_x, n_y, n_i].map(T::from_count);
            let merged = linkage.update(Update { d_xi, d_yi, d_xy, n_x, n_y, n_i });
            self.values[y * self.n + i] = merged;
            self.values[i * self.n + y] = merged;
        }
        self.sizes[x] = 0;
        self.sizes[y] = n_x + n_y;
    }
}

/// The naive twin of the nearest-neighbour chain: a full square, every slot looked at every time, SciPy's rules in
/// the plainest words. Same bits as [`linkage_by`](crate::linkage_by). Only for reducible linkages. `O(n²)`.
#[must_use]
pub fn naive_chain<T: Float>(condensed: &Condensed<T>, linkage: &dyn Linkage<T>) -> Dendrogram<T> {
    let (mut square, mut steps, mut chain) = (Square::new(condensed), Vec::new(), Vec::new());
    while steps.len() + 1 < square.n {
        if chain.is_empty() {
            chain.extend(square.live().next());
        }
        let Some(&x) = chain.last() else { break };
        let before = chain.iter().rev().nth(1).copied();
        let mut nearest = before.map_or((usize::MAX, T::INFINITY), |slot| (slot, square.get(x, slot)));
        for i in square.live().filter(|&i| i != x) {
            if square.get(x, i) < nearest.1 {
                nearest = (i, square.get(x, i));
            }
        }
        let (y, height) = nearest;
        if before == Some(y) {
            chain.truncate(chain.len() - 2);
            square.merge(linkage, x.min(y), x.max(y), height);
            steps.push(Step { a: x.min(y), b: x.max(y), height });
        } else {
            chain.push(y);
        }
    }
    Dendrogram::sorted(square.n, steps)
}

/// The naive twin of the minimum spanning tree: SciPy's Prim in the plainest words. `O(n²)`.
#[must_use]
pub fn naive_single<T: Float>(condensed: &Condensed<T>) -> Dendrogram<T> {
    let square = Square::new(condensed);
    let mut distances = vec![T::INFINITY; square.n];
    let mut inside = vec![false; square.n];
    let (mut x, mut steps) = (0, Vec::new());
    while steps.len() + 1 < square.n {
        inside[x] = true;
        let mut nearest = (0, T::INFINITY);
        for i in (0..square.n).filter(|&i| !inside[i]) {
            if distances[i] > square.get(x, i) {
                distances[i] = square.get(x, i);
            }
            if distances[i] < nearest.1 {
                nearest = (i, distances[i]);
            }
        }
        steps.push(Step { a: x, b: nearest.0, height: nearest.1 });
        x = nearest.0;
    }
    Dendrogram::sorted(square.n, steps)
}

/// What the replay found wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayError {
    /// The row of the dendrogram.
    pub row: usize,
    /// Its height.
    pub height: f64,
    /// The current dissimilarity of the two clusters that it merges.
    pub distance: f64,
    /// The least current dissimilarity of any two clusters.
    pub least: f64,
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { row, height, distance, least } = self;
        write!(
            f,
            "row {row} has height {height:e}, but its clusters are {distance:e} apart and the nearest {least:e}"
        )
    }
}

impl std::error::Error for ReplayError {}

/// The replay oracle (after fastcluster's test): does the dendrogram's merges in order on a naive matrix; each must
/// merge a closest pair at its current dissimilarity, within `tolerance` times that (or times the least normal number). True of every correct result,
/// whatever the order of ties. `O(n³)`.
///
/// 0 is right for [`linkage_by_heap`](crate::linkage_by_heap), which makes its merges in this order; the chain makes
/// them in another and rounds differently: see [`replay_tolerance`].
///
/// # Errors
/// The first row that is not a current minimum.
pub fn replay<T: Float>(
    condensed: &Condensed<T>,
    tree: &Dendrogram<T>,
    linkage: &dyn Linkage<T>,
    tolerance: f64,
) -> Result<(), ReplayError> {
    replay_merges(condensed, tree.merges(), linkage, tolerance, 0.0).map(drop)
}

/// As [`replay`], of some first merges only, and within `absolute` besides: for dissimilarities that were computed in another
/// way. Gives how far the nearest two clusters are apart that no merge joins; infinity if there is one cluster.
///
/// # Errors
/// As [`replay`].
pub fn replay_merges<T: Float>(
    condensed: &Condensed<T>,
    merges: &[Merge<T>],
    linkage: &dyn Linkage<T>,
    tolerance: f64,
    absolute: f64,
) -> Result<f64, ReplayError> {
    let mut square = Square::new(condensed);
    let single = size_of::<T>() == size_of::<f32>();
    let least_normal = if single { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE };
    // Of each node the slot that it lives in: a merger keeps the higher of the two.
    let mut slots: Vec<usize> = (0..square.n).collect();
    for (row, merge) in merges.iter().enumerate() {
        let (a, b) = (slots[merge.left], slots[merge.right]);
        let (x, y) = (a.min(b), a.max(b));
        let least = square.least();
        let (height, distance) = (merge.height.into(), square.get(x, y).into());
        // Below the normal range rounding is absolute: half the least denormal, which is u times the least normal.
        let slack = tolerance * distance.abs().max(height.abs()).max(least_normal) + absolute;
        if !((height - distance).abs() <= slack && distance <= least + slack) {
            return Err(ReplayError { row, height, distance, least });
        }
        square.merge(linkage, x, y, merge.height);
        slots.push(y);
    }
    Ok(square.least())
}

/// The same merges at the heights that the dissimilarities give them, ascending: of merges whose heights are only known within
/// bounds, or stand for others. `O(n²)` a merge.
#[must_use]
pub fn with_heights<T: Float>(
    condensed: &Condensed<T>,
    merges: &[Merge<T>],
    linkage: &dyn Linkage<T>,
) -> Vec<Merge<T>> {
    let mut square = Square::new(condensed);
    let mut nodes: Vec<(usize, T)> = (0..square.n).map(|slot| (slot, T::ZERO)).collect();
    let mut steps = Vec::new();
    for merge in merges {
        let [(a, height_a), (b, height_b)] = [nodes[merge.left], nodes[merge.right]];
        let (a, b) = (a.min(b), a.max(b));
        let distance = square.get(a, b);
        square.merge(linkage, a, b, distance);
        // By rounding alone a height can be below one under it.
        let height =
            [height_a, height_b].into_iter().fold(distance, |h, below| if below > h { below } else { h });
        nodes.push((b, height));
        steps.push(Step { a, b, height });
    }
    steps.sort_by(Step::by_height);
    Dendrogram::in_order(square.n, &steps).into_merges()
}

/// A tolerance for [`replay`] of a chain's result: `n` updates, each with at most eight roundings, twice (once in
/// the result, once in the replay), of the type's unit roundoff; four times that for Ward's difference of squares.
#[must_use]
pub fn replay_tolerance<T: Float>(n: usize) -> f64 {
    let unit = if size_of::<T>() == size_of::<f32>() { f64::from(f32::EPSILON) } else { f64::EPSILON } / 2.0;
    <f64 as Float>::from_count(n) * 2.0 * 8.0 * 4.0 * unit
}
