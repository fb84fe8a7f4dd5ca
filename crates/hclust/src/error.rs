//! What can go wrong, and where.

/// An error of this crate: what was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The length of a condensed matrix is no n (n − 1) / 2, or not that of the n given.
    #[error(
        "{found} values are no condensed matrix{}: it holds the n (n - 1) / 2 pairs above the diagonal{}",
        .n.map_or(String::new(), |n| format!(" of {n} observations")),
        if *square { "; this many values are a square matrix: give it to Condensed::from_square" } else { "" }
    )]
    Length {
        /// The number of observations, if the caller gave it.
        n: Option<usize>,
        /// The number of values.
        found: usize,
        /// Whether the length is that of a square matrix of the same or some n.
        square: bool,
    },
    /// There is no observation to cluster.
    #[error("there are no observations: a dendrogram needs at least one")]
    Empty,
    /// More observations than this crate numbers.
    #[error("{n} observations: at most 2^31 - 1 are possible")]
    TooMany {
        /// The number of observations.
        n: usize,
    },
    /// A square matrix that is not symmetric with a zero diagonal.
    #[error(
        "the square matrix is not a dissimilarity at ({row}, {column}): {found} where {expected} was expected"
    )]
    NotSymmetric {
        /// Row of the first such entry.
        row: usize,
        /// Its column.
        column: usize,
        /// What stands there.
        found: f64,
        /// What stands opposite (off the diagonal), or 0 (on it).
        expected: f64,
    },
    /// A dissimilarity that is NaN, infinite or negative.
    #[error(
        "the dissimilarity of observations {i} and {j} is {value}: linkage needs finite values of at least 0; remove \
         the observation or mend the distance"
    )]
    Value {
        /// The lower observation.
        i: usize,
        /// The higher observation.
        j: usize,
        /// The value.
        value: f64,
    },
    /// Coordinates that are no points.
    #[error("{found} values are no {n} points: each must have the same number of coordinates")]
    Points {
        /// The number of points.
        n: usize,
        /// The number of values.
        found: usize,
    },
    /// A coordinate that is NaN or infinite.
    #[error(
        "coordinate {dimension} of point {point} is {value}: distances need finite coordinates; remove the point or the \
         coordinate"
    )]
    Coordinate {
        /// The point, from 0.
        point: usize,
        /// The coordinate, from 0.
        dimension: usize,
        /// The value.
        value: f64,
    },
    /// A method that is defined for Euclidean distances only.
    #[error("{method} linkage is defined for euclidean distances, not for {metric}: choose Metric::Euclidean")]
    Metric {
        /// The method.
        method: crate::Method,
        /// The metric.
        metric: crate::Metric,
    },
    /// A method for which a cutoff says nothing of the merges above it.
    #[error(
        "{method} linkage can merge lower after higher, so no part of its tree is known by a cutoff: run it whole"
    )]
    NotReducible {
        /// The method.
        method: crate::Method,
    },
    /// A method whose tree cannot be certified while it is made.
    #[error("the tree of {method} linkage cannot be certified from uncertain dissimilarities: link exact ones")]
    NotCertifiable {
        /// The method.
        method: crate::Method,
    },
    /// A cutoff that is NaN.
    #[error("the cutoff is NaN: it must be a height")]
    Cutoff,
    /// An update gave a value that is not finite.
    #[error(
        "merge {step} made a dissimilarity that is not finite ({value}): the input is too large for this linkage; \
         divide it by a constant"
    )]
    Overflow {
        /// The merge, in the order of the algorithm, from 0.
        step: usize,
        /// The value.
        value: f64,
    },
    /// Merges that are not a dendrogram.
    #[error("merge {row} is not part of a dendrogram of {n} observations: {why}")]
    Merge {
        /// The row, from 0.
        row: usize,
        /// The number of observations.
        n: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Pairs that do not say what is needed of them.
    #[error("pair {pair} of the near pairs: {why}")]
    Known {
        /// Its place in the list; the list's length for the pairs that are not in it.
        pair: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system has not given the memory.
    #[error(
        "{bytes} bytes of memory could not be had: choose a smaller storage (Storage::InPlace takes no square), or f32"
    )]
    OutOfMemory {
        /// The bytes asked for at once.
        bytes: u64,
    },
    /// The caller's observer asked to stop.
    #[error("cancelled by the caller")]
    Cancelled,
}
