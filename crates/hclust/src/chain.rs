//! The nearest-neighbour chain (Benzécri, 1982; Murtagh, 1983), for reducible linkages.

use crate::dendrogram::Step;
use crate::observer::{Gate, Observer, observe};
use crate::table::Table;
use crate::{Error, Float, Linkage, Reducible};

/// What is to become of two clusters, each the nearest of the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict<T> {
    /// They merge at this height.
    Merge(T),
    /// The first of these has a nearer neighbour than it seemed: the second.
    Follow(usize, usize),
    /// They are final, both.
    Apart,
}

/// What looks on while a chain runs, and may end it early or lead it elsewhere.
pub(crate) trait Watch<T: Float> {
    /// Before the first step. Behind a closed gate what is left is of no use.
    fn begin(&mut self, _: &mut impl Table<T>, _: &Gate<'_>) {}

    /// Where to go from x, whose nearest seems to be y; `None` if x is final. `before`: what leads to it.
    fn next(
        &mut self,
        _: &mut impl Table<T>,
        _x: usize,
        y: usize,
        height: T,
        _before: Option<usize>,
    ) -> Result<Option<(usize, T)>, Error> {
        Ok(Some((y, height)))
    }

    /// Right before a merger.
    fn merges(
        &mut self,
        _: &mut impl Table<T>,
        _step: usize,
        _x: usize,
        _y: usize,
        height: T,
    ) -> Result<Verdict<T>, Error> {
        Ok(Verdict::Merge(height))
    }
}

/// All merges, unwatched.
impl<T: Float> Watch<T> for () {}

/// Follows nearest neighbours until two are each other's, merges them, goes on from what is left of the chain.
/// `O(n²)` time. Ties as SciPy: the element before in the chain wins, else the lowest slot.
pub(crate) fn chain<T, L>(
    pairs: &mut impl Table<T>,
    linkage: &L,
    watch: &mut impl Watch<T>,
    observer: &dyn Observer,
) -> Result<Vec<Step<T>>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    let n = pairs.n();
    let merges = n.saturating_sub(1);
    let mut steps = Vec::with_capacity(merges);
    let mut chain: Vec<usize> = Vec::new();
    let gate = Gate::new(observer, merges);
    watch.begin(pairs, &gate);
    gate.result()?;
    while pairs.live() > 1 {
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
        let Some((y, height)) = watch.next(pairs, x, y, height, before)? else {
            chain.pop();
            pairs.remove(x);
            observe(observer, n - pairs.live(), merges)?;
            continue;
        };
        if before != Some(y) {
            chain.push(y);
            continue;
        }
        let (a, b) = (x.min(y), x.max(y));
        match watch.merges(pairs, steps.len(), a, b, height)? {
            Verdict::Merge(shown) => {
                chain.truncate(chain.len() - 2);
                pairs.merge(linkage, steps.len(), a, b, height)?;
                steps.push(Step { a, b, height: shown });
            }
            Verdict::Follow(from, to) => {
                chain.truncate(chain.len() - usize::from(from != x));
                chain.push(to);
                continue;
            }
            Verdict::Apart => {
                chain.truncate(chain.len() - 2);
                pairs.remove(a);
                pairs.remove(b);
            }
        }
        observe(observer, n - pairs.live(), merges)?;
        pairs.settle(&Gate::after(observer, n - pairs.live(), merges))?;
    }
    Ok(steps)
}
