//! The loops over rows of the square, compiled for every level.

use crate::level::Work;
use crate::lines::fetch_ahead;
use crate::shortlist::{Neighbour, ShortList};
use crate::{Float, Linkage, Update};

/// Columns that are looked at together. Rows are padded to a multiple of it.
pub(crate) const BLOCK: usize = 16;

/// Columns that are gone through together. A loop of this many becomes vector instructions as it stands; one of a few
/// lanes is unrolled first and put together anew, worse.
const STRETCH: usize = 128;

/// Bytes between what of a row is in work and what memory is asked for: what a core reads while it waits for memory once, and more.
pub(crate) const AHEAD: usize = 4096;

/// What every loop has to know of the clusters in the columns. All slices have the length of the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a, T> {
    /// Limits of the short lists: −∞ in a dead column.
    pub(crate) limits: &'a [T],
    pub(crate) slots: &'a [u32],
}

/// Whether all values are finite and not negative.
pub(crate) struct Check<'a, T>(pub(crate) &'a [T]);

impl<T: Float> Work for Check<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        // Added up without a branch: the values come from memory for the first time. (Compared with infinity it would become a
        // classification by bits, many times as slow.)
        let mut bad = T::Mask::from(false);
        for &value in self.0 {
            bad = bad | T::Mask::from(!((value >= T::ZERO) & (value <= T::GREATEST)));
        }
        bad == T::Mask::from(false)
    }
}

/// Looks through a row for the nearest clusters.
pub(crate) struct Scan<'a, T> {
    pub(crate) row: &'a [T],
    pub(crate) columns: Columns<'a, T>,
    /// So many of the first columns have ascending slots: of equal ones among them, the first is the nearest.
    pub(crate) ascending: usize,
    /// Only slots above this one count; all, if it is the greatest number.
    pub(crate) above: u32,
}

/// Whether a slot is wanted.
#[inline(always)]
fn counts(slot: u32, above: u32) -> bool {
    above == u32::MAX || slot > above
}

impl<T: Float> Work for Scan<'_, T> {
    type Output = ShortList<T>;

    #[inline(always)]
    fn run(self) -> ShortList<T> {
        let mut list = ShortList::new();
        let (rows, _) = self.row.as_chunks::<BLOCK>();
        let (limits, _) = self.columns.limits.as_chunks::<BLOCK>();
        let (slots, _) = self.columns.slots.as_chunks::<BLOCK>();
        let (ahead, length) = (AHEAD / size_of::<T>(), self.row.len());
        for (block, ((row, limits), slots)) in rows.iter().zip(limits).zip(slots).enumerate() {
            if (block + 1) * BLOCK + ahead <= length {
                fetch_ahead(row, ahead);
            }
            let limit = list.limit();
            let near = if (block + 1) * BLOCK > self.ascending {
                lanes::<T>(|lane| (limits[lane] > T::NEG_INFINITY) & (row[lane] <= limit))
            } else {
                lanes::<T>(|lane| (limits[lane] > T::NEG_INFINITY) & (row[lane] < limit))
            };
            for lane in near {
                if counts(slots[lane], self.above) {
                    let column = column(block * BLOCK + lane);
                    list.offer(Neighbour { distance: row[lane], slot: slots[lane], column });
                }
            }
        }
        list
    }
}

/// Looks through a row for all clusters up to a distance: their columns, ascending, and how far they are.
pub(crate) struct Within<'a, T> {
    pub(crate) row: &'a [T],
    /// −∞ in a dead column, as in [`Columns`].
    pub(crate) limits: &'a [T],
    pub(crate) bound: T,
}

impl<T: Float> Work for Within<'_, T> {
    type Output = Vec<(u32, T)>;

    #[inline(always)]
    fn run(self) -> Vec<(u32, T)> {
        let mut found = Vec::new();
        for (block, (row, limits)) in blocks(self.row).zip(blocks(self.limits)).enumerate() {
            for lane in lanes::<T>(|lane| (limits[lane] > T::NEG_INFINITY) & (row[lane] <= self.bound)) {
                found.push((column(block * BLOCK + lane), row[lane]));
            }
        }
        found
    }
}

/// Makes the row of a merger: the update of every column, the new cluster's short list, the columns to which the new
/// cluster is near enough to enter their lists.
pub(crate) struct Merge<'a, T, L: ?Sized> {
    pub(crate) linkage: &'a L,
    /// The row of x, which becomes the new row.
    pub(crate) x: &'a mut [T],
    pub(crate) y: &'a [T],
    pub(crate) columns: Columns<'a, T>,
    pub(crate) sizes: &'a [T],
    /// As in [`Scan`], for the short list.
    pub(crate) above: u32,
    /// The merged pair; the fields of the third cluster are filled in.
    pub(crate) pair: Update<T>,
    /// Columns whose limit is not below their new value, ascending.
    pub(crate) hits: &'a mut Vec<u32>,
}

impl<T: Float, L: Linkage<T> + ?Sized> Work for Merge<'_, T, L> {
    type Output = Result<ShortList<T>, T>;

    /// The short list of the new cluster; a live column's value that is not finite is the error.
    #[inline(always)]
    fn run(self) -> Result<ShortList<T>, T> {
        let (ahead, length) = (AHEAD / size_of::<T>(), self.y.len());
        let mut list = ShortList::new();
        let mut overflow = None;
        let (limits, slots) = (self.columns.limits.chunks(STRETCH), self.columns.slots.chunks(STRETCH));
        let rows = self.x.chunks_mut(STRETCH).zip(self.y.chunks(STRETCH));
        let stretches = rows.zip(limits).zip(slots).zip(self.sizes.chunks(STRETCH));
        for (stretch, ((((new, ys), limits), slots), sizes)) in stretches.enumerate() {
            if (stretch + 1) * STRETCH + ahead <= length {
                fetch_ahead(new, ahead);
                fetch_ahead(ys, ahead);
            }
            let look = |new: T, own: T, limit: T| {
                let greatest = if own > limit { own } else { limit };
                let passes = (new > greatest) & (new < T::INFINITY);
                (own > T::NEG_INFINITY) & !passes
            };
            let limit = list.limit();
            // Made and looked at in one loop: where a value is only stored, and it may be that of x as it was, LLVM stores by a mask, which
            // some processors do lane by lane.
            let mut near = T::Mask::from(false);
            for (((x, &y), &n_i), &own) in new.iter_mut().zip(ys).zip(sizes).zip(limits) {
                let value = self.linkage.update(Update { d_xi: *x, d_yi: y, n_i, ..self.pair });
                near = near | T::Mask::from(look(value, own, limit));
                *x = value;
            }
            if near == T::Mask::from(false) {
                continue;
            }
            for (block, ((new, own), slots)) in blocks(new).zip(blocks(limits)).zip(blocks(slots)).enumerate() {
                let (limit, first) = (list.limit(), stretch * STRETCH + block * BLOCK);
                for lane in lanes::<T>(|lane| look(new[lane], own[lane], limit)) {
                    let (distance, column) = (new[lane], column(first + lane));
                    if !distance.is_finite() {
                        overflow = overflow.or(Some(distance));
                    }
                    if distance <= own[lane] {
                        self.hits.push(column);
                    }
                    if counts(slots[lane], self.above) {
                        list.offer(Neighbour { distance, slot: slots[lane], column });
                    }
                }
            }
        }
        overflow.map_or(Ok(list), Err)
    }
}

/// Values lane by lane. (`std::array::from_fn` is not always inlined, and then compiled for no level.)
#[inline(always)]
pub(crate) fn each_lane<V: Copy + Default, const N: usize>(value: impl Fn(usize) -> V) -> [V; N] {
    let mut values = [V::default(); N];
    for (lane, to) in values.iter_mut().enumerate() {
        *to = value(lane);
    }
    values
}

/// The whole blocks of a stretch.
#[inline(always)]
fn blocks<V>(values: &[V]) -> std::slice::Iter<'_, [V; BLOCK]> {
    values.as_chunks::<BLOCK>().0.iter()
}

/// Whether a condition holds in any lane, without a branch for each.
#[inline(always)]
pub(crate) fn any<T: Float>(condition: impl Fn(usize) -> bool) -> bool {
    let mut mask = T::Mask::from(false);
    for lane in 0..BLOCK {
        mask = mask | T::Mask::from(condition(lane));
    }
    mask != T::Mask::from(false)
}

/// The lanes in which a condition holds, ascending: all are asked at once, and only those that hold cost time.
#[inline(always)]
pub(crate) fn lanes<T: Float>(condition: impl Fn(usize) -> bool) -> Lanes {
    if !any::<T>(&condition) {
        return Lanes(0);
    }
    let bits: [u32; BLOCK] = each_lane(|lane| if condition(lane) { 1 << lane } else { 0 });
    Lanes(bits.into_iter().fold(0, |all, bit| all | bit))
}

/// A bit for each lane of a block, 1 where the condition holds.
pub(crate) struct Lanes(u32);

impl Iterator for Lanes {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let lane = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(lane as usize)
    }
}

#[inline(always)]
fn column(column: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "columns are numbered in 32 bits")]
    let column = column as u32;
    column
}
