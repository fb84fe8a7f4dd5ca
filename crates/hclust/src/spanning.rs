//! Minimum spanning tree (Prim, 1957), for single linkage.

use crate::condensed::{place, row_offsets};
use crate::dendrogram::Step;
use crate::{Condensed, Error, Float, Observer, observe};

/// Grows the tree from observation 0. `O(n²)` time, reads each value once, changes none. Ties as SciPy: the lowest
/// observation among the nearest.
pub(crate) fn spanning<T: Float>(
    condensed: &Condensed<T>,
    observer: Observer<'_>,
) -> Result<Vec<Step<T>>, Error> {
    let (n, values) = (condensed.n(), condensed.values());
    let offsets = row_offsets(n);
    let mut steps = Vec::with_capacity(n.saturating_sub(1));
    // Observations outside the tree, ascending, each with its distance to the tree.
    let mut outside: Vec<(usize, T)> = (1..n).map(|i| (i, T::INFINITY)).collect();
    let mut x = 0;
    while !outside.is_empty() {
        let (mut nearest, mut best) = (0, T::INFINITY);
        for (at, (i, distance)) in outside.iter_mut().enumerate() {
            let d = values[place(&offsets, x, *i)];
            if *distance > d {
                *distance = d;
            }
            if *distance < best {
                (nearest, best) = (at, *distance);
            }
        }
        let (y, height) = outside.remove(nearest);
        steps.push(Step { a: x, b: y, height });
        x = y;
        observe(observer, steps.len(), n - 1)?;
    }
    Ok(steps)
}
