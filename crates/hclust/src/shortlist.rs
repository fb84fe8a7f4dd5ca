//! The few nearest clusters of a cluster, remembered exactly.

use crate::Float;

/// Entries of a list.
pub(crate) const LENGTH: usize = 8;

/// The nearest clusters of one cluster, ascending by (distance, slot).
///
/// Invariant: every live cluster that is at most as far as `limit` (in that order) is in the list. So while one entry
/// lives, the first living one is the nearest of all, with ties decided by slot; nothing about the linkage is assumed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortList<T> {
    distances: [T; LENGTH],
    slots: [u32; LENGTH],
    columns: [u32; LENGTH],
    length: u32,
    /// Slot of the limit; its distance is [`limit`](Self::limit).
    limit_slot: u32,
    limit: T,
}

/// A neighbour: a cluster by its slot and its column, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Neighbour<T> {
    pub(crate) distance: T,
    pub(crate) slot: u32,
    pub(crate) column: u32,
}

impl<T: Float> ShortList<T> {
    /// Of a cluster of which nothing has been looked at: the first [`LENGTH`] that are offered are taken.
    pub(crate) fn new() -> Self {
        Self {
            distances: [T::INFINITY; LENGTH],
            slots: [u32::MAX; LENGTH],
            columns: [u32::MAX; LENGTH],
            length: 0,
            limit_slot: u32::MAX,
            limit: T::INFINITY,
        }
    }

    /// The greatest distance that can still enter.
    #[inline]
    pub(crate) fn limit(&self) -> T {
        self.limit
    }

    /// Whether it has been full, so that only what is within the limit can enter.
    #[inline]
    pub(crate) fn has_limit(&self) -> bool {
        self.limit < T::INFINITY
    }

    /// Nothing alive that is not in the list is nearer; −∞ if that is not known.
    #[inline]
    pub(crate) fn floor(&self) -> T {
        if self.has_limit() { self.limit } else { T::NEG_INFINITY }
    }

    /// Offers a cluster; it enters if it is within the limit. A full list then drops its last and lowers the limit.
    #[inline]
    pub(crate) fn offer(&mut self, new: Neighbour<T>) {
        let Neighbour { distance, slot, column } = new;
        if distance > self.limit || (distance == self.limit && slot > self.limit_slot) {
            return;
        }
        // Nothing that is not finite is a neighbour (the cluster itself is kept at infinity).
        if !distance.is_finite() {
            return;
        }
        let mut at = self.length as usize;
        if at == LENGTH {
            at -= 1;
        } else {
            self.length += 1;
        }
        while at > 0 {
            let (before, before_slot) = (self.distances[at - 1], self.slots[at - 1]);
            if before < distance || (before == distance && before_slot < slot) {
                break;
            }
            self.distances[at] = before;
            self.slots[at] = before_slot;
            self.columns[at] = self.columns[at - 1];
            at -= 1;
        }
        self.distances[at] = distance;
        self.slots[at] = slot;
        self.columns[at] = column;
        if self.length as usize == LENGTH {
            self.limit = self.distances[LENGTH - 1];
            self.limit_slot = self.slots[LENGTH - 1];
        }
    }

    /// The nearest living cluster, once the dead have been dropped; `None` if all are dead: then look at all again.
    #[inline]
    pub(crate) fn nearest(&mut self, is_live: impl Fn(usize) -> bool) -> Option<Neighbour<T>> {
        if self.length == 0 {
            return None;
        }
        if !is_live(self.columns[0] as usize) {
            self.retain(|column| is_live(column as usize).then_some(column));
        }
        self.entries().next()
    }

    /// The entries, ascending; the dead among them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Neighbour<T>> + '_ {
        (0..self.length as usize).map(|at| Neighbour {
            distance: self.distances[at],
            slot: self.slots[at],
            column: self.columns[at],
        })
    }

    /// The distance of a column that is in the list.
    #[inline]
    pub(crate) fn distance(&self, column: u32) -> Option<T> {
        self.entries().find(|entry| entry.column == column).map(|entry| entry.distance)
    }

    /// Drops the dead from a full list, so that a newcomer need not push out one that lives.
    #[inline]
    pub(crate) fn make_room(&mut self, is_live: impl Fn(u32) -> bool) {
        if self.length as usize == LENGTH {
            self.retain(|column| is_live(column).then_some(column));
        }
    }

    /// Keeps the entries whose column has a new one.
    pub(crate) fn retain(&mut self, column: impl Fn(u32) -> Option<u32>) {
        let mut kept = 0;
        for at in 0..self.length as usize {
            if let Some(column) = column(self.columns[at]) {
                self.distances[kept] = self.distances[at];
                self.slots[kept] = self.slots[at];
                self.columns[kept] = column;
                kept += 1;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most LENGTH")]
        let length = kept as u32;
        self.length = length;
    }
}
