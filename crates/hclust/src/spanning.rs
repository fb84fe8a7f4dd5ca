//! Minimum spanning tree (Prim, 1957), for single linkage.

use crate::columns::CondensedColumns;
use crate::condensed::row_offsets;
use crate::dendrogram::Step;
use crate::kernels::{BLOCK, each_lane, lanes};
use crate::level::{Level, Work};
use crate::memory::Memory;
use crate::observer::{Gate, Observer, observe};
use crate::{CondensedView, Error, Float, Scratch, Square, Storage};
use rayon::prelude::*;

/// Observations whose columns are turned into rows together.
const STRIP: usize = 256;

/// Strips that are turned at once.
const BATCH: usize = 16;

/// Grows the tree from observation 0. Ties as SciPy: the lowest observation among the nearest.
///
/// `reach(x)` takes x into the tree: every distance to the tree that is greater than that to x becomes the latter. It
/// gives the nearest observation outside, the lowest on ties.
pub(crate) fn grow<T: Float>(
    n: usize,
    observer: &dyn Observer,
    mut reach: impl FnMut(usize) -> Result<Nearest<T>, Error>,
) -> Result<Vec<Step<T>>, Error> {
    let mut steps = Vec::with_capacity(n.saturating_sub(1));
    let mut x = 0;
    while steps.len() + 1 < n {
        let nearest = reach(x)?;
        if nearest.place >= n {
            break; // values are finite: there is one
        }
        steps.push(Step { a: x, b: nearest.place, height: nearest.distance });
        x = nearest.place;
        observe(observer, steps.len(), n - 1)?;
    }
    Ok(steps)
}

/// The tree of a condensed matrix. `O(n²)` time, reads each value once, changes none.
///
/// Of observation x, the values to the right lie side by side; those above stand in a column, where each costs a
/// cache line of its own. So with a square's memory at hand, the columns of a strip of observations are turned into rows when the
/// first of them joins the tree, whole lines at a time; in ascending order (as under heavy ties) that is never needed.
pub(crate) fn spanning<T: Float>(
    condensed: CondensedView<'_, T>,
    scratch: &Scratch<T>,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error> {
    let (n, values, level) = (condensed.n(), condensed.values(), scratch.level);
    let offsets = row_offsets(n);
    let turning = scratch.storage.spare::<T>(n).is_some();
    let mut turned: Vec<Memory<T>> = (0..n.div_ceil(STRIP)).map(|_| Memory::empty()).collect();
    // So many observations of each strip are outside the tree; below the first strip, none.
    let mut outside: Vec<usize> = (0..n.div_ceil(STRIP)).map(|strip| STRIP.min(n - strip * STRIP)).collect();
    let mut first = 0;
    let mut distances = vec![T::INFINITY; n];
    let mut inside = 0;
    grow(n, observer, |x| {
        distances[x] = T::NEG_INFINITY;
        inside += 1;
        let strip = x / STRIP;
        outside[strip] -= 1;
        while first < strip && outside[first] == 0 {
            first += 1;
        }
        let (from, start) = (first * STRIP, strip * STRIP);
        let mut nearest = Nearest::NONE;
        let mut above = from;
        if from < start && turning {
            let many = outside[first..strip].iter().sum::<usize>() >= STRIP;
            if many && turned[strip].is_empty() {
                // Whoever wants one strip soon wants others: some at once, on all threads.
                let wanted =
                    |at: &usize| *at == strip || (*at > first && turned[*at].is_empty() && outside[*at] > 0);
                let batch: Vec<usize> =
                    (strip..turned.len()).chain(0..strip).filter(wanted).take(BATCH).collect();
                let gate = Gate::after(observer, inside - 1, n - 1);
                // Without memory the columns are read as they stand.
                let turn = |&at: &usize| {
                    turn(values, &offsets, at * STRIP, level, &gate).unwrap_or_else(|_| Memory::empty())
                };
                let strips: Vec<Memory<T>> = batch.par_iter().map(turn).collect();
                gate.result()?;
                batch.into_iter().zip(strips).for_each(|(at, strip)| turned[at] = strip);
            }
            if let Some(row) = turned[strip].get((x - start) * start..(x - start + 1) * start) {
                let distances = &mut distances[from..start];
                nearest = level.run(Reach { row: &row[from..], distances, first: from });
                above = start;
            }
        }
        for i in above..x {
            reach(i, &mut distances[i], values[offsets[i].wrapping_add(x)], &mut nearest);
        }
        let row = &values[offsets[x].wrapping_add(x + 1)..][..n - x - 1];
        let right = level.run(Reach { row, distances: &mut distances[x + 1..], first: x + 1 });
        Ok(if right.distance < nearest.distance { right } else { nearest })
    })
}

/// The tree of a square matrix.
pub(crate) fn spanning_square<T: Float>(
    square: &Square<T>,
    level: Level,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error> {
    let mut distances = vec![T::INFINITY; square.n()];
    grow(square.n(), observer, |x| {
        distances[x] = T::NEG_INFINITY;
        Ok(level.run(Reach { row: square.row(x).unwrap_or(&[]), distances: &mut distances, first: 0 }))
    })
}

/// The columns of a strip as rows of `start` values: those of the observations below the strip.
///
/// Behind a closed gate they are left as they are.
fn turn<T: Float>(
    values: &[T],
    offsets: &[usize],
    start: usize,
    level: Level,
    gate: &Gate<'_>,
) -> Result<Memory<T>, Error> {
    let count = STRIP.min(offsets.len() - start);
    let mut rows = Memory::zeroed(count * start)?;
    // A strip begins at a multiple of a line.
    CondensedColumns { level, values, offsets, first: start, count, gate }.turn(
        start,
        start,
        &mut rows,
        |_, _| {},
    );
    Ok(rows)
}

/// Bytes of all strips.
pub(crate) fn strip_bytes<T: Float>(n: usize, storage: Storage) -> u64 {
    let pairs = (n as u64).saturating_mul(n as u64) / 2;
    storage.spare::<T>(n).map_or(0, |_| pairs.saturating_mul(size_of::<T>() as u64))
}

/// The observation outside the tree that is nearest to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest<T> {
    pub(crate) place: usize,
    pub(crate) distance: T,
}

impl<T: Float> Nearest<T> {
    pub(crate) const NONE: Self = Self { place: usize::MAX, distance: T::INFINITY };
}

/// Lowers the distance of one observation to the tree.
#[inline(always)]
fn reach<T: Float>(i: usize, distance: &mut T, value: T, nearest: &mut Nearest<T>) {
    if value < *distance {
        *distance = value;
    }
    if *distance > T::NEG_INFINITY && *distance < nearest.distance {
        *nearest = Nearest { place: i, distance: *distance };
    }
}

/// Lowers the distances of a run of observations to the tree (inside it they are −∞); gives the nearest outside, the
/// lowest on ties.
pub(crate) struct Reach<'a, T> {
    pub(crate) row: &'a [T],
    pub(crate) distances: &'a mut [T],
    /// The observation of the first.
    pub(crate) first: usize,
}

impl<T: Float> Work for Reach<'_, T> {
    type Output = Nearest<T>;

    #[inline(always)]
    fn run(self) -> Nearest<T> {
        let mut nearest = Nearest::NONE;
        let (rows, rest) = self.row.as_chunks::<BLOCK>();
        let (distances, distances_rest) = self.distances.as_chunks_mut::<BLOCK>();
        for (block, (row, distances)) in rows.iter().zip(distances).enumerate() {
            let new: [T; BLOCK] =
                each_lane(|lane| if row[lane] < distances[lane] { row[lane] } else { distances[lane] });
            *distances = new;
            let least = nearest.distance;
            for lane in lanes::<T>(|lane| (new[lane] > T::NEG_INFINITY) & (new[lane] < least)) {
                if new[lane] < nearest.distance {
                    nearest = Nearest { place: self.first + block * BLOCK + lane, distance: new[lane] };
                }
            }
        }
        let start = self.first + rows.len() * BLOCK;
        for (at, (&value, distance)) in rest.iter().zip(distances_rest).enumerate() {
            reach(start + at, distance, value, &mut nearest);
        }
        nearest
    }
}
