//! What the input may hold, and what a dense result is computed in, behind sealed traits.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    #[cfg(feature = "half")]
    impl Sealed for half::f16 {}
    #[cfg(feature = "half")]
    impl Sealed for half::bf16 {}
}

/// What a matrix may hold: `f32`, `f64` and, with the feature `half`, `half::f16` and `half::bf16`. Values are taken to
/// `f64` (exactly) before anything is computed.
pub trait Float:
    sealed::Sealed + Copy + Default + PartialOrd + Into<f64> + Send + Sync + std::fmt::Debug + 'static
{
}

impl Float for f32 {}
impl Float for f64 {}
#[cfg(feature = "half")]
impl Float for half::f16 {}
#[cfg(feature = "half")]
impl Float for half::bf16 {}

/// What a dense product is computed and given in: `f64`, or `f32` at twice the speed and half the memory, within
/// [`error_bound_in`](crate::error_bound_in) of the exact correlations.
pub trait Precision: Float + crate::tile_sums::Product + bytemuck::Pod {
    /// Half the distance from 1 to the next number.
    const UNIT: f64;

    /// The nearest value.
    fn of(value: f64) -> Self;
}

impl Precision for f32 {
    const UNIT: f64 = f32::EPSILON as f64 / 2.0;

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "rounded to nearest")]
    fn of(value: f64) -> Self {
        value as f32
    }
}

impl Precision for f64 {
    const UNIT: f64 = f64::EPSILON / 2.0;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
}
