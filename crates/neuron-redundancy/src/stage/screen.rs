//! What the screen has done: tiles, the pairs that they joined, the pairs that are still in doubt.

use super::Stages;
use super::fields::{Fields, Put};
use super::log::Log;
use crate::Error;

/// The kind of the records here.
const TILES: u32 = 1;

/// A doubtful pair, with how near it seems.
pub(crate) type Doubtful = (u32, u32, f32);

/// What some tiles, or the settling of doubtful pairs, have come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Kept {
    /// Tiles that are done, of all before and these.
    pub(crate) tiles: usize,
    /// Candidates and those of them that were computed, of all before and these.
    pub(crate) candidates: usize,
    pub(crate) settled: usize,
    /// No pair that was in doubt before is in doubt now.
    pub(crate) cleared: bool,
    /// Nothing is left to be done.
    pub(crate) ended: bool,
    /// Pairs that made two sets of neurons one.
    pub(crate) joined: Vec<(u32, u32)>,
    /// Pairs that are in doubt now.
    pub(crate) doubtful: Vec<Doubtful>,
}

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48 + 8 * self.joined.len() + 12 * self.doubtful.len());
        for count in [self.tiles, self.candidates, self.settled, self.joined.len(), self.doubtful.len()] {
            bytes.put_count(count);
        }
        bytes.put_u32(u32::from(self.cleared));
        bytes.put_u32(u32::from(self.ended));
        for &(first, second) in &self.joined {
            bytes.put_u32(first);
            bytes.put_u32(second);
        }
        for &(first, second, near) in &self.doubtful {
            bytes.put_u32(first);
            bytes.put_u32(second);
            bytes.put_u32(near.to_bits());
        }
        bytes
    }

    /// Of a matrix of so many neurons.
    fn read(bytes: &[u8], neurons: usize) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (tiles, candidates, settled) = (fields.count()?, fields.count()?, fields.count()?);
        let (joined, doubtful) = (fields.entries(8)?, fields.entries(12)?);
        let (cleared, ended) = (fields.u32()? != 0, fields.u32()? != 0);
        let neuron = |fields: &mut Fields<'_>| fields.u32().filter(|&neuron| (neuron as usize) < neurons);
        let mut pair = || Some((neuron(&mut fields)?, neuron(&mut fields)?));
        let joined = (0..joined).map(|_| pair()).collect::<Option<_>>()?;
        let mut pair = || Some((neuron(&mut fields)?, neuron(&mut fields)?, f32::from_bits(fields.u32()?)));
        let doubtful = (0..doubtful).map(|_| pair()).collect::<Option<_>>()?;
        fields.end()?;
        Some(Self { tiles, candidates, settled, cleared, ended, joined, doubtful })
    }
}

/// The screen's stage file, and all that it held when it was opened.
#[derive(Debug)]
pub(crate) struct ScreenLog {
    log: Log,
    /// The records added up: the pairs that are joined, those that are still in doubt.
    pub(crate) before: Kept,
}

impl ScreenLog {
    pub(super) fn open(
        stages: &Stages,
        neurons: usize,
        facts: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, Error> {
        let mut before = Kept::default();
        let mut visit = |kind: u32, payload: &[u8]| {
            let found =
                Kept::read(payload, neurons).filter(|found| kind == TILES && found.tiles >= before.tiles)?;
            if found.cleared {
                before.doubtful.clear();
            }
            let (mut joined, mut doubtful) =
                (std::mem::take(&mut before.joined), std::mem::take(&mut before.doubtful));
            joined.extend(&found.joined);
            doubtful.extend(&found.doubtful);
            before = Kept { joined, doubtful, ..found };
            Some(())
        };
        let log = stages.log("screen", facts, &mut visit)?;
        Ok(Self { log, before })
    }

    /// Keeps what was found since the last time.
    pub(crate) fn append(&mut self, found: &Kept) -> Result<(), Error> {
        self.log.append(TILES, &found.bytes())?;
        if found.ended { self.log.sync() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_read_back_and_cut_off_bytes_are_not() {
        let found = Kept {
            tiles: 5,
            candidates: 1 << 40,
            settled: 3,
            cleared: true,
            ended: false,
            joined: vec![(1, 2), (9, 0)],
            doubtful: vec![(4, 5, -0.25)],
        };
        let bytes = found.bytes();
        assert_eq!(Kept::read(&bytes, 10), Some(found));
        for end in 0..bytes.len() {
            assert_eq!(Kept::read(&bytes[..end], 10), None, "{end}");
        }
        // A neuron that is not there.
        assert_eq!(Kept::read(&bytes, 9), None);
        assert_eq!(Kept::read(&[bytes, vec![0]].concat(), 10), None);
    }
}
