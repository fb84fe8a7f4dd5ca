//! The loops over rows of the square, compiled for every level.

use crate::level::Work;
use crate::shortlist::{Neighbour, ShortList};
use crate::{Float, Linkage, Update};

/// Columns that are looked at together. Rows are padded to a multiple of it.
pub(crate) const BLOCK: usize = 16;

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
        let bad = |v: T| !((v >= T::ZERO) & (v < T::INFINITY));
        let (blocks, rest) = self.0.as_chunks::<BLOCK>();
        !blocks.iter().any(|block| any::<T>(|lane| bad(block[lane]))) && !rest.iter().any(|&v| bad(v))
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
        for (block, ((row, limits), slots)) in rows.iter().zip(limits).zip(slots).enumerate() {
            let limit = list.limit();
            let live = |lane: usize| if limits[lane] > T::NEG_INFINITY { row[lane] } else { T::INFINITY };
            let least = least(&std::array::from_fn(live));
            if least < limit || (least == limit && (block + 1) * BLOCK > self.ascending) {
                for lane in 0..BLOCK {
                    if limits[lane] > T::NEG_INFINITY && counts(slots[lane], self.above) {
                        let column = column(block, lane);
                        list.offer(Neighbour { distance: row[lane], slot: slots[lane], column });
                    }
                }
            }
        }
        list
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
        let mut list = ShortList::new();
        let mut overflow = None;
        let (xs, _) = self.x.as_chunks_mut::<BLOCK>();
        let (ys, _) = self.y.as_chunks::<BLOCK>();
        let (limits, _) = self.columns.limits.as_chunks::<BLOCK>();
        let (slots, _) = self.columns.slots.as_chunks::<BLOCK>();
        let (sizes, _) = self.sizes.as_chunks::<BLOCK>();
        let inputs = xs.iter_mut().zip(ys).zip(limits).zip(slots).zip(sizes);
        for (block, ((((x, y), limits), slots), sizes)) in inputs.enumerate() {
            // Into a block of its own first: nothing can alias it, so that the loop becomes vector instructions.
            let new: [T; BLOCK] = std::array::from_fn(|lane| {
                let third = Update { d_xi: x[lane], d_yi: y[lane], n_i: sizes[lane], ..self.pair };
                self.linkage.update(third)
            });
            *x = new;
            let limit = list.limit();
            let look = |lane: usize| {
                let greatest = if limits[lane] > limit { limits[lane] } else { limit };
                let passes = (new[lane] > greatest) & (new[lane] < T::INFINITY);
                (limits[lane] > T::NEG_INFINITY) & !passes
            };
            if any::<T>(look) {
                for lane in 0..BLOCK {
                    let (distance, column) = (new[lane], column(block, lane));
                    if limits[lane] > T::NEG_INFINITY {
                        if !distance.is_finite() {
                            overflow = overflow.or(Some(distance));
                        }
                        if distance <= limits[lane] {
                            self.hits.push(column);
                        }
                        if counts(slots[lane], self.above) {
                            list.offer(Neighbour { distance, slot: slots[lane], column });
                        }
                    }
                }
            }
        }
        overflow.map_or(Ok(list), Err)
    }
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

/// The least of a block of values without NaN.
#[inline(always)]
pub(crate) fn least<T: Float>(values: &[T; BLOCK]) -> T {
    let lesser = |a: T, b: T| if b < a { b } else { a };
    let eight: [T; BLOCK / 2] = std::array::from_fn(|k| lesser(values[k], values[k + BLOCK / 2]));
    let four: [T; BLOCK / 4] = std::array::from_fn(|k| lesser(eight[k], eight[k + BLOCK / 4]));
    lesser(lesser(four[0], four[2]), lesser(four[1], four[3]))
}

#[inline(always)]
fn column(block: usize, lane: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "columns are numbered in 32 bits")]
    let column = (block * BLOCK + lane) as u32;
    column
}
