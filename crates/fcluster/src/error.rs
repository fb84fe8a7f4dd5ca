//! What can go wrong, and where.

/// An error of this crate: what was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A cutoff that is NaN.
    #[error("the cutoff is NaN: give the height at which to cut")]
    Cutoff,
    /// `maxclust` with no cluster allowed. (SciPy reads out of bounds here.)
    #[error("at most 0 clusters were asked for: at least one is needed")]
    NoClusters,
    /// A row of Z that is no part of a tree.
    #[error("row {row} of Z is not part of a tree of {n} observations: {why}")]
    Row {
        /// The row, from 0.
        row: usize,
        /// Observations that so many rows make.
        n: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tree that hclust refuses for a reason of its own.
    #[error(transparent)]
    Tree(hclust::Error),
    /// More observations than labels can count.
    #[error("{n} observations: at most 2^31 - 1 are possible")]
    TooMany {
        /// The number of observations.
        n: usize,
    },
}

impl From<hclust::Error> for Error {
    fn from(error: hclust::Error) -> Self {
        match error {
            hclust::Error::Merge { row, n, why } => Self::Row { row, n, why },
            hclust::Error::TooMany { n } => Self::TooMany { n },
            other => Self::Tree(other),
        }
    }
}
