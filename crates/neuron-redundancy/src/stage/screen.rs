//! What the screen has done: tiles, the pairs that they joined, the pairs that are still in doubt, the near pairs.

use super::Stages;
use super::fields::{Fields, Put};
use super::log::Log;
use crate::Error;
use crate::near::NearPair;

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
    /// Near pairs are listed up to this dissimilarity; 0 if they are not, or no longer.
    pub(crate) floor: f64,
    pub(crate) near: Vec<NearPair>,
}

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        let lengths = [self.joined.len(), self.doubtful.len(), self.near.len()];
        let mut bytes = Vec::with_capacity(64 + 8 * lengths[0] + 12 * lengths[1] + 16 * lengths[2]);
        for count in [self.tiles, self.candidates, self.settled].into_iter().chain(lengths) {
            bytes.put_count(count);
        }
        bytes.put_u64(self.floor.to_bits());
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
        for pair in &self.near {
            for word in [pair.first, pair.second, pair.near.to_bits(), pair.within.to_bits()] {
                bytes.put_u32(word);
            }
        }
        bytes
    }

    /// Of a matrix of so many neurons.
    fn read(bytes: &[u8], neurons: usize) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (tiles, candidates, settled) = (fields.count()?, fields.count()?, fields.count()?);
        let (joined, doubtful, near) = (fields.entries(8)?, fields.entries(12)?, fields.entries(16)?);
        let floor = f64::from_bits(fields.u64()?);
        let (cleared, ended) = (fields.u32()? != 0, fields.u32()? != 0);
        let neuron = |fields: &mut Fields<'_>| fields.u32().filter(|&neuron| (neuron as usize) < neurons);
        let mut pair = || Some((neuron(&mut fields)?, neuron(&mut fields)?));
        let joined = (0..joined).map(|_| pair()).collect::<Option<_>>()?;
        let mut pair = || Some((neuron(&mut fields)?, neuron(&mut fields)?, f32::from_bits(fields.u32()?)));
        let doubtful = (0..doubtful).map(|_| pair()).collect::<Option<_>>()?;
        let mut pair = || {
            let (first, second) = (neuron(&mut fields)?, neuron(&mut fields)?);
            let (near, within) = (f32::from_bits(fields.u32()?), f32::from_bits(fields.u32()?));
            Some(NearPair { first, second, near, within })
        };
        let near = (0..near).map(|_| pair()).collect::<Option<_>>()?;
        fields.end()?;
        Some(Self { tiles, candidates, settled, cleared, ended, joined, doubtful, floor, near })
    }
}

/// The screen's stage file.
#[derive(Debug)]
pub(crate) struct ScreenLog {
    log: Log,
}

impl ScreenLog {
    /// Opens the file; gives what it holds, its records added up.
    pub(super) fn open(
        stages: &Stages,
        neurons: usize,
        facts: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<(Self, Kept), Error> {
        let mut before = Kept::default();
        let mut visit = |kind: u32, payload: &[u8]| {
            let found =
                Kept::read(payload, neurons).filter(|found| kind == TILES && found.tiles >= before.tiles)?;
            if found.cleared {
                before.doubtful.clear();
            }
            // Listed from the first tile on, or not at all.
            let listed = found.floor > 0.0 && (before.floor == found.floor || before.tiles == 0);
            let floor = if listed { found.floor } else { 0.0 };
            let Kept { mut joined, mut doubtful, mut near, .. } = std::mem::take(&mut before);
            joined.extend(&found.joined);
            doubtful.extend(&found.doubtful);
            if listed {
                near.extend(&found.near);
            } else {
                near.clear();
            }
            before = Kept { joined, doubtful, floor, near, ..found };
            Some(())
        };
        let log = stages.log("screen", facts, &mut visit)?;
        Ok((Self { log }, before))
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
            floor: 0.5,
            near: vec![NearPair { first: 9, second: 3, near: 0.5, within: 0.125 }],
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
