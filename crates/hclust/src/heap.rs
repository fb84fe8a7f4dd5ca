//! The generic algorithm with a heap of lower bounds (Müllner, arXiv:1109.2378), for linkages that can invert.

use crate::dendrogram::Step;
use crate::observer::{Gate, Observer, observe};
use crate::table::Table;
use crate::{Error, Float, Linkage};

/// Keeps for each slot a candidate among the higher slots and a lower bound of its distance; takes the least bound,
/// searches again while it is not exact. `O(n³)` worst case, near `O(n²)` usually. Merges come in SciPy's order.
pub(crate) fn heap<T, L>(
    pairs: &mut impl Table<T>,
    linkage: &L,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error>
where
    T: Float,
    L: Linkage<T> + ?Sized,
{
    let n = pairs.n();
    let merges = n.saturating_sub(1);
    let mut steps = Vec::with_capacity(merges);
    let (mut candidates, mut bounds) = (Vec::with_capacity(merges), Vec::with_capacity(merges));
    for x in 0..merges {
        // A row may have to be looked through.
        observe(observer, 0, merges)?;
        let (candidate, bound) = pairs.nearest_above(x, (x + 1, T::INFINITY));
        candidates.push(candidate);
        bounds.push(bound);
    }
    let mut queue = Queue::new(bounds);
    for step in 0..merges {
        let (mut x, mut height) = queue.least();
        let mut y = candidates[x];
        for _ in 0..n - step {
            (x, height) = queue.least();
            y = candidates[x];
            if height == pairs.get(x, y) {
                break;
            }
            // One merger may take thousands of these.
            observe(observer, step, merges)?;
            (y, height) = pairs.nearest_above(x, (y, T::INFINITY));
            candidates[x] = y;
            queue.change(x, height);
        }
        queue.remove_least();
        pairs.merge(linkage, step, x, y, height)?;
        steps.push(Step { a: x, b: y, height });
        observe(observer, step + 1, merges)?;

        // A guess, as good as any: what was nearest to x is now nearest to its merger.
        for candidate in candidates.iter_mut().take(x).filter(|candidate| **candidate == x) {
            *candidate = y;
        }
        pairs.visit_below(y, |z, distance| {
            if distance < queue.value(z) {
                candidates[z] = y;
                queue.change(z, distance);
            }
        });
        if y < n - 1 {
            let (z, distance) = pairs.nearest_above(y, (y + 1, T::INFINITY));
            candidates[y] = z;
            queue.change(y, distance);
        }
        pairs.settle(&Gate::after(observer, step + 1, merges))?;
    }
    Ok(steps)
}

/// A binary heap of (value, key) whose values can change. Which of equal values comes first is part of SciPy's
/// result, so it follows SciPy's sifting: children compared strictly, the left one first.
#[derive(Debug)]
struct Queue<T> {
    values: Vec<T>,
    keys: Vec<usize>,
    places: Vec<usize>,
    length: usize,
}

impl<T: Float> Queue<T> {
    fn new(values: Vec<T>) -> Self {
        let length = values.len();
        let mut queue = Self { values, keys: (0..length).collect(), places: (0..length).collect(), length };
        for at in (0..length / 2).rev() {
            queue.sift_down(at);
        }
        queue
    }

    fn least(&self) -> (usize, T) {
        (self.keys[0], self.values[0])
    }

    fn value(&self, key: usize) -> T {
        self.values[self.places[key]]
    }

    fn remove_least(&mut self) {
        self.length -= 1;
        self.swap(0, self.length);
        self.sift_down(0);
    }

    fn change(&mut self, key: usize, value: T) {
        let at = self.places[key];
        let old = std::mem::replace(&mut self.values[at], value);
        if value < old {
            self.sift_up(at);
        } else {
            self.sift_down(at);
        }
    }

    fn sift_up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.values[parent] <= self.values[at] {
                break;
            }
            self.swap(at, parent);
            at = parent;
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let mut child = 2 * at + 1;
            if child >= self.length {
                break;
            }
            if child + 1 < self.length && self.values[child + 1] < self.values[child] {
                child += 1;
            }
            if self.values[at] <= self.values[child] {
                break;
            }
            self.swap(at, child);
            at = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.values.swap(a, b);
        self.keys.swap(a, b);
        self.places[self.keys[a]] = a;
        self.places[self.keys[b]] = b;
    }
}
