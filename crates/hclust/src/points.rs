//! Observations as points: distances made from coordinates, in panels of points that lie side by side.

use crate::kernels::each_lane;
use crate::level::{Level, Work};
use crate::observer::{Gate, Observer};
use crate::{Condensed, Error, Float};
use rayon::prelude::*;

/// Points whose coordinates lie side by side.
pub(crate) const PANEL: usize = 32;

/// Rows of distances that are made together, so that a panel is read from the first cache by all of them.
const ROWS: usize = 16;

/// How far two points are from each other, by SciPy's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// `√Σ (a − b)²`.
    Euclidean,
    /// `Σ (a − b)²`.
    SqEuclidean,
    /// `Σ |a − b|`.
    Cityblock,
    /// `max |a − b|`.
    Chebyshev,
}

impl Metric {
    /// SciPy's name for it, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Euclidean => "euclidean",
            Self::SqEuclidean => "sqeuclidean",
            Self::Cityblock => "cityblock",
            Self::Chebyshev => "chebyshev",
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// `n` points of some dimensions: a borrowed matrix, n rows × dimensions, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a, T> {
    n: usize,
    dimensions: usize,
    values: &'a [T],
}

impl<'a, T: Float> Points<'a, T> {
    /// From the number of points and their coordinates, a point after the other. All values are looked at, in `O(n d)`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::TooMany`]; [`Error::Points`] if the values are not as many for each;
    /// [`Error::Coordinate`] with the first that is NaN or infinite.
    ///
    /// ```
    /// let x = [0.0, 0.0, 3.0, 4.0];
    /// let points = hclust::Points::new(2, &x)?;
    /// assert_eq!((points.n(), points.dimensions()), (2, 2));
    /// # Ok::<(), hclust::Error>(())
    /// ```
    pub fn new(n: usize, values: &'a [T]) -> Result<Self, Error> {
        if n == 0 {
            return Err(Error::Empty);
        }
        if n > i32::MAX as usize {
            return Err(Error::TooMany { n });
        }
        if !values.len().is_multiple_of(n) {
            return Err(Error::Points { n, found: values.len() });
        }
        let dimensions = values.len() / n;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (point, dimension) = (place / dimensions, place % dimensions);
            return Err(Error::Coordinate { point, dimension, value: values[place].into() });
        }
        Ok(Self { n, dimensions, values })
    }

    /// The number of points.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of coordinates of each.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The coordinates of a point below n.
    pub(crate) fn row(&self, point: usize) -> &'a [T] {
        &self.values[point * self.dimensions..(point + 1) * self.dimensions]
    }

    /// The coordinates in panels: of [`PANEL`] points the first coordinate of all, then the second, …
    pub(crate) fn panels(&self) -> Result<Vec<T>, Error> {
        let length = self.n.next_multiple_of(PANEL).checked_mul(self.dimensions);
        let bytes = |length: usize| (length as u64).saturating_mul(size_of::<T>() as u64);
        let failed = || Error::OutOfMemory { bytes: length.map_or(u64::MAX, bytes) };
        let mut panels = Vec::new();
        panels.try_reserve_exact(length.ok_or_else(failed)?).map_err(|_| failed())?;
        for first in (0..self.n).step_by(PANEL) {
            for dimension in 0..self.dimensions {
                // The last panel is filled up with its last point: nobody looks at those.
                let points = (first..first + PANEL).map(|point| point.min(self.n - 1));
                panels.extend(points.map(|point| self.values[point * self.dimensions + dimension]));
            }
        }
        Ok(panels)
    }

    /// Whether some distance may be past the range of the type.
    pub(crate) fn may_overflow(&self, metric: Metric) -> bool {
        let greatest = self.values.iter().map(|&value| value.into().abs()).fold(0.0, f64::max);
        let limit = if size_of::<T>() == size_of::<f32>() { f64::from(f32::MAX) } else { f64::MAX };
        let sum = <f64 as Float>::from_count(self.dimensions);
        // Twice what can be: room for every rounding.
        let most = match metric {
            Metric::Euclidean | Metric::SqEuclidean => sum * (2.0 * greatest).powi(2),
            Metric::Cityblock => sum * 2.0 * greatest,
            Metric::Chebyshev => 2.0 * greatest,
        };
        2.0 * most >= limit
    }
}

/// The distances from `x` to the points of a panel. The order of operations is SciPy's: one sum after the other.
#[inline(always)]
pub(crate) fn distances<T: Float>(metric: Metric, panel: &[T], x: &[T]) -> [T; PANEL] {
    let absolute = |v: T| if v < T::ZERO { T::ZERO - v } else { v };
    let greater = |a: T, b: T| if b > a { b } else { a };
    match metric {
        Metric::Euclidean => {
            let sums = sum_up(panel, x, |sum, v| sum + v * v);
            each_lane(|lane| sums[lane].sqrt())
        }
        Metric::SqEuclidean => sum_up(panel, x, |sum, v| sum + v * v),
        Metric::Cityblock => sum_up(panel, x, |sum, v| sum + absolute(v)),
        Metric::Chebyshev => sum_up(panel, x, |sum, v| greater(sum, absolute(v))),
    }
}

#[inline(always)]
fn sum_up<T: Float>(panel: &[T], x: &[T], add: impl Fn(T, T) -> T) -> [T; PANEL] {
    let mut sums = [T::ZERO; PANEL];
    for (coordinates, &own) in panel.as_chunks::<PANEL>().0.iter().zip(x) {
        sums = each_lane(|lane| add(sums[lane], own - coordinates[lane]));
    }
    sums
}

/// Some rows of the condensed matrix: of each, the distances to all points after its own.
struct Rows<'a, 'b, T> {
    metric: Metric,
    points: Points<'a, T>,
    panels: &'a [T],
    /// The point of the first row.
    first: usize,
    rows: &'b mut [&'b mut [T]],
}

impl<T: Float> Work for Rows<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let size = PANEL * self.points.dimensions;
        for panel in self.first / PANEL..self.points.n.div_ceil(PANEL) {
            let (start, panel) = (panel * PANEL, &self.panels[panel * size..(panel + 1) * size]);
            for (point, row) in (self.first..).zip(self.rows.iter_mut()) {
                let distances = distances(self.metric, panel, self.points.row(point));
                // The row begins at the point after its own.
                let (from, to) = (start.max(point + 1), (start + PANEL).min(self.points.n));
                if from < to {
                    row[from - point - 1..to - point - 1].copy_from_slice(&distances[from - start..to - start]);
                }
            }
        }
    }
}

/// The distances of all pairs, condensed: SciPy's `pdist(X, metric)`, to the last bit for `f64`. `O(n² d)` time, on
/// rayon's threads; n (n − 1) / 2 values of memory and once more the points.
///
/// # Errors
/// [`Error::OutOfMemory`].
///
/// ```
/// use hclust::{Metric, Points, pdist};
/// let d = pdist(Points::new(3, &[0.0, 0.0, 3.0, 4.0, 0.0, 1.0])?, Metric::Euclidean)?;
/// assert_eq!(d.values(), [5.0, 1.0, 18f64.sqrt()]);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn pdist<T: Float>(points: Points<'_, T>, metric: Metric) -> Result<Condensed<T>, Error> {
    pdist_observed(points, metric, Level::detect(), &())
}

pub(crate) fn pdist_observed<T: Float>(
    points: Points<'_, T>,
    metric: Metric,
    level: Level,
    observer: &dyn Observer,
) -> Result<Condensed<T>, Error> {
    let n = points.n;
    let panels = points.panels()?;
    let mut condensed = Condensed::zeroed(n)?;
    let mut rest = condensed.values_mut();
    let mut rows: Vec<&mut [T]> = (0..n)
        .map(|i| {
            let (row, after) = std::mem::take(&mut rest).split_at_mut(n - i - 1);
            rest = after;
            row
        })
        .collect();
    let gate = Gate::new(observer, n - 1);
    rows.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, rows)| {
        if !gate.is_closed() {
            // The borrow of the rows is made as short as the chunk.
            let mut rows: Vec<&mut [T]> = rows.iter_mut().map(|row| &mut **row).collect();
            level.run(Rows { metric, points, panels: &panels, first: chunk * ROWS, rows: &mut rows });
        }
    });
    gate.result()?;
    Ok(condensed)
}
