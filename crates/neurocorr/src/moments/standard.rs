//! How a neuron is centred and scaled.

/// How one neuron is centred and scaled before the product: `((value − shift) − offset) · scale`.
///
/// The mean is `shift + offset` and is never rounded to one number; the scale is a power of two that brings the
/// range to about one, so that neither huge nor denormal values leave the range of f64 when they are squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Standard {
    pub(crate) shift: f64,
    pub(crate) offset: f64,
    pub(crate) scale: f64,
}

impl Standard {
    /// For a neuron that correlates with nothing.
    pub(crate) const ZERO: Self = Self { shift: 0.0, offset: 0.0, scale: 0.0 };

    #[inline(always)]
    pub(crate) fn apply(self, value: f64) -> f64 {
        // The test keeps NaN of an uncorrelated neuron out of the product (NaN · 0 is NaN).
        if self.scale == 0.0 { 0.0 } else { ((value - self.shift) - self.offset) * self.scale }
    }
}

/// How up to N neurons are standardised, side by side, for loops over them.
pub(crate) struct Standards<const N: usize> {
    shifts: [f64; N],
    offsets: [f64; N],
    scales: [f64; N],
}

impl<const N: usize> Standards<N> {
    /// Those of the first N neurons; all values of a neuron that is not there become 0.
    pub(crate) fn of<'a>(standards: impl IntoIterator<Item = &'a Standard>) -> Self {
        let mut all = Self { shifts: [0.0; N], offsets: [0.0; N], scales: [0.0; N] };
        for (at, standard) in standards.into_iter().take(N).enumerate() {
            (all.shifts[at], all.offsets[at], all.scales[at]) =
                (standard.shift, standard.offset, standard.scale);
        }
        all
    }

    /// [`Standard::apply`] of neuron `at`.
    #[inline(always)]
    pub(crate) fn apply(&self, at: usize, value: f64) -> f64 {
        Standard { shift: self.shifts[at], offset: self.offsets[at], scale: self.scales[at] }.apply(value)
    }
}

/// A power of two that brings a positive, finite `range` into [1, 2); the nearest that f64 has for the smallest
/// (2¹⁰²³) and the largest (2⁻¹⁰²²) ranges.
pub(crate) fn power_of_two_over(range: f64) -> f64 {
    const BIAS: u64 = 1023;
    let exponent = (range.to_bits() >> 52) & 0x7ff;
    f64::from_bits((2 * BIAS).saturating_sub(exponent).clamp(1, 2 * BIAS) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_of_two_brings_every_range_to_the_order_of_one() {
        for range in [1.0, 1.5, 3.0, 1e-300, 1e300, f64::MAX, f64::MIN_POSITIVE] {
            let scaled = range * power_of_two_over(range);
            assert!((1.0..4.0).contains(&scaled), "{range:e} -> {scaled}");
        }
        let smallest = 5e-324 * power_of_two_over(5e-324);
        assert!(smallest * smallest > f64::MIN_POSITIVE);
    }
}
