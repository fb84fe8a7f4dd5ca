//! Progress and cancellation.

use crate::Error;
use std::ops::ControlFlow;

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// First pass over the tokens: means, ranges, constants.
    Moments,
    /// Second pass: correlations of all pairs.
    Correlation,
    /// Which pairs are near enough, by bytes.
    Screen,
    /// The dendrogram.
    Linkage,
    /// The cut and the picks.
    Cut,
}

impl Stage {
    /// All, in order; a plan has some of them.
    pub const ALL: [Self; 5] = [Self::Moments, Self::Correlation, Self::Screen, Self::Linkage, Self::Cut];

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Moments => "moments",
            Self::Correlation => "correlation",
            Self::Screen => "screen",
            Self::Linkage => "linkage",
            Self::Cut => "cut",
        }
    }
}

/// Tells the observer; a break is an error.
pub(crate) fn report(observer: &dyn Observer, stage: Stage, done: usize, total: usize) -> Result<(), Error> {
    if observer.progress(stage, done, total).is_break() { Err(Error::Cancelled) } else { Ok(()) }
}

/// Told of progress, from any thread; asked whether to go on. `()` is an observer that looks away.
pub trait Observer: Sync {
    /// `done` of `total` steps of a stage are done (several threads may report out of order). Break cancels: the run
    /// then ends with [`Error::Cancelled`](crate::Error::Cancelled).
    fn progress(&self, stage: Stage, done: usize, total: usize) -> ControlFlow<()>;
}

impl Observer for () {
    fn progress(&self, _: Stage, _: usize, _: usize) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
