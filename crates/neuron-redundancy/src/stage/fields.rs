//! Numbers in a record: little-endian, one after the other.

/// Appends numbers.
pub(super) trait Put {
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);

    fn put_count(&mut self, value: usize) {
        self.put_u64(value as u64);
    }
}

impl Put for Vec<u8> {
    fn put_u32(&mut self, value: u32) {
        self.extend(value.to_le_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.extend(value.to_le_bytes());
    }
}

/// Takes them off again; `None` where there are no more, or none that fits.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.u64()?).ok()
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> Option<usize> {
        self.count().filter(|&value| value < end)
    }

    /// A number of entries of so many bytes each, all of which are there.
    pub(super) fn entries(&mut self, bytes: usize) -> Option<usize> {
        self.count().filter(|count| count.checked_mul(bytes).is_some_and(|bytes| bytes <= self.0.len()))
    }

    /// Whether nothing is left.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
