//! Whether long work is to go on: asked at every small piece of it, from any thread.

use crate::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

enum Ask<'a> {
    Nobody,
    Whether(&'a (dyn Fn() -> ControlFlow<()> + Sync)),
    /// Told how many parts are done of how many.
    Observer(&'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync), usize),
}

/// Asks a caller. One break ends the work, whatever would be answered after it.
pub(crate) struct GoOn<'a> {
    ask: Ask<'a>,
    done: AtomicUsize,
    broken: AtomicBool,
}

impl<'a> GoOn<'a> {
    const fn asking(ask: Ask<'a>) -> Self {
        Self { ask, done: AtomicUsize::new(0), broken: AtomicBool::new(false) }
    }

    /// Nobody is asked.
    pub(crate) const fn always() -> Self {
        Self::asking(Ask::Nobody)
    }

    /// What is asked is told nothing.
    pub(crate) const fn told(ask: &'a (dyn Fn() -> ControlFlow<()> + Sync)) -> Self {
        Self::asking(Ask::Whether(ask))
    }

    /// `observe(parts done, all parts)` is what is asked.
    pub(crate) const fn observed(
        observe: &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
        parts: usize,
    ) -> Self {
        Self::asking(Ask::Observer(observe, parts))
    }

    /// So many more parts are done: the caller is told, and asked.
    pub(crate) fn add(&self, parts: usize) {
        self.done.fetch_add(parts, Ordering::Relaxed);
        self.is_broken();
    }

    /// Asks, unless there was a break: pieces of work after it are left out.
    pub(crate) fn is_broken(&self) -> bool {
        let told = || match self.ask {
            Ask::Nobody => ControlFlow::Continue(()),
            Ask::Whether(ask) => ask(),
            Ask::Observer(observe, parts) => observe(self.done.load(Ordering::Relaxed), parts),
        };
        if !self.was_broken() && told().is_break() {
            self.broken.store(true, Ordering::Relaxed);
        }
        self.was_broken()
    }

    /// Whether there was a break: then something may have been left out.
    pub(crate) fn was_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// [`Error::Cancelled`] if something may have been left out.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.was_broken() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

impl std::fmt::Debug for GoOn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GoOn").field("done", &self.done).field("broken", &self.broken).finish_non_exhaustive()
    }
}
