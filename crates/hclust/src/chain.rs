//! The nearest-neighbour chain (Benzécri, 1982; Murtagh, 1983), for reducible linkages.

use crate::dendrogram::Step;
use crate::observer::{Observer, observe};
use crate::table::Table;
use crate::{Error, Float, Linkage, Reducible};

/// Follows nearest neighbours until two are each other's, merges them, goes on from what is left of the chain.
/// `O(n²)` time. Ties as SciPy: the element before in the chain wins, else the lowest slot.
pub(crate) fn chain<T, L>(
    pairs: &mut impl Table<T>,
    linkage: &L,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    let merges = pairs.n().saturating_sub(1);
    let mut steps = Vec::with_capacity(merges);
    let mut chain: Vec<usize> = Vec::new();
    while steps.len() < merges {
        let x = chain.last().copied().unwrap_or_else(|| pairs.first_live());
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        // Dead elements can only be met under a false mark `Reducible`: start anew rather than merge the dead.
        if !pairs.is_live(x) || before.is_some_and(|slot| !pairs.is_live(slot)) {
            chain.clear();
            continue;
        }
        if chain.is_empty() {
            chain.push(x);
        }
        let start = before.map_or((x, T::INFINITY), |slot| (slot, pairs.get(x, slot)));
        let (y, height) = pairs.nearest(x, start);
        if before != Some(y) {
            chain.push(y);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (a, b) = (x.min(y), x.max(y));
        pairs.merge(linkage, steps.len(), a, b, height)?;
        steps.push(Step { a, b, height });
        pairs.settle();
        observe(observer, steps.len(), merges)?;
    }
    Ok(steps)
}
