//! Progress and cancellation.

use crate::Error;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Told of progress, asked whether to go on. `()` looks away; a closure `Fn(usize, usize) -> ControlFlow<()>` is one.
///
/// ```
/// use hclust::{Condensed, Error, Method, Scratch, linkage_with};
/// use std::ops::ControlFlow;
///
/// let d = Condensed::new(4, vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.2])?;
/// let stop = |done: usize, total: usize| {
///     if 2 * done > total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
/// };
/// assert_eq!(linkage_with(&mut Scratch::new(), d, Method::Average, &stop), Err(Error::Cancelled));
/// # Ok::<(), Error>(())
/// ```
pub trait Observer: Sync {
    /// `done` of `total` merges are made. It is called after every merge, and, from any thread, again with the same number
    /// (0 before the first) now and then while memory is copied or looked through. Break cancels: the run ends with [`Error::Cancelled`].
    fn progress(&self, done: usize, total: usize) -> ControlFlow<()>;
}

impl Observer for () {
    fn progress(&self, _: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: Fn(usize, usize) -> ControlFlow<()> + Sync> Observer for F {
    fn progress(&self, done: usize, total: usize) -> ControlFlow<()> {
        self(done, total)
    }
}

/// Tells the observer; a break is an error.
pub(crate) fn observe(observer: &dyn Observer, done: usize, total: usize) -> Result<(), Error> {
    if observer.progress(done, total).is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

/// Asks the observer from parallel parts of the work, before the first merge and between merges.
pub(crate) struct Gate<'a> {
    observer: &'a dyn Observer,
    done: usize,
    total: usize,
    closed: AtomicBool,
}

impl<'a> Gate<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, total: usize) -> Self {
        Self::after(observer, 0, total)
    }

    /// After some merges.
    pub(crate) fn after(observer: &'a dyn Observer, done: usize, total: usize) -> Self {
        Self { observer, done, total, closed: AtomicBool::new(false) }
    }

    /// Whether the work is to stop.
    pub(crate) fn is_closed(&self) -> bool {
        if !self.closed.load(Ordering::Relaxed) && self.observer.progress(self.done, self.total).is_break() {
            self.closed.store(true, Ordering::Relaxed);
        }
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn result(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}
