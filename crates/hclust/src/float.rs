//! The two element types, behind one sealed trait.

use std::ops::{Add, Div, Mul, Sub};

pub(crate) mod sealed {
    #[cfg(target_arch = "x86_64")]
    use crate::lines::{MOST, avx2};
    use std::ops::{BitAnd, BitOr};

    /// What the row kernels need of an element, hidden from users.
    pub trait Lanes: bytemuck::Pod + Default {
        /// Values in a cache line of 64 bytes.
        const LINE: usize = 64 / size_of::<Self>();

        /// Whether something is so, as wide as a value.
        type Mask: Copy + Default + Eq + From<bool> + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask>;

        /// A whole number, in the order of the values as long as those are not below zero.
        type Key: Copy + Ord;

        /// The number of a value: below that of 0 if the value is, or is −0.
        fn key(self) -> Self::Key;

        /// The value of a number, −∞ of all below that of 0.
        fn of_key(key: Self::Key) -> Self;

        /// `LINE` rows turned into lines, `apart` values from one to the next; see `lines.rs`.
        ///
        /// # Safety
        /// The processor has AVX2; the first `LINE` of `rows` are readable for `count` values, `to` is writable
        /// for `count` lines.
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "a kernel on pointers")]
        unsafe fn turn_avx2(rows: &[*const Self; MOST], count: usize, to: *mut Self, apart: usize);
    }

    impl Lanes for f64 {
        type Mask = u64;
        type Key = i64;

        #[inline(always)]
        fn key(self) -> i64 {
            self.to_bits().cast_signed()
        }

        #[inline(always)]
        fn of_key(key: i64) -> Self {
            if key < 0 { Self::NEG_INFINITY } else { Self::from_bits(key.cast_unsigned()) }
        }

        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "a kernel on pointers")]
        unsafe fn turn_avx2(rows: &[*const Self; MOST], count: usize, to: *mut Self, apart: usize) {
            // SAFETY: as the caller promises.
            unsafe { avx2::turn_f64(rows, count, to, apart) }
        }
    }

    impl Lanes for f32 {
        type Mask = u32;
        type Key = i32;

        #[inline(always)]
        fn key(self) -> i32 {
            self.to_bits().cast_signed()
        }

        #[inline(always)]
        fn of_key(key: i32) -> Self {
            if key < 0 { Self::NEG_INFINITY } else { Self::from_bits(key.cast_unsigned()) }
        }

        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "a kernel on pointers")]
        unsafe fn turn_avx2(rows: &[*const Self; MOST], count: usize, to: *mut Self, apart: usize) {
            // SAFETY: as the caller promises.
            unsafe { avx2::turn_f32(rows, count, to, apart) }
        }
    }
}

/// `f32` or `f64`: dissimilarities, updates and heights are all of this type.
pub trait Float:
    sealed::Lanes
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

    /// Negative infinity.
    const NEG_INFINITY: Self;

    /// The least finite value.
    const LEAST: Self;

    /// The greatest finite value.
    const GREATEST: Self;

    /// Zero.
    const ZERO: Self;

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
    const NEG_INFINITY: Self = f64::NEG_INFINITY;
    const LEAST: Self = f64::MIN;
    const GREATEST: Self = f64::MAX;
    const ZERO: Self = 0.0;

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
    const NEG_INFINITY: Self = f32::NEG_INFINITY;
    const LEAST: Self = f32::MIN;
    const GREATEST: Self = f32::MAX;
    const ZERO: Self = 0.0;

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
