//! A file's bytes: memory-mapped where that is possible, read where it is not.

use crate::Error;
use memmap2::{Advice, Mmap};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// Pages of the file itself; they take no memory of their own.
    Mapped(Mmap),
    /// A copy: of a pipe, or of a file system that cannot map.
    Owned(Vec<u8>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Bytes {
    /// Opens a file that must not be empty or a directory.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(Error::Directory { path: path.to_owned() });
        }
        let bytes = match map(&file) {
            Some(map) => Self::Mapped(map),
            None => Self::read(file).map_err(io)?,
        };
        if bytes.is_empty() {
            return Err(Error::Empty { path: path.to_owned() });
        }
        Ok(bytes)
    }

    /// The safe twin of the map: the same bytes, copied.
    fn read(mut file: File) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self::Owned(bytes))
    }
}

/// Maps a file, if the system can.
#[allow(unsafe_code)]
fn map(file: &File) -> Option<Mmap> {
    // SAFETY: the map is private and read-only, and lives no longer than the `Bytes` that own it. Another process
    // that shortens the file meanwhile would make reads fail with SIGBUS, and one that writes to it would change
    // values under us: no program can rule that out for a mapped file, and the crate page says that a file must not
    // be written while it is read. All bytes are valid u8, and floats are made by checked casts of whole values, so
    // a change can only alter numbers.
    let map = unsafe { Mmap::map(file) }.ok().filter(|map| !map.is_empty())?;
    // Files are read from front to back; a system that knows no advice loses nothing.
    let _ = map.advise(Advice::Sequential);
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_and_its_safe_twin_hold_the_same_bytes() {
        let path = testkit::sample();
        let mapped = Bytes::open(&path).unwrap();
        let owned = Bytes::read(File::open(&path).unwrap()).unwrap();
        assert!(matches!((&mapped, &owned), (Bytes::Mapped(_), Bytes::Owned(_))));
        assert!(*mapped == *owned);
    }
}
