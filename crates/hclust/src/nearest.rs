//! The nearest clusters of a row, found by the least value of each of its stretches.
//!
//! To keep a list while a row goes by means to put 60 values or more in their places, with a mispredicted branch or two for
//! each. The least value of a stretch costs no branch. From those of all stretches follows how far the last entry of the list can be, and
//! then few stretches are left to look into, with hardly more values than the list has entries.

use crate::Float;
use crate::kernels::{AHEAD, BLOCK, Bits, blocks, column, each_lane, lanes};
use crate::level::Work;
use crate::lines::fetch_ahead;
use crate::shortlist::{LENGTH, Neighbour, ShortList};
use std::ops::Range;

/// Columns of a stretch. A loop of this many becomes vector instructions as it stands; one of a few lanes is unrolled first and put
/// together anew, worse.
pub(crate) const STRETCH: usize = 64;

/// The values of a stretch, [`STRETCH`], without LLVM's knowing: it would unroll the loops over them and put them together anew, worse.
#[inline(always)]
pub(crate) fn width() -> usize {
    std::hint::black_box(STRETCH)
}

/// The values of a stretch.
pub(crate) type Stretch<T> = [T; STRETCH];

/// Stretches of so many columns, and empty ones to whole blocks.
pub(crate) fn stretches(columns: usize) -> usize {
    columns.div_ceil(STRETCH).next_multiple_of(BLOCK)
}

/// What every loop has to know of the clusters in the columns. All slices have the length of the rows, whole stretches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a, T> {
    /// Limits of the short lists: −∞ in a dead column.
    pub(crate) limits: &'a [T],
    pub(crate) slots: &'a [u32],
    /// So many of the first columns have ascending slots: of equal ones among them, the first is the nearest.
    pub(crate) ascending: usize,
    /// Only slots above this one are neighbours, if there is one.
    pub(crate) above: Option<u32>,
}

impl<T: Float> Columns<'_, T> {
    /// Offers the neighbours in a stretch of a row that are near to a list, in ascending columns. All are asked before there is any branch.
    #[inline(always)]
    fn offer(&self, list: &mut ShortList<T>, row: &[T], at: Range<usize>, is_near: impl Fn(T) -> bool) {
        let start = at.start;
        let (Some(row), Some(limits), Some(slots)) =
            (row.get(at.clone()), self.limits.get(at.clone()), self.slots.get(at))
        else {
            return;
        };
        let mut bits = [0_u64; BLOCK];
        for (block, (values, limits)) in blocks(row).zip(blocks(limits)).enumerate() {
            bits = each_lane(|lane| {
                let near = (limits[lane] > T::NEG_INFINITY) & is_near(values[lane]);
                bits[lane] | if near { 1 << (block * BLOCK + lane) } else { 0 }
            });
        }
        for at in Bits(bits.into_iter().fold(0, |all, bits| all | bits)) {
            let (distance, slot) = (row[at], slots[at]);
            if self.above.is_none_or(|above| slot > above) {
                list.offer(Neighbour { distance, slot, column: column(start + at) });
            }
        }
    }
}

/// The key of a neighbour's value, that of ∞ in other columns. Without `ABOVE` all slots are above.
#[inline(always)]
pub(crate) fn neighbour_key<T: Float, const ABOVE: bool>(
    value: T,
    limit: T,
    slot: u32,
    above: Option<u32>,
) -> T::Key {
    let counts = (limit > T::NEG_INFINITY) & (!ABOVE || slot > above.unwrap_or_default());
    if counts { value.key() } else { T::INFINITY.key() }
}

/// Looks through a row for the nearest clusters.
pub(crate) struct Scan<'a, T> {
    pub(crate) row: &'a [T],
    pub(crate) columns: Columns<'a, T>,
    /// Nothing is nearer, as is known from before; −∞ if it is not known.
    pub(crate) floor: T,
    /// Room for the least values of the [`stretches`].
    pub(crate) least: &'a mut [T],
}

impl<T: Float> Work for Scan<'_, T> {
    type Output = ShortList<T>;

    #[inline(always)]
    fn run(self) -> ShortList<T> {
        if self.columns.above.is_some() { self.scan::<true>() } else { self.scan::<false>() }
    }
}

impl<T: Float> Scan<'_, T> {
    #[inline(always)]
    fn scan<const ABOVE: bool>(self) -> ShortList<T> {
        let Self { row, columns, floor, least } = self;
        let ahead = AHEAD / size_of::<T>();
        let width = width();
        let (limits, slots) = (columns.limits.as_chunks::<STRETCH>().0, columns.slots.as_chunks::<STRETCH>().0);
        let stretches = row.as_chunks::<STRETCH>().0.iter().zip(limits).zip(slots).zip(least.iter_mut());
        // Of what is no farther than the floor.
        let mut list = ShortList::new();
        for (stretch, (((values, limits), slots), least)) in stretches.enumerate() {
            // Where many are equal it is soon full, and who comes later has a higher slot.
            if list.has_limit() && (stretch + 1) * STRETCH <= columns.ascending {
                continue;
            }
            if (stretch + 1) * STRETCH + ahead <= row.len() {
                fetch_ahead(values, ahead);
            }
            let mut key = T::INFINITY.key();
            for ((&value, &limit), &slot) in values[..width].iter().zip(&limits[..width]).zip(&slots[..width]) {
                key = key.min(neighbour_key::<T, ABOVE>(value, limit, slot, columns.above));
            }
            *least = T::of_key(key);
            if *least <= floor {
                let start = stretch * STRETCH;
                columns.offer(&mut list, row, start..start + width, |value| value <= floor);
            }
        }
        if list.has_limit() { list } else { nearest(row, columns, least) }
    }
}

/// The nearest clusters of a row. `least`: the value of the least key of each stretch, and of more than there are.
#[inline(always)]
pub(crate) fn nearest<T: Float>(row: &[T], columns: Columns<'_, T>, least: &mut [T]) -> ShortList<T> {
    // A longer row may have been there before.
    if let Some(empty) = least.get_mut(row.len() / STRETCH..) {
        empty.fill(T::INFINITY);
    }
    let farthest = farthest(least);
    let width = width();
    let mut list = ShortList::new();
    for (group, least) in blocks(least).enumerate() {
        for stretch in lanes::<T>(|lane| least[lane] <= farthest) {
            let (stretch, least) = (group * BLOCK + stretch, least[stretch]);
            let columns_of = stretch * STRETCH..stretch * STRETCH + width;
            // An equal one enters a full list only if its slot may be lower.
            let limit = list.limit();
            if list.has_limit() && (stretch + 1) * STRETCH <= columns.ascending {
                if least < limit {
                    columns.offer(&mut list, row, columns_of, |value| value < limit);
                }
            } else if least <= limit {
                let limit = if list.has_limit() { limit } else { farthest };
                columns.offer(&mut list, row, columns_of, |value| value <= limit);
            }
        }
    }
    list
}

/// No entry of a list is farther than this: the least of as many groups of stretches as a list has entries are not.
#[inline(always)]
fn farthest<T: Float>(least: &[T]) -> T {
    let mut groups = [T::INFINITY; BLOCK];
    for least in blocks(least) {
        groups = each_lane(|lane| if least[lane] < groups[lane] { least[lane] } else { groups[lane] });
    }
    let mut ranks = [0; BLOCK];
    for other in groups {
        ranks = each_lane(|lane| ranks[lane] + usize::from(other <= groups[lane]));
    }
    let mut farthest = T::INFINITY;
    for (group, rank) in groups.into_iter().zip(ranks) {
        if rank >= LENGTH && group < farthest {
            farthest = group;
        }
    }
    // How far below zero a value is its key does not tell.
    if farthest > T::NEG_INFINITY { farthest } else { T::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use proptest::prelude::*;

    /// Few different values, so that many are equal; below zero, −0 and ∞ among them.
    const VALUES: [f32; 12] = [-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 3.0, 1e-40, f32::MAX, f32::INFINITY];

    /// All wanted, in order, as many as a list has room for.
    fn sorted<T: Float>(row: &[T], columns: Columns<'_, T>) -> Vec<(T, u32)> {
        let entries = row.iter().zip(columns.slots).zip(columns.limits);
        let wanted = entries.filter(|((value, slot), limit)| {
            value.is_finite() && **limit > T::NEG_INFINITY && columns.above.is_none_or(|above| **slot > above)
        });
        let mut wanted: Vec<(T, u32)> = wanted.map(|((&value, &slot), _)| (value, slot)).collect();
        wanted.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
        wanted.truncate(LENGTH);
        wanted
    }

    fn check<T: Float>(row: &[T], columns: Columns<'_, T>) {
        for level in Level::available() {
            // What a longer row has left must not be seen.
            let mut least = vec![T::NEG_INFINITY; stretches(row.len()) + BLOCK];
            let sorted = sorted(row, columns);
            for floor in [T::NEG_INFINITY, sorted.first().map_or(T::NEG_INFINITY, |nearest| nearest.0)] {
                let list = level.run(Scan { row, columns, floor, least: &mut least });
                let found: Vec<(T, u32)> = list.entries().map(|entry| (entry.distance, entry.slot)).collect();
                assert!(found == sorted, "{level:?}: {found:?}");
                assert!(list.entries().all(|entry| columns.slots[entry.column as usize] == entry.slot));
                least.fill(T::NEG_INFINITY);
            }
        }
    }

    proptest! {
        #[test]
        fn a_scan_that_skips_a_stretch_with_a_nearer_or_a_lower_equal_one_would_differ_from_sorting(
            kinds in prop::collection::vec((0..VALUES.len(), 0.0..1.0_f32, prop::bool::weighted(0.8)), STRETCH..2_500),
            least_kind in 0..VALUES.len(),
            many in any::<bool>(),
            split in 0.0..1.0_f64,
            above in prop::option::of(0..2_000_u32),
        ) {
            let length = kinds.len() / STRETCH * STRETCH;
            let row: Vec<f32> = kinds[..length].iter().map(|&(kind, value, _)| {
                if many { value } else { VALUES[kind.max(least_kind)] }
            }).collect();
            let limits: Vec<f32> = kinds[..length].iter().map(|&(_, value, live)| {
                if live { value } else { f32::NEG_INFINITY }
            }).collect();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part of the length")]
            let ascending = (split * length as f64) as usize;
            #[expect(clippy::cast_possible_truncation, reason = "short")]
            let slots: Vec<u32> = (0..length).map(|column| {
                // The others lie between them, in no order.
                let slot = if column < ascending { 2 * column + 1 } else { 2 * (column * 7_919 % length) };
                slot as u32
            }).collect();
            let columns = Columns { limits: &limits, slots: &slots, ascending, above };
            check(&row, columns);
            let (wide, wide_limits): (Vec<f64>, Vec<f64>) =
                row.iter().zip(&limits).map(|(&value, &limit)| (f64::from(value), f64::from(limit))).unzip();
            let columns = Columns { limits: &wide_limits, slots: &slots, ascending, above };
            check(&wide, columns);
        }
    }
}
