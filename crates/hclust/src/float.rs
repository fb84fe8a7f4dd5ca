//! The two element types, behind one sealed trait.

use std::ops::{Add, Div, Mul, Sub};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: dissimilarities, updates and heights are all of this type.
pub trait Float:
    sealed::Sealed
    + Copy
    + PartialOrd
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Send
    + Sync
    + std::fmt::Debug
    + 'static
{
    /// Positive infinity.
    const INFINITY: Self;

    /// The nearest value to a number, as a written constant of a formula.
    fn from_f64(value: f64) -> Self;

    /// The nearest value to a count.
    fn from_count(count: usize) -> Self;

    /// Square root, correctly rounded.
    #[must_use]
    fn sqrt(self) -> Self;

    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
}

impl Float for f64 {
    const INFINITY: Self = f64::INFINITY;

    #[inline]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    fn from_count(count: usize) -> Self {
        count as f64
    }

    #[inline]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    #[inline]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
}

impl Float for f32 {
    const INFINITY: Self = f32::INFINITY;

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "rounding to nearest is what is wanted")]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "counts round to nearest, as the formulas in f32 say")]
    fn from_count(count: usize) -> Self {
        count as f32
    }

    #[inline]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }

    #[inline]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
}
