//! Words of the int8 copy: in memory, in huge pages where the system has them, or in a temporary file.

use crate::Error;
use crate::kernels::{PANEL, Step};
use memmap2::MmapMut;
use std::io::{self, Read as _};

/// A fixed number of steps, zero at first.
#[derive(Debug)]
pub(crate) struct Store {
    /// `None` if there are no steps: nothing can be mapped then.
    map: Option<MmapMut>,
    in_file: bool,
}

/// Bytes of a step.
pub(crate) const STEP_BYTES: usize = size_of::<Step>();

impl Store {
    /// In memory.
    pub(crate) fn in_memory(steps: usize) -> Result<Self, Error> {
        let bytes = Self::bytes(steps)?;
        if bytes == 0 {
            return Ok(Self { map: None, in_file: false });
        }
        let map = crate::pages::anonymous(bytes).map_err(|_| Error::OutOfMemory { bytes: bytes as u64 })?;
        Ok(Self { map: Some(map), in_file: false })
    }

    /// In a file of the system's folder for temporary files, which goes with the process.
    pub(crate) fn in_temporary_file(steps: usize) -> Result<Self, Error> {
        let bytes = Self::bytes(steps)?;
        if bytes == 0 {
            return Ok(Self { map: None, in_file: true });
        }
        let failed = |error: io::Error| Error::TemporaryFile { bytes: bytes as u64, reason: error.to_string() };
        let mut file = tempfile::tempfile().map_err(failed)?;
        // Written, not only lengthened: a full disk is then an error here, not a signal when a page is first touched.
        io::copy(&mut io::repeat(0).take(bytes as u64), &mut file).map_err(failed)?;
        let map = map_file(&file).map_err(failed)?;
        Ok(Self { map: Some(map), in_file: true })
    }

    fn bytes(steps: usize) -> Result<usize, Error> {
        steps.checked_mul(STEP_BYTES).ok_or(Error::OutOfMemory { bytes: u64::MAX })
    }

    /// Whether the words lie in a file.
    pub(crate) fn in_file(&self) -> bool {
        self.in_file
    }

    pub(crate) fn steps(&self) -> &[Step] {
        // A mapping starts at a page and has a whole number of steps: the cast cannot fail.
        let words = self.map.as_ref().and_then(|map| bytemuck::try_cast_slice::<u8, u32>(map).ok());
        words.unwrap_or_default().as_chunks::<PANEL>().0
    }

    pub(crate) fn steps_mut(&mut self) -> &mut [Step] {
        let words = self.map.as_mut().and_then(|map| bytemuck::try_cast_slice_mut::<u8, u32>(map).ok());
        words.unwrap_or_default().as_chunks_mut::<PANEL>().0
    }
}

#[expect(unsafe_code, reason = "a memory map")]
fn map_file(file: &std::fs::File) -> io::Result<MmapMut> {
    // SAFETY: the file was made without a name for this process alone, so nobody else can change or shorten it.
    unsafe { MmapMut::map_mut(file) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_file_hold_what_is_written_and_are_zero_before() {
        for mut store in [Store::in_memory(700).unwrap(), Store::in_temporary_file(700).unwrap()] {
            assert_eq!(store.steps().len(), 700);
            assert!(store.steps().iter().flatten().all(|&word| word == 0));
            store.steps_mut()[699][47] = 7;
            assert_eq!(store.steps()[699][47], 7);
        }
        assert!(Store::in_memory(0).unwrap().steps().is_empty());
        assert!(matches!(Store::in_memory(usize::MAX), Err(Error::OutOfMemory { .. })));
    }
}
