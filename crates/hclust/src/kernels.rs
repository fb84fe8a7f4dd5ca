//! The loops over rows of the square, compiled for every level.

use crate::level::Work;
use crate::lines::fetch_ahead;
use crate::nearest::{Columns, STRETCH, Stretch, nearest, neighbour_key, width};
use crate::shortlist::ShortList;
use crate::{Float, Linkage, Update};

/// Columns that are looked at together. Rows are padded to a multiple of it.
pub(crate) const BLOCK: usize = 16;

/// Bytes between what of a row is in work and what memory is asked for: what a core reads while it waits for memory once, and more.
pub(crate) const AHEAD: usize = 4096;

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
    /// The merged pair; the fields of the third cluster are filled in.
    pub(crate) pair: Update<T>,
    /// Columns whose limit is not below their new value, ascending.
    pub(crate) hits: &'a mut Vec<u32>,
    /// As in [`Scan`](crate::nearest::Scan).
    pub(crate) least: &'a mut [T],
}

impl<T: Float, L: Linkage<T> + ?Sized> Work for Merge<'_, T, L> {
    type Output = Result<ShortList<T>, T>;

    /// The short list of the new cluster; a live column's value that is not finite is the error.
    #[inline(always)]
    fn run(self) -> Result<ShortList<T>, T> {
        if self.columns.above.is_some() { self.merge::<true>() } else { self.merge::<false>() }
    }
}

impl<T: Float, L: Linkage<T> + ?Sized> Merge<'_, T, L> {
    #[inline(always)]
    fn merge<const ABOVE: bool>(self) -> Result<ShortList<T>, T> {
        let Self { linkage, x, y, columns, sizes, pair, hits, least } = self;
        let ahead = AHEAD / size_of::<T>();
        let (width, asked) = (width(), y.len().saturating_sub(ahead) / STRETCH);
        let mut overflow = None;
        let (limits, slots) = (columns.limits.as_chunks::<STRETCH>().0, columns.slots.as_chunks::<STRETCH>().0);
        let stretches =
            x.as_chunks_mut::<STRETCH>().0.iter_mut().zip(y.as_chunks::<STRETCH>().0).zip(limits).zip(slots);
        let stretches = stretches.zip(sizes.as_chunks::<STRETCH>().0).zip(least.iter_mut());
        for (stretch, (((((new, y), limits), slots), sizes), least)) in stretches.enumerate() {
            if stretch < asked {
                fetch_ahead(new, ahead);
                fetch_ahead(y, ahead);
            }
            let (near, key) =
                make::<T, L, ABOVE>(linkage, new, y, limits, slots, sizes, pair, columns.above, width);
            *least = T::of_key(key);
            if near == T::Mask::from(false) {
                continue;
            }
            for (block, (new, limits)) in blocks(&new[..width]).zip(blocks(&limits[..width])).enumerate() {
                for lane in lanes::<T>(|lane| look(new[lane], limits[lane])) {
                    if !new[lane].is_finite() {
                        overflow = overflow.or(Some(new[lane]));
                    }
                    hits.push(column(stretch * STRETCH + block * BLOCK + lane));
                }
            }
        }
        match overflow {
            Some(value) => Err(value),
            None => Ok(nearest(x, columns, least)),
        }
    }
}

/// Whether a live column's list may take the new value, or it is not finite.
#[inline(always)]
fn look<T: Float>(new: T, limit: T) -> bool {
    (limit > T::NEG_INFINITY) & !((new > limit) & (new < T::INFINITY))
}

/// Makes a stretch of a merger's row and looks at it in one loop: whether any list may take a value, and the least key. (Where a value is only stored, and it may be that
/// of x as it was, LLVM stores by a mask, which some processors do lane by lane.)
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "references of their own: so LLVM knows that they lie apart")]
fn make<T: Float, L: Linkage<T> + ?Sized, const ABOVE: bool>(
    linkage: &L,
    new: &mut Stretch<T>,
    y: &Stretch<T>,
    limits: &Stretch<T>,
    slots: &Stretch<u32>,
    sizes: &Stretch<T>,
    pair: Update<T>,
    above: Option<u32>,
    width: usize,
) -> (T::Mask, T::Key) {
    let (mut near, mut key) = (T::Mask::from(false), T::INFINITY.key());
    let width = width.min(STRETCH);
    let (new, y, limits, slots, sizes) =
        (&mut new[..width], &y[..width], &limits[..width], &slots[..width], &sizes[..width]);
    for ((((x, &y), &n_i), &limit), &slot) in new.iter_mut().zip(y).zip(sizes).zip(limits).zip(slots) {
        let value = linkage.update(Update { d_xi: *x, d_yi: y, n_i, ..pair });
        near = near | T::Mask::from(look(value, limit));
        key = key.min(neighbour_key::<T, ABOVE>(value, limit, slot, above));
        *x = value;
    }
    (near, key)
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
pub(crate) fn blocks<V>(values: &[V]) -> std::slice::Iter<'_, [V; BLOCK]> {
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
pub(crate) fn lanes<T: Float>(condition: impl Fn(usize) -> bool) -> Bits {
    if !any::<T>(&condition) {
        return Bits(0);
    }
    let bits: [u32; BLOCK] = each_lane(|lane| if condition(lane) { 1 << lane } else { 0 });
    Bits(bits.into_iter().fold(0, |all, bit| all | bit).into())
}

/// The places of the bits that are 1, ascending.
pub(crate) struct Bits(pub(crate) u64);

impl Iterator for Bits {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let place = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(place as usize)
    }
}

#[inline(always)]
pub(crate) fn column(column: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "columns are numbered in 32 bits")]
    let column = column as u32;
    column
}
