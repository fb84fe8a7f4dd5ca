//! The format of all stage files: records that are only ever appended, each with checksums.
//!
//! A process that is killed leaves whole records and at most one that is cut off, which is dropped. A record whose checksum
//! does not agree is another matter (a disk that fails, a file that was edited) and is refused.

use super::fields::{Fields, Put};
use crate::Error;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// What a stage file begins with: its name and the version of the format.
pub(super) const MAGIC: [u8; 8] = *b"nrstage1";

/// Bytes before a record's payload: its length, its kind, and a checksum of the two.
const HEAD: usize = 16;

/// Bytes after it: a checksum of the payload.
const TAIL: usize = 4;

/// The kind of the first record: what the run is, a line for each fact.
const FACTS: u32 = 0;

/// An open stage file.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    /// Where the last whole record ends.
    end: u64,
}

impl Log {
    /// Opens a file, or begins it. `visit` is given the kind and payload of each record, and `None` from it says that a
    /// payload makes no sense.
    pub(super) fn open(
        path: PathBuf,
        facts: &[(&'static str, String)],
        visit: &mut dyn FnMut(u32, &[u8]) -> Option<()>,
    ) -> Result<Self, Error> {
        let fail = |source| Error::StageFile { path: path.clone(), source };
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(fail)?;
        let mut reader = Reader { path: &path, length: file.metadata().map_err(fail)?.len(), at: 0 };
        let mut from = BufReader::with_capacity(1 << 20, &mut file);
        let end = reader.all(&mut from, facts, visit)?;
        drop(from);
        // What follows was cut off when the process ended.
        file.set_len(end).map_err(fail)?;
        file.seek(SeekFrom::Start(end)).map_err(fail)?;
        let mut log = Self { path, file, end };
        if end == 0 {
            let text: String = facts.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
            let mut bytes = MAGIC.to_vec();
            record(&mut bytes, FACTS, text.as_bytes());
            log.write(&bytes)?;
        }
        Ok(log)
    }

    /// Appends a record, in one piece.
    pub(super) fn append(&mut self, kind: u32, payload: &[u8]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(payload.len() + HEAD + TAIL);
        record(&mut bytes, kind, payload);
        self.write(&bytes)
    }

    /// Waits until all is on the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|source| Error::StageFile { path: self.path.clone(), source })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        match self.file.write_all(bytes) {
            Ok(()) => {
                self.end += bytes.len() as u64;
                Ok(())
            }
            Err(source) => {
                // Another thread may still write: not after half a record.
                let _ = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
                Err(Error::StageFile { path: self.path.clone(), source })
            }
        }
    }
}

fn record(bytes: &mut Vec<u8>, kind: u32, payload: &[u8]) {
    let start = bytes.len();
    bytes.put_count(payload.len());
    bytes.put_u32(kind);
    bytes.put_u32(crc32fast::hash(bytes.get(start..).unwrap_or_default()));
    bytes.extend(payload);
    bytes.put_u32(crc32fast::hash(payload));
}

struct Reader<'a> {
    path: &'a PathBuf,
    length: u64,
    at: u64,
}

impl Reader<'_> {
    /// Reads all records; gives where the last whole one ends, 0 if there is not even the first.
    fn all(
        &mut self,
        from: &mut impl Read,
        facts: &[(&'static str, String)],
        visit: &mut dyn FnMut(u32, &[u8]) -> Option<()>,
    ) -> Result<u64, Error> {
        let mut magic = [0; MAGIC.len()];
        if !self.fill(from, &mut magic)? {
            return Ok(0);
        }
        if magic != MAGIC {
            return Err(self.damaged(0, "it does not begin as a stage file of this version of the format does"));
        }
        let Some((kind, payload)) = self.record(from)? else { return Ok(0) };
        if kind != FACTS {
            return Err(self.damaged(MAGIC.len() as u64, "the first record does not say what run this was"));
        }
        self.compare(&payload, facts)?;
        loop {
            let start = self.at;
            match self.record(from)? {
                Some((kind, payload)) => {
                    visit(kind, &payload).ok_or_else(|| self.damaged(start, "the record makes no sense"))?;
                }
                None => return Ok(start),
            }
        }
    }

    /// The next record; `None` at the end, or where one was cut off.
    fn record(&mut self, from: &mut impl Read) -> Result<Option<(u32, Vec<u8>)>, Error> {
        let start = self.at;
        let mut head = [0; HEAD];
        if !self.fill(from, &mut head)? {
            return Ok(None);
        }
        let mut fields = Fields(&head);
        let (length, kind, crc) = (fields.u64(), fields.u32(), fields.u32());
        let (Some(length), Some(kind)) = (length, kind) else { return Ok(None) };
        if crc != head.split_last_chunk::<4>().map(|(front, _)| crc32fast::hash(front)) {
            return Err(self.damaged(start, "the checksum of a record's head does not agree"));
        }
        if length.checked_add(TAIL as u64).is_none_or(|length| length > self.length - self.at) {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| self.damaged(start, "a record is too long"))?;
        let (mut payload, mut tail) = (vec![0; length], [0; TAIL]);
        if !self.fill(from, &mut payload)? || !self.fill(from, &mut tail)? {
            return Ok(None);
        }
        if u32::from_le_bytes(tail) != crc32fast::hash(&payload) {
            return Err(self.damaged(start, "the checksum of a record does not agree"));
        }
        Ok(Some((kind, payload)))
    }

    /// Whether there were bytes enough.
    fn fill(&mut self, from: &mut impl Read, bytes: &mut [u8]) -> Result<bool, Error> {
        match from.read_exact(bytes) {
            Ok(()) => {
                self.at += bytes.len() as u64;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
            Err(source) => Err(Error::StageFile { path: self.path.clone(), source }),
        }
    }

    /// Refuses what another run left, by the first thing that is not the same.
    fn compare(&self, stored: &[u8], facts: &[(&'static str, String)]) -> Result<(), Error> {
        let stored = String::from_utf8_lossy(stored);
        let mut lines = stored.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        for (what, given) in facts {
            let (name, stored) = lines.next().unwrap_or(("", "nothing"));
            if name != *what || stored != given {
                let stored = if name == *what { stored } else { "nothing" };
                return Err(Error::StageMismatch {
                    path: self.path.clone(),
                    what,
                    stored: stored.to_owned(),
                    given: given.clone(),
                });
            }
        }
        Ok(())
    }

    fn damaged(&self, byte: u64, why: &'static str) -> Error {
        Error::StageDamaged { path: self.path.clone(), byte, why }
    }
}
