//! Groups of neurons, so many at a time as fit into memory: their columns are gathered in one pass over the tokens.

use crate::Error;
use neurocorr::{Columns, Float};
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of columns that are gathered at a time, unless one group takes more.
const GATHERED: u64 = 128 << 20;

/// What is done with the columns of one group.
pub(crate) trait OfGroup: Sync {
    type Output: Send;

    /// Before columns are gathered whose first group, the largest, has so many neurons.
    fn check(&self, _size: usize, _gathered: u64) -> Result<(), Error> {
        Ok(())
    }

    /// `columns` are those of the group `index`; `gathered` bytes are taken by all columns at hand.
    fn visit<T: Float>(
        &self,
        index: usize,
        columns: &Columns<'_, T>,
        gathered: u64,
    ) -> Result<Self::Output, Error>;
}

/// Visits groups, the largest of which should come first, in parallel; results stand in their order. `limit` is what all may
/// take.
pub(crate) fn for_each_group<T: Float, V: OfGroup>(
    columns: &Columns<'_, T>,
    groups: &[Vec<usize>],
    limit: Option<u64>,
    visit: &V,
) -> Result<Vec<V::Output>, Error> {
    let bytes = |neurons: usize| {
        (columns.tokens() as u64).saturating_mul(neurons as u64).saturating_mul(size_of::<T>() as u64)
    };
    let most = limit.map_or(GATHERED, |limit| GATHERED.min(limit / 4));
    let mut results = Vec::with_capacity(groups.len());
    let mut rest = groups;
    while let Some(group) = rest.first() {
        let (mut count, mut neurons) = (1, group.len());
        while let Some(next) = rest.get(count)
            && bytes(neurons + next.len()) <= most
        {
            count += 1;
            neurons += next.len();
        }
        let (batch, after) = rest.split_at(count);
        rest = after;
        visit.check(group.len(), bytes(neurons))?;
        let gathered = columns.gather(&batch.concat())?;
        let mut start = 0;
        let ranges: Vec<Range<usize>> = batch
            .iter()
            .map(|group| {
                start += group.len();
                start - group.len()..start
            })
            .collect();
        let done = results.len();
        let one =
            |(at, range): (usize, &Range<usize>)| visit.visit(done + at, &gathered.part(range), bytes(neurons));
        // One alone has all threads to itself.
        let part: Result<Vec<_>, Error> = if count == 1 {
            ranges.iter().enumerate().map(one).collect()
        } else {
            ranges.par_iter().enumerate().map(one).collect()
        };
        results.extend(part?);
    }
    Ok(results)
}
