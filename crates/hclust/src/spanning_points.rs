//! Linkage of points; single linkage by a spanning tree whose memory grows with the points, not with their pairs.

use crate::dendrogram::Step;
use crate::level::{Level, Work};
use crate::observer::Observer;
use crate::points::{PANEL, distances, pdist_observed};
use crate::run::linkage_with;
use crate::spanning::{Nearest, Reach, grow};
use crate::{Dendrogram, Error, Float, Method, Metric, Points, Scratch};
use rayon::prelude::*;

/// Clusters points: `scipy.cluster.hierarchy.linkage(X, method, metric)`, to the last bit.
///
/// Single linkage makes each distance when it is looked at and keeps none: `O(n d)` memory, `O(n² d)` time. The other
/// methods make the condensed matrix ([`pdist`](crate::pdist)): their updates need all pairs. (Ward, centroid and median
/// could be had from centroids in linear memory, but not with the bits of their formulas: a difference of squares
/// rounds differently.)
///
/// # Errors
/// As [`linkage`](crate::linkage); [`Error::Metric`] for ward, centroid or median of distances that are not Euclidean.
///
/// ```
/// use hclust::{Method, Metric, Points, linkage_points};
/// let points = Points::new(3, &[0.0, 0.0, 3.0, 4.0, 0.0, 1.0])?;
/// let tree = linkage_points(points, Method::Single, Metric::Euclidean)?;
/// assert_eq!(tree.merges()[0].height, 1.0);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_points<T: Float>(
    points: Points<'_, T>,
    method: Method,
    metric: Metric,
) -> Result<Dendrogram<T>, Error> {
    linkage_points_with(&mut Scratch::new(), points, method, metric, &())
}

/// As [`linkage_points`], in the memory of `scratch` and as it says, telling `observer` of every merge.
///
/// # Errors
/// As [`linkage_points`] and [`linkage_with`].
pub fn linkage_points_with<T: Float>(
    scratch: &mut Scratch<T>,
    points: Points<'_, T>,
    method: Method,
    metric: Metric,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    check_metric(method, metric)?;
    if method == Method::Single {
        let steps = spanning_points(points, metric, scratch.level, observer)?;
        return Ok(Dendrogram::sorted(points.n(), steps));
    }
    linkage_with(scratch, pdist_observed(points, metric, scratch.level, observer)?, method, observer)
}

/// Ward, centroid and median are formulas of Euclidean distances.
fn check_metric(method: Method, metric: Metric) -> Result<(), Error> {
    let squares = matches!(method, Method::Ward | Method::Centroid | Method::Median);
    if squares && metric != Metric::Euclidean { Err(Error::Metric { method, metric }) } else { Ok(()) }
}

/// Coordinates for which a second thread pays.
const PARALLEL: usize = 1 << 16;

/// The points outside the tree, closed up from time to time, in ascending order.
struct Outside<T> {
    dimensions: usize,
    /// Their coordinates, as [`Points::panels`] lays them out.
    panels: Vec<T>,
    /// Their distances to the tree; −∞ of one that has gone inside. The last panel is filled up so.
    distances: Vec<T>,
    /// Which points they are.
    points: Vec<usize>,
    /// So many have gone inside since they were closed up.
    gone: usize,
}

/// The tree of points, as of their condensed matrix, to the last bit: no distance is kept. `O(n² d)` time on rayon's
/// threads, `O(n d)` memory.
pub(crate) fn spanning_points<T: Float>(
    points: Points<'_, T>,
    metric: Metric,
    level: Level,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error> {
    let n = points.n();
    let risky = points.may_overflow(metric);
    let mut outside = Outside {
        dimensions: points.dimensions(),
        panels: points.panels()?,
        distances: vec![T::INFINITY; n],
        points: (0..n).collect(),
        gone: 0,
    };
    outside.distances.resize(n.next_multiple_of(PANEL), T::NEG_INFINITY);
    let mut place = 0;
    grow(n, observer, |x| {
        outside.take(place);
        let own = points.row(x);
        if risky {
            outside.check(metric, x, own)?;
        }
        let nearest = outside.reach(metric, own, level);
        place = nearest.place;
        Ok(Nearest { place: outside.points.get(place).copied().unwrap_or(usize::MAX), ..nearest })
    })
}

impl<T: Float> Outside<T> {
    /// The point at a place goes inside.
    fn take(&mut self, place: usize) {
        self.distances[place] = T::NEG_INFINITY;
        self.gone += 1;
        // Every eighth part that has gone is no longer read.
        if self.gone * 8 > self.points.len() && self.points.len() > PANEL {
            self.close_up();
        }
    }

    fn close_up(&mut self) {
        let size = PANEL * self.dimensions;
        let kept: Vec<usize> =
            (0..self.points.len()).filter(|&place| self.distances[place] > T::NEG_INFINITY).collect();
        for (to, &from) in kept.iter().enumerate() {
            for dimension in 0..self.dimensions {
                let at = |place: usize| place / PANEL * size + dimension * PANEL + place % PANEL;
                self.panels[at(to)] = self.panels[at(from)];
            }
            self.distances[to] = self.distances[from];
            self.points[to] = self.points[from];
        }
        self.points.truncate(kept.len());
        let end = kept.len().next_multiple_of(PANEL);
        self.distances[kept.len()..].fill(T::NEG_INFINITY);
        self.distances.truncate(end);
        self.panels.truncate(end * self.dimensions);
        self.gone = 0;
    }

    /// The nearest point by its place.
    fn reach(&mut self, metric: Metric, x: &[T], level: Level) -> Nearest<T> {
        let size = PANEL * self.dimensions;
        // Some panels make a part, so that a part is worth a thread's while.
        let few = self.panels.len() < PARALLEL;
        let parts = if few { 1 } else { 2 * rayon::current_num_threads() };
        let panels = (self.distances.len() / PANEL).div_ceil(parts).max(1);
        let part = |(part, distances): (usize, &mut [T])| {
            let first = part * panels;
            let panels = &self.panels[first * size..][..distances.len() * self.dimensions];
            level.run(ReachPoints {
                metric,
                dimensions: self.dimensions,
                panels,
                x,
                distances,
                first: first * PANEL,
            })
        };
        // Parts are in order: of equal ones the earlier is the lower.
        let nearer = |a: Nearest<T>, b: Nearest<T>| if b.distance < a.distance { b } else { a };
        if few {
            return part((0, &mut self.distances));
        }
        let parts = self.distances.par_chunks_mut(panels * PANEL).enumerate();
        parts.map(part).reduce(|| Nearest::NONE, nearer)
    }

    /// Finds a distance that is past the range of the type.
    fn check(&self, metric: Metric, x: usize, own: &[T]) -> Result<(), Error> {
        let size = PANEL * self.dimensions;
        for (panel, points) in self.points.chunks(PANEL).enumerate() {
            let row = distances(metric, &self.panels[panel * size..(panel + 1) * size], own);
            for (&point, distance) in points.iter().zip(row) {
                if !distance.is_finite() && point != x {
                    return Err(Error::Value { i: x.min(point), j: x.max(point), value: distance.into() });
                }
            }
        }
        Ok(())
    }
}

/// Lowers the distances of some panels of points to the tree; gives the nearest, the lowest on ties.
struct ReachPoints<'a, T> {
    metric: Metric,
    dimensions: usize,
    panels: &'a [T],
    x: &'a [T],
    distances: &'a mut [T],
    /// The place of the first.
    first: usize,
}

impl<T: Float> Work for ReachPoints<'_, T> {
    type Output = Nearest<T>;

    #[inline(always)]
    fn run(self) -> Nearest<T> {
        let size = PANEL * self.dimensions;
        let mut nearest = Nearest::NONE;
        for (panel, to_tree) in self.distances.chunks_exact_mut(PANEL).enumerate() {
            let row = distances(self.metric, &self.panels[panel * size..(panel + 1) * size], self.x);
            let reach = Reach { row: &row, distances: to_tree, first: self.first + panel * PANEL }.run();
            if reach.distance < nearest.distance {
                nearest = reach;
            }
        }
        nearest
    }
}
