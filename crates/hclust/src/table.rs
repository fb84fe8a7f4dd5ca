//! What chain and heap ask of the dissimilarities of live clusters, whatever holds them.

use crate::observer::Gate;
use crate::{Error, Float, Linkage};
use std::cmp::Ordering;

/// Puts rivals in order, and leaves out those that are too many.
pub(crate) fn nearest_first<T: Float>(mut rivals: Vec<(usize, T)>, enough: usize) -> Vec<(usize, T)> {
    rivals.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal).then(a.0.cmp(&b.0)));
    rivals.truncate(enough);
    rivals
}

/// Dissimilarities of live clusters, each named by its slot: that of its highest observation. A merger keeps the
/// higher slot.
pub(crate) trait Table<T: Float> {
    /// The number of observations.
    fn n(&self) -> usize;

    fn is_live(&self, slot: usize) -> bool;

    /// The number of live slots.
    fn live(&self) -> usize;

    /// Members of the cluster in a live slot.
    fn size(&self, slot: usize) -> T;

    /// The lowest live slot.
    fn first_live(&mut self) -> usize;

    /// The dissimilarity of two different live slots.
    fn get(&self, i: usize, j: usize) -> T;

    /// The nearest live slot of `x` that is strictly nearer than `start`, the lowest such on ties; else `start`.
    fn nearest(&mut self, x: usize, start: (usize, T)) -> (usize, T);

    /// As [`nearest`](Self::nearest), among the slots above `x` only.
    fn nearest_above(&mut self, x: usize, start: (usize, T)) -> (usize, T);

    /// Merges `x` into `y` (`x < y`, both live, `d_xy` apart): x dies, y becomes the merger. `step` counts merges.
    fn merge<L>(&mut self, linkage: &L, step: usize, x: usize, y: usize, d_xy: T) -> Result<(), Error>
    where
        L: Linkage<T> + ?Sized;

    /// Right after a merger into `y`: visits slots below y with their distances to it, ascending; all of those to which
    /// it is nearer than anything that [`nearest_above`](Self::nearest_above) has said of them.
    fn visit_below(&mut self, y: usize, visit: impl FnMut(usize, T));

    /// A live slot is of no more interest: it dies without a merger.
    fn remove(&mut self, slot: usize);

    /// Before the first merger: removes, where that is cheap to know, slots whose nearest is farther than the cutoff.
    /// Behind a closed gate what is left is of no use.
    fn remove_beyond(&mut self, _cutoff: T, _gate: &Gate<'_>) {}

    /// The live slots other than x and y, with their distances to x, for which `is_close` holds of size and distance; that
    /// can only be up to `bound`. The nearest come first, of equal ones the lower slot; of more than `enough` the rest are left out.
    fn rivals(
        &mut self,
        x: usize,
        y: usize,
        bound: T,
        enough: usize,
        is_close: impl Fn(T, T) -> bool,
    ) -> Vec<(usize, T)>;

    /// Before the first merger: whether x and y are equally far from every other slot.
    fn same(&self, x: usize, y: usize) -> bool {
        let mut others = (0..self.n()).filter(|&slot| slot != x && slot != y && self.is_live(slot));
        others.all(|slot| self.get(x, slot) == self.get(y, slot))
    }

    /// Before the first merger: the observations that are 0 apart from another, ascending.
    fn zero_apart(&mut self) -> Vec<usize> {
        (0..self.n()).filter(|&x| self.nearest(x, (x, T::INFINITY)).1 <= T::ZERO).collect()
    }

    /// A merger is dealt with: time to tidy. Behind a closed gate what is left is of no use.
    fn settle(&mut self, _gate: &Gate<'_>) -> Result<(), Error> {
        Ok(())
    }
}
