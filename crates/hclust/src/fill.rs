//! The square made from the condensed matrix, and every row's short list with it, in one pass over memory.

use crate::Float;
use crate::columns::CondensedColumns;
use crate::kernels::{BLOCK, Check, each_lane, lanes};
use crate::level::{Level, Work};
use crate::lines::{copy_past_caches, fence, fetch_ahead};
use crate::nearest::STRETCH;
use crate::observer::Gate;
use crate::shortlist::{Neighbour, ShortList};

/// Rows that are filled together, at most: few enough that the lines written stay in order, enough that every
/// condensed row above them is read by whole runs of cache lines.
pub(crate) const ROWS: usize = 128;

/// Values that are copied at a time.
const PIECE: usize = 1024;

/// Fills whole rows of the square, from row `first` on.
pub(crate) struct Fill<'a, T> {
    pub(crate) level: Level,
    /// Whether the lists are of higher observations only.
    pub(crate) above: bool,
    pub(crate) values: &'a [T],
    /// Start of each condensed row, so that adding the column gives the place.
    pub(crate) offsets: &'a [usize],
    pub(crate) first: usize,
    pub(crate) pitch: usize,
    pub(crate) rows: &'a mut [T],
    /// A new list for each row.
    pub(crate) lists: &'a mut [ShortList<T>],
    /// Where to ask whether to go on.
    pub(crate) gate: &'a Gate<'a>,
}

impl<T: Float> Fill<'_, T> {
    /// Whether all values are finite and not negative.
    pub(crate) fn run(self) -> bool {
        let n = self.offsets.len();
        let count = self.rows.len() / self.pitch;
        let at = |i: usize, j: usize| self.offsets[i].wrapping_add(j);
        // The first touch of a huge page can take milliseconds: one by one, so that a cancelled run need not wait for all.
        for row in self.rows.chunks_exact_mut(self.pitch) {
            if self.gate.is_closed() {
                return true;
            }
            row[0] = T::INFINITY;
        }
        // Left of the block: columns of the condensed rows above, as many rows at a time as a cache line has values.
        let whole = self.first / T::LINE * T::LINE;
        let Self { level, values, offsets, first, gate, .. } = self;
        let mut limits = [T::INFINITY; ROWS];
        CondensedColumns { level, values, offsets, first, count, gate }.turn(
            whole,
            self.pitch,
            self.rows,
            |first, rows| {
                if !self.above {
                    level.run(OfferColumns { rows, first, lists: self.lists, limits: &mut limits });
                }
            },
        );
        let mut good = true;
        for ((j, row), list) in self.rows.chunks_exact_mut(self.pitch).enumerate().zip(self.lists) {
            let own = self.first + j;
            if j % 8 == 0 && self.gate.is_closed() {
                return true;
            }
            for (k, value) in row.iter_mut().enumerate().take(own).skip(whole) {
                *value = self.values[at(k, own)];
                if !self.above {
                    list.offer(neighbour(*value, k));
                }
            }
            row[own] = T::INFINITY;
            // Right of the diagonal: the condensed row as it is.
            let right = &self.values[at(own, own + 1)..][..n - own - 1];
            // In pieces, so that what is read for one purpose is still near for the others.
            let mut observation = own + 1;
            for (from, to) in right.chunks(PIECE).zip(row[own + 1..n].chunks_mut(PIECE)) {
                good &= self.level.run(Check(from));
                self.level.run(OfferRow { row: from, first: observation, list });
                copy_past_caches(self.level, from, to);
                observation += PIECE;
            }
            row[n..n.next_multiple_of(STRETCH)].fill(T::INFINITY);
        }
        fence(self.level);
        good
    }
}

fn neighbour<T>(distance: T, observation: usize) -> Neighbour<T> {
    #[expect(clippy::cast_possible_truncation, reason = "observations are numbered in 32 bits")]
    let slot = observation as u32;
    Neighbour { distance, slot, column: slot }
}

// Observations are offered in ascending order, so an equal one that comes later never enters a full list: `<` is enough.

/// Offers the observations of a row to its list.
struct OfferRow<'a, T> {
    row: &'a [T],
    /// The observation of the first value.
    first: usize,
    list: &'a mut ShortList<T>,
}

impl<T: Float> Work for OfferRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (blocks, rest) = self.row.as_chunks::<BLOCK>();
        for (block, values) in blocks.iter().enumerate() {
            // What is copied after this piece: nothing else asks for it while this one is in work.
            fetch_ahead(values, PIECE);
            let limit = self.list.limit();
            for lane in lanes::<T>(|lane| values[lane] < limit) {
                self.list.offer(neighbour(values[lane], self.first + block * BLOCK + lane));
            }
        }
        for (at, &value) in rest.iter().enumerate() {
            self.list.offer(neighbour(value, self.first + blocks.len() * BLOCK + at));
        }
    }
}

/// Offers a few observations to many lists: `rows[k][j]` is the distance of observation `first + k` to the one of list j.
struct OfferColumns<'a, T> {
    rows: &'a [&'a [T]],
    first: usize,
    lists: &'a mut [ShortList<T>],
    /// The limits of the lists, side by side.
    limits: &'a mut [T; ROWS],
}

impl<T: Float> Work for OfferColumns<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let wide = self.lists.len() / BLOCK * BLOCK;
        let (limits, _) = self.limits.as_chunks_mut::<BLOCK>();
        for (start, limits) in (0..wide).step_by(BLOCK).zip(limits) {
            let mut nearest = [T::INFINITY; BLOCK];
            for row in self.rows {
                let Some(values) = row[start..].first_chunk::<BLOCK>() else { return };
                nearest = each_lane(|j| if values[j] < nearest[j] { values[j] } else { nearest[j] });
            }
            for j in lanes::<T>(|j| nearest[j] < limits[j]) {
                offer(self.rows, self.first, start + j, &mut self.lists[start + j]);
                limits[j] = self.lists[start + j].limit();
            }
        }
        for (j, list) in self.lists.iter_mut().enumerate().skip(wide) {
            offer(self.rows, self.first, j, list);
        }
    }
}

/// Offers a column of a few observations to its list.
#[inline(always)]
fn offer<T: Float>(rows: &[&[T]], first: usize, j: usize, list: &mut ShortList<T>) {
    for (k, row) in rows.iter().enumerate() {
        list.offer(neighbour(row[j], first + k));
    }
}
