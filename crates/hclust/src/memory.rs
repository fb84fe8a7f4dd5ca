//! Memory of a working state: zeroed, page-aligned, in huge pages where the system has them.

use crate::{Error, Float};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

/// Below this many bytes a plain vector does as well as a mapping.
const MAPPED_FROM: usize = 1 << 20;

/// A slice of `T`, zero at first. Large ones are mapped from the system: the first touch of 4 kB pages would cost more
/// than all the work on them (0.4 s a GB against 0.1 s in huge pages).
#[derive(Debug)]
pub(crate) struct Memory<T> {
    storage: Storage<T>,
}

#[derive(Debug)]
enum Storage<T> {
    Mapped(memmap2::MmapMut, PhantomData<T>),
    Owned(Vec<T>),
}

impl<T: Float> Memory<T> {
    pub(crate) fn zeroed(length: usize) -> Result<Self, Error> {
        let failed = || Error::OutOfMemory { bytes: (length as u64).saturating_mul(size_of::<T>() as u64) };
        let bytes = length.checked_mul(size_of::<T>()).ok_or_else(failed)?;
        if bytes >= MAPPED_FROM
            && let Ok(map) = memmap2::MmapMut::map_anon(bytes)
        {
            // Refused where the system has none: the pages are then small, and nothing else changes.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Ok(Self { storage: Storage::Mapped(map, PhantomData) });
        }
        let mut values = Vec::new();
        values.try_reserve_exact(length).map_err(|_| failed())?;
        values.resize(length, T::ZERO);
        Ok(Self { storage: Storage::Owned(values) })
    }

    pub(crate) fn empty() -> Self {
        Self { storage: Storage::Owned(Vec::new()) }
    }
}

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        if let Storage::Mapped(map, _) = std::mem::replace(&mut self.storage, Storage::Owned(Vec::new())) {
            let_go(map.len(), map);
        }
    }
}

/// Frees memory on a thread of its own if it is much: giving gigabytes of pages back takes the system a tenth of a second
/// each, for which neither the linkage nor a user who cancels need wait.
pub(crate) fn let_go(bytes: usize, memory: impl Send + 'static) {
    const MUCH: usize = 64 << 20;
    if bytes >= MUCH {
        // Without a thread the closure is dropped here, and the memory with it.
        let _ = std::thread::Builder::new().name("hclust-free".to_owned()).spawn(move || drop(memory));
    }
}

impl<T: Float> Deref for Memory<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.storage {
            // A mapping starts at a page and has a whole number of values: the cast cannot fail.
            Storage::Mapped(map, _) => bytemuck::try_cast_slice(map).unwrap_or_default(),
            Storage::Owned(values) => values,
        }
    }
}

impl<T: Float> DerefMut for Memory<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.storage {
            Storage::Mapped(map, _) => bytemuck::try_cast_slice_mut(map).unwrap_or_default(),
            Storage::Owned(values) => values,
        }
    }
}
