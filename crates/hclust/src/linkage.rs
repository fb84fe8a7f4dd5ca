//! The Lance–Williams updates: the two traits and the seven formulas, nothing else.

use crate::Float;

/// The merger of clusters x and y, seen from a third cluster i.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update<T> {
    /// Dissimilarity of x and i.
    pub d_xi: T,
    /// Dissimilarity of y and i.
    pub d_yi: T,
    /// Dissimilarity of x and y: the height of their merger.
    pub d_xy: T,
    /// Members of x, which has the lower slot. Counts are whole numbers below 2²⁴: exact in either type.
    pub n_x: T,
    /// Members of y.
    pub n_y: T,
    /// Members of i.
    pub n_i: T,
}

/// A linkage: how far the merger of two clusters is from a third (Lance and Williams, 1967).
///
/// Implement it to bring a linkage of your own; add [`Reducible`] if it is. Every value must be finite for finite
/// input; [`Error::Overflow`](crate::Error::Overflow) ends the run otherwise.
pub trait Linkage<T: Float> {
    /// The dissimilarity of the merger and the third cluster.
    fn update(&self, update: Update<T>) -> T;
}

/// Marks a linkage whose merger never comes nearer to a third cluster than the nearer of its parts was, as long as
/// the merged pair are nearest neighbours of each other: `update ≥ min(d_xi, d_yi)` whenever `d_xy` is at most both.
/// Only such may go through the nearest-neighbour chain. A false mark gives a wrong tree, never a panic.
pub trait Reducible {}

// In the formulas a = d_xi, b = d_yi, c = d_xy.

/// `min(a, b)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Single;

/// `max(a, b)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Complete;

/// `(n_x a + n_y b) / (n_x + n_y)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Average;

/// `(a + b) / 2`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weighted;

/// `√(((n_i + n_x) a² + (n_i + n_y) b² − n_i c²) / (n_x + n_y + n_i))`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ward;

/// `√((n_x a² + n_y b² − n_x n_y c² / (n_x + n_y)) / (n_x + n_y))`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Centroid;

/// `√((a² + b²) / 2 − c² / 4)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Median;

impl Reducible for Single {}
impl Reducible for Complete {}
impl Reducible for Average {}
impl Reducible for Weighted {}
impl Reducible for Ward {}

// The order of operations below is SciPy's, to the last bit: do not simplify, factor or fuse.

impl<T: Float> Linkage<T> for Single {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        if u.d_yi < u.d_xi { u.d_yi } else { u.d_xi }
    }
}

impl<T: Float> Linkage<T> for Complete {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        if u.d_yi > u.d_xi { u.d_yi } else { u.d_xi }
    }
}

impl<T: Float> Linkage<T> for Average {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        (u.n_x * u.d_xi + u.n_y * u.d_yi) / (u.n_x + u.n_y)
    }
}

impl<T: Float> Linkage<T> for Weighted {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        T::from_f64(0.5) * (u.d_xi + u.d_yi)
    }
}

impl<T: Float> Linkage<T> for Ward {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        let t = T::from_f64(1.0) / (u.n_x + u.n_y + u.n_i);
        let (ix, iy, i) = (u.n_i + u.n_x, u.n_i + u.n_y, u.n_i);
        (ix * t * u.d_xi * u.d_xi + iy * t * u.d_yi * u.d_yi - i * t * u.d_xy * u.d_xy).sqrt()
    }
}

impl<T: Float> Linkage<T> for Centroid {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        let (x, y, both, product) = (u.n_x, u.n_y, u.n_x + u.n_y, u.n_x * u.n_y);
        ((((x * u.d_xi * u.d_xi) + (y * u.d_yi * u.d_yi)) - (product * u.d_xy * u.d_xy) / both) / both).sqrt()
    }
}

impl<T: Float> Linkage<T> for Median {
    #[inline]
    fn update(&self, u: Update<T>) -> T {
        let (half, quarter) = (T::from_f64(0.5), T::from_f64(0.25));
        (half * (u.d_xi * u.d_xi + u.d_yi * u.d_yi) - quarter * u.d_xy * u.d_xy).sqrt()
    }
}
