//! Memory that runs share, and how they use it.

use crate::Level;
use crate::memory::Memory;
use crate::{Float, grid};

/// Spare columns of a square in a thousand of n.
pub(crate) const SPARE: usize = 330;

/// The same, tight.
pub(crate) const SPARE_TIGHT: usize = 50;

/// Where a linkage does its work: memory against time. Every choice gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Storage {
    /// A square of n rows and 4/3 n columns beside the condensed matrix, which is let go once it is copied. The fastest. (Up to a
    /// thousand or two of observations there is none: the matrix itself is faster then.)
    #[default]
    Square,
    /// A square of n rows and 1.05 n columns: a little slower.
    Tight,
    /// The condensed matrix itself and O(n) more: three to five times slower than a large square, single linkage as fast.
    InPlace,
}

/// Whether a condensed matrix is small enough to be faster itself than a square: it stays near its core, and a square would first have
/// to be made. No bit depends on it.
fn is_small<T: Float>(n: usize) -> bool {
    // Tests want squares of all sizes.
    if cfg!(feature = "proptest") {
        return n < 64;
    }
    // Who has AVX-512 has second caches of 1 MB or more, who has not mostly a quarter or a half of that.
    let most = if Level::detect().is_avx512() { 9_000_000 } else { 6_500_000 };
    n.saturating_mul(n).saturating_mul(size_of::<T>()) / 2 < most
}

impl Storage {
    /// Spare columns in a thousand of n; `None` without a square.
    pub(crate) fn spare<T: Float>(self, n: usize) -> Option<usize> {
        match self {
            Self::InPlace => None,
            _ if is_small::<T>(n) => None,
            Self::Square => Some(SPARE),
            Self::Tight => Some(SPARE_TIGHT),
        }
    }
}

/// Working memory, kept from run to run: a second run of the same size asks the system for nothing. It also says how
/// to work: by which [`Storage`], at which [`Level`].
///
/// ```
/// use hclust::{Condensed, Method, Scratch, Storage, linkage_with};
/// let mut scratch = Scratch::new().with_storage(Storage::Tight);
/// for shift in [0.0, 1.0] {
///     let d = Condensed::from_values(vec![1.0 + shift, 4.0, 5.0])?;
///     assert_eq!(linkage_with(&mut scratch, d, Method::Average, &())?.merges().len(), 2);
/// }
/// # Ok::<(), hclust::Error>(())
/// ```
#[derive(Debug)]
pub struct Scratch<T> {
    pub(crate) cells: Memory<T>,
    pub(crate) storage: Storage,
    pub(crate) level: Level,
}

impl<T: Float> Default for Scratch<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Scratch<T> {
    /// No memory yet; [`Storage::Square`] at the best level of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self { cells: Memory::empty(), storage: Storage::default(), level: Level::detect() }
    }

    /// Works by this storage.
    #[must_use]
    pub fn with_storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Works at this level.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Bytes that are kept for the next run.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        size_of_val::<[T]>(&self.cells) as u64
    }

    /// The memory that is kept, taken out.
    pub(crate) fn take(&mut self) -> Memory<T> {
        std::mem::replace(&mut self.cells, Memory::empty())
    }
}

/// Bytes of the working state beside the condensed matrix.
pub(crate) fn square_bytes<T: Float>(n: usize, storage: Storage) -> u64 {
    storage.spare::<T>(n).map_or(0, |spare| grid::bytes_needed::<T>(n, spare))
}
