//! Working memory: zero at first, at the start of a page, in huge pages where the system has them.

use crate::Precision;
use memmap2::MmapMut;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Below so many bytes a plain vector does as well.
const MAPPED_FROM: usize = 1 << 20;

/// Values of a fixed number. Rows that begin at whole lines of the caches are read by whole lines; and with small pages the processor
/// would look up a page for nearly every row.
#[derive(Debug)]
pub(crate) enum Pages<P> {
    Mapped(MmapMut, PhantomData<P>),
    Owned(Vec<P>),
}

impl<P: Precision> Pages<P> {
    pub(crate) fn zeroed(length: usize) -> Self {
        let bytes = length.saturating_mul(size_of::<P>());
        if bytes >= MAPPED_FROM
            && let Ok(map) = anonymous(bytes)
        {
            return Self::Mapped(map, PhantomData);
        }
        Self::Owned(vec![P::default(); length])
    }
}

/// Memory from the system.
pub(crate) fn anonymous(bytes: usize) -> std::io::Result<MmapMut> {
    let map = MmapMut::map_anon(bytes)?;
    // Refused where the system has none: the pages are then small, and nothing else changes.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    Ok(map)
}

impl<P: Precision> Deref for Pages<P> {
    type Target = [P];

    fn deref(&self) -> &[P] {
        match self {
            // A mapping starts at a page and has a whole number of values: the cast cannot fail.
            Self::Mapped(map, _) => bytemuck::try_cast_slice(map).unwrap_or_default(),
            Self::Owned(values) => values,
        }
    }
}

impl<P: Precision> DerefMut for Pages<P> {
    fn deref_mut(&mut self) -> &mut [P] {
        match self {
            Self::Mapped(map, _) => bytemuck::try_cast_slice_mut(map).unwrap_or_default(),
            Self::Owned(values) => values,
        }
    }
}
