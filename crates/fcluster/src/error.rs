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
    /// Clusters that cannot be had of so many observations.
    #[error("{clusters} clusters were asked for of {n} observations: give a number from 1 to {n}")]
    Clusters {
        /// The number asked for.
        clusters: usize,
        /// The number of observations.
        n: usize,
    },
    /// A number of clusters that no cutoff gives, because merges are at one height.
    #[error(
        "no cutoff gives {clusters} clusters: merges at height {height:e} tie, below it are {below}, from it on {above}"
    )]
    Tied {
        /// The number asked for.
        clusters: usize,
        /// The height of the merges that tie.
        height: f64,
        /// The next number of clusters that a cutoff gives, above the one asked for.
        below: usize,
        /// The next one below it.
        above: usize,
    },
    /// A merge lower than one under it, where only trees whose heights never go down have an answer.
    #[error(
        "merge {row} is at height {height:e}, below a merge under it at {below:e}: heights must not go down here; \
         cut by `fcluster` or by a number of clusters instead"
    )]
    Inversion {
        /// The row, from 0.
        row: usize,
        /// Its height.
        height: f64,
        /// The height of the child above it.
        below: f64,
    },
    /// Inconsistency over no level.
    #[error("depth 0 holds no merge: give at least 1 (SciPy's default is 2)")]
    Depth,
    /// Values or labels of another number than the tree has.
    #[error("{found} {what} for a tree that needs {expected}")]
    Length {
        /// What they are.
        what: &'static str,
        /// How many the tree needs.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A value of a criterion that is NaN.
    #[error("the criterion's value of merge {row} is NaN: give a number for each merge")]
    Value {
        /// The row, from 0.
        row: usize,
    },
    /// A row of inconsistency statistics that can be none.
    #[error("row {row} is no row of inconsistency statistics: {why}")]
    Statistics {
        /// The row, from 0.
        row: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A column that inconsistency statistics do not have.
    #[error("column {column} of inconsistency statistics: there are 0 (mean) to 3 (coefficient)")]
    Column {
        /// The column asked for.
        column: usize,
    },
    /// Labels that are no cut of the tree.
    #[error(
        "label {label} is met again at node {node}, apart from where it was: the labels are no cut of this tree"
    )]
    Leaders {
        /// The topmost node of the second cluster: an observation below n, else merge `node − n`.
        node: usize,
        /// The label.
        label: u32,
    },
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
