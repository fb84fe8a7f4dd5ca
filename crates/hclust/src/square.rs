//! The square matrix as input: for those who have one, or can make one without the condensed detour.

use crate::grid::pitch;
use crate::memory::Memory;
use crate::observer::{Gate, Observer};
use crate::scratch::{SPARE, SPARE_TIGHT};
use crate::{Error, Float};
use rayon::prelude::*;

/// Side of the tiles by which a matrix is compared with its transpose.
const TILE: usize = 64;

/// Dissimilarities of all pairs of `n` observations as a symmetric square, both triangles, with a diagonal of zeros.
///
/// The chain works on a square in any case: giving one saves its making (half of the memory traffic of the run, and
/// the condensed matrix). Its rows lie apart, with room for new clusters: fill them by [`rows_mut`](Self::rows_mut).
///
/// ```
/// use hclust::{Method, Square, linkage_square};
/// let mut square = Square::zeroed(3)?;
/// for (row, values) in square.rows_mut().zip([[0.0, 1.0, 4.0], [1.0, 0.0, 5.0], [4.0, 5.0, 0.0]]) {
///     row.copy_from_slice(&values);
/// }
/// assert_eq!(linkage_square(square, Method::Average)?.merges()[1].height, 4.5);
/// # Ok::<(), hclust::Error>(())
/// ```
#[derive(Debug)]
pub struct Square<T> {
    n: usize,
    pitch: usize,
    cells: Memory<T>,
}

impl<T: Float> Square<T> {
    /// A square of zeros, with a third of spare columns: the fastest.
    ///
    /// # Errors
    /// [`Error::TooMany`]; [`Error::OutOfMemory`].
    pub fn zeroed(n: usize) -> Result<Self, Error> {
        Self::with_spare(n, SPARE)
    }

    /// As [`zeroed`](Self::zeroed), with a twentieth of spare columns.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub fn zeroed_tight(n: usize) -> Result<Self, Error> {
        Self::with_spare(n, SPARE_TIGHT)
    }

    fn with_spare(n: usize, spare: usize) -> Result<Self, Error> {
        if n > i32::MAX as usize {
            return Err(Error::TooMany { n });
        }
        let pitch = pitch::<T>(n, spare);
        let cells = n.checked_mul(pitch).ok_or(Error::OutOfMemory { bytes: u64::MAX })?;
        Ok(Self { n, pitch, cells: Memory::zeroed(cells)? })
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// Row `i`, n values; `None` past the last.
    #[must_use]
    pub fn row(&self, i: usize) -> Option<&[T]> {
        (i < self.n).then(|| &self.cells[i * self.pitch..][..self.n])
    }

    /// All rows in order, n values each.
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        let n = self.n;
        self.cells[..n * self.pitch].chunks_exact_mut(self.pitch).map(move |row| &mut row[..n])
    }

    /// Every value finite and at least 0, symmetric, the diagonal 0; else the first fault, row by row of tiles. In
    /// parallel, asking the observer whether to go on.
    pub(crate) fn check(&self, observer: &dyn Observer) -> Result<(), Error> {
        if self.n == 0 {
            return Err(Error::Empty);
        }
        let gate = Gate::new(observer, self.n - 1);
        let fault = |start: usize| {
            let tiles = (0..=start).step_by(TILE).take_while(|_| !gate.is_closed());
            tiles.filter_map(|from| self.fault_in_tile(start, from)).next()
        };
        let starts = (0..self.n.div_ceil(TILE)).into_par_iter();
        let fault = starts.find_map_first(|tile_row| fault(tile_row * TILE));
        gate.result()?;
        fault.map_or(Ok(()), Err)
    }

    /// The first fault in the tile of rows from `start` and columns from `from`, up to the diagonal.
    fn fault_in_tile(&self, start: usize, from: usize) -> Option<Error> {
        let at = |i: usize, j: usize| self.cells[i * self.pitch + j];
        for i in start..(start + TILE).min(self.n) {
            for j in from..(from + TILE).min(i + 1) {
                let (value, opposite) = (at(i, j), if i == j { T::ZERO } else { at(j, i) });
                if !(value >= T::ZERO && value < T::INFINITY) {
                    return Some(Error::Value { i: j, j: i, value: value.into() });
                }
                if value != opposite {
                    let (found, expected) = (value.into(), opposite.into());
                    return Some(Error::NotSymmetric { row: i, column: j, found, expected });
                }
            }
        }
        None
    }

    /// n, values from one row to the next, cells.
    pub(crate) fn into_parts(self) -> (usize, usize, Memory<T>) {
        (self.n, self.pitch, self.cells)
    }
}
