//! What the linkage has done: the merges of each component.

use super::Stages;
use super::fields::{Fields, Put};
use super::log::Log;
use crate::Error;
use crate::link::Linked;
use hclust::Merge;
use std::sync::{Mutex, PoisonError};

/// The kind of the records here.
const COMPONENT: u32 = 2;

/// A stage file of linked components.
#[derive(Debug)]
pub(crate) struct LinkageLog {
    log: Mutex<Log>,
}

fn bytes(index: usize, component: &[usize], linked: &Linked) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64 + 32 * linked.merges.len());
    let lowest = component.first().copied().unwrap_or_default();
    let counts = [index, component.len(), lowest, linked.decisions, linked.repaired, usize::from(linked.again)];
    counts.into_iter().chain([linked.merges.len()]).for_each(|count| bytes.put_count(count));
    for merge in &linked.merges {
        bytes.put_count(merge.left);
        bytes.put_count(merge.right);
        bytes.put_u64(merge.height.to_bits());
        bytes.put_count(merge.size);
    }
    bytes
}

fn read(bytes: &[u8], components: &[Vec<usize>]) -> Option<(usize, Linked)> {
    let mut fields = Fields(bytes);
    let index = fields.below(components.len())?;
    let component = components.get(index)?;
    let (size, lowest) = (fields.count()?, fields.count()?);
    let (decisions, repaired, again) = (fields.count()?, fields.count()?, fields.count()? != 0);
    let merges = fields.entries(32).filter(|&merges| merges < size)?;
    let merge = |row: usize| {
        let (left, right) = (fields.below(size + row)?, fields.below(size + row)?);
        Some(Merge { left, right, height: f64::from_bits(fields.u64()?), size: fields.count()? })
    };
    let merges = (0..merges).map(merge).collect::<Option<_>>()?;
    fields.end()?;
    let same = size == component.len() && component.first() == Some(&lowest);
    same.then_some((index, Linked { merges, decisions, repaired, again }))
}

impl LinkageLog {
    /// Opens the file; gives what it holds of each component.
    pub(super) fn open(
        stages: &Stages,
        stage: &'static str,
        facts: impl IntoIterator<Item = (&'static str, String)>,
        components: &[Vec<usize>],
    ) -> Result<(Self, Vec<Option<Linked>>), Error> {
        let mut before: Vec<Option<Linked>> = components.iter().map(|_| None).collect();
        let mut visit = |kind: u32, payload: &[u8]| {
            let (index, linked) = read(payload, components).filter(|_| kind == COMPONENT)?;
            *before.get_mut(index)? = Some(linked);
            Some(())
        };
        let log = stages.log(stage, facts, &mut visit)?;
        Ok((Self { log: Mutex::new(log) }, before))
    }

    /// Keeps the merges of a component, from whatever thread.
    pub(crate) fn append(&self, index: usize, component: &[usize], linked: &Linked) -> Result<(), Error> {
        let bytes = bytes(index, component, linked);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.append(COMPONENT, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_read_back_and_what_does_not_fit_it_is_not() {
        let components = vec![vec![0, 1], vec![2, 5, 7]];
        let merges = vec![
            Merge { left: 0, right: 2, height: 0.25, size: 2 },
            Merge { left: 1, right: 3, height: f64::NAN, size: 3 },
        ];
        let linked = Linked { merges, decisions: 1, repaired: 2, again: true };
        let bytes = bytes(1, &components[1], &linked);
        let (index, found) = read(&bytes, &components).map_or((0, None), |(at, found)| (at, Some(found)));
        assert_eq!(index, 1);
        assert!(found.is_some_and(|found| found.merges[0] == linked.merges[0]
            && found.merges[1].height.is_nan()
            && (found.decisions, found.repaired, found.again) == (1, 2, true)));
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end], &components).is_none(), "{end}");
        }
        // Another lowest neuron, another size, fewer components, a node that is not there yet.
        assert!(read(&bytes, &[vec![0, 1], vec![3, 5, 7]]).is_none());
        assert!(read(&bytes, &[vec![0, 1], vec![2, 5]]).is_none());
        assert!(read(&bytes, &components[..1]).is_none());
        let mut early = bytes.clone();
        early[56] = 3;
        assert!(read(&early, &components).is_none());
    }
}
