//! Working state of chain and heap: the condensed matrix, the live clusters, and the one walk that updates it.

use crate::condensed::{place, row_offsets};
use crate::memory::let_go;
use crate::table::{Table, nearest_first};
use crate::{Condensed, Error, Float, Linkage, Update};

/// Dissimilarities of live clusters, each kept in the slot of one observation. A merger keeps the higher slot.
#[derive(Debug)]
pub(crate) struct Pairs<T: Float> {
    n: usize,
    values: Vec<T>,
    /// Start of each row, so that a pair's place costs one addition.
    offsets: Vec<usize>,
    /// Members of the cluster in each slot; 0 in a dead one.
    sizes: Vec<usize>,
    /// The live slots, ascending.
    live: Vec<usize>,
}

impl<T: Float> Pairs<T> {
    pub(crate) fn new(condensed: Condensed<T>) -> Self {
        let n = condensed.n();
        let offsets = row_offsets(n);
        Self { n, values: condensed.into_values(), offsets, sizes: vec![1; n], live: (0..n).collect() }
    }
}

impl<T: Float> Drop for Pairs<T> {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        let_go(size_of_val::<[T]>(&values), values);
    }
}

impl<T: Float> Table<T> for Pairs<T> {
    fn n(&self) -> usize {
        self.n
    }

    fn is_live(&self, slot: usize) -> bool {
        self.sizes[slot] > 0
    }

    fn live(&self) -> usize {
        self.live.len()
    }

    fn size(&self, slot: usize) -> T {
        T::from_count(self.sizes[slot])
    }

    fn first_live(&mut self) -> usize {
        self.live.first().copied().unwrap_or(0)
    }

    #[inline]
    fn get(&self, i: usize, j: usize) -> T {
        self.values[place(&self.offsets, i, j)]
    }

    fn nearest(&mut self, x: usize, mut best: (usize, T)) -> (usize, T) {
        // Column x of the rows above it: one value a row, so that the row starts are what is walked.
        let split = self.live.partition_point(|&slot| slot < x);
        for &i in &self.live[..split] {
            let d = self.values[self.offsets[i].wrapping_add(x)];
            if d < best.1 {
                best = (i, d);
            }
        }
        self.nearest_above(x, best)
    }

    fn merge<L>(&mut self, linkage: &L, step: usize, x: usize, y: usize, d_xy: T) -> Result<(), Error>
    where
        L: Linkage<T> + ?Sized,
    {
        let (n_x, n_y) = (self.sizes[x], self.sizes[y]);
        self.remove(x);
        self.sizes[y] = n_x + n_y;
        let (n_x, n_y) = (T::from_count(n_x), T::from_count(n_y));
        let mut overflow = None;
        let (below_x, rest) = self.live.split_at(self.live.partition_point(|&slot| slot < x));
        let (between, from_y) = rest.split_at(rest.partition_point(|&slot| slot < y));
        let (row_x, row_y) = (self.offsets[x], self.offsets[y]);
        let mut update = |i: usize, xi: usize, yi: usize| {
            let (d_xi, d_yi, n_i) = (self.values[xi], self.values[yi], self.sizes[i]);
            let n_i = T::from_count(n_i);
            let merged = linkage.update(Update { d_xi, d_yi, d_xy, n_x, n_y, n_i });
            if !merged.is_finite() {
                overflow = Some(merged);
            }
            self.values[yi] = merged;
        };
        // Three ranges of i, so that no step asks which of a pair is the row: i < x < y, x < i < y, x < y < i.
        for &i in below_x {
            let row = self.offsets[i];
            update(i, row.wrapping_add(x), row.wrapping_add(y));
        }
        for &i in between {
            update(i, row_x.wrapping_add(i), self.offsets[i].wrapping_add(y));
        }
        for &i in from_y.iter().filter(|&&i| i != y) {
            update(i, row_x.wrapping_add(i), row_y.wrapping_add(i));
        }
        overflow.map_or(Ok(()), |value| Err(Error::Overflow { step, value: value.into() }))
    }

    fn nearest_above(&mut self, x: usize, mut best: (usize, T)) -> (usize, T) {
        let above = self.live.partition_point(|&slot| slot <= x);
        // Row x itself lies side by side: cut it out once, so that the walk checks one short slice.
        let row = &self.values[self.offsets[x].wrapping_add(x + 1)..][..self.n - x - 1];
        for &i in &self.live[above..] {
            let d = row[i - x - 1];
            if d < best.1 {
                best = (i, d);
            }
        }
        best
    }

    fn zero_apart(&mut self) -> Vec<usize> {
        // Side by side, where columns would be walked through one value a row.
        let mut found = vec![false; self.n];
        for i in 0..self.n {
            let row = &self.values[self.offsets[i].wrapping_add(i + 1)..][..self.n - i - 1];
            for (j, _) in (i + 1..).zip(row).filter(|(_, value)| **value == T::ZERO) {
                (found[i], found[j]) = (true, true);
            }
        }
        (0..self.n).filter(|&x| found[x]).collect()
    }

    fn visit_below(&mut self, y: usize, mut visit: impl FnMut(usize, T)) {
        for &slot in &self.live[..self.live.partition_point(|&slot| slot < y)] {
            visit(slot, self.values[self.offsets[slot].wrapping_add(y)]);
        }
    }

    fn remove(&mut self, slot: usize) {
        if let Ok(at) = self.live.binary_search(&slot) {
            self.live.remove(at);
        }
        self.sizes[slot] = 0;
    }

    fn rivals(
        &mut self,
        x: usize,
        y: usize,
        bound: T,
        enough: usize,
        is_close: impl Fn(T, T) -> bool,
    ) -> Vec<(usize, T)> {
        let others = self.live.iter().filter(|&&slot| slot != x && slot != y);
        let found = others.map(|&slot| (slot, self.get(x, slot)));
        let close = found.filter(|&(slot, distance)| distance <= bound && is_close(self.size(slot), distance));
        nearest_first(close.collect(), enough)
    }
}
