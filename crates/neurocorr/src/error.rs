//! What can go wrong, and where.

/// An error of this crate: what was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The slice is too short for the shape that was given with it.
    #[error(
        "{tokens} tokens x {neurons} neurons with stride {stride} take {expected} values, but the slice holds \
         {found}: check the shape and the order"
    )]
    Shape {
        /// Rows of the matrix.
        tokens: usize,
        /// Columns of the matrix.
        neurons: usize,
        /// Distance between two rows (row-major) or two columns (column-major), in values.
        stride: usize,
        /// Values that the shape needs; saturated if it does not fit in `usize`.
        expected: usize,
        /// Values that the slice has.
        found: usize,
    },
    /// Two matrices or two vectors that must agree do not.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// Which length disagrees.
        what: &'static str,
        /// The length that was expected.
        expected: usize,
        /// The length that was found.
        found: usize,
    },
    /// A correlation needs two tokens at least.
    #[error("{tokens} token(s) read: a correlation needs at least two; give more tokens")]
    TooFewTokens {
        /// Tokens that were read.
        tokens: usize,
    },
    /// There is no column to correlate.
    #[error("the matrix has no neurons (columns): nothing to correlate")]
    NoNeurons,
    /// NaN or an infinity, under [`NonFinite::Error`](crate::NonFinite::Error).
    #[error(
        "neuron {neuron} is not finite at token {token} ({values} such value(s) in {neurons} neuron(s)): clean the \
         activations, or let such neurons be uncorrelated with all others"
    )]
    NonFinite {
        /// The lowest neuron that has such a value.
        neuron: usize,
        /// The first token at which it has one.
        token: usize,
        /// How many neurons have such values.
        neurons: usize,
        /// How many such values there are in all.
        values: u64,
    },
    /// The values of one neuron lie so far apart that their sum overflows.
    #[error(
        "neuron {neuron} spans {minimum:e} to {maximum:e}: sums over its tokens overflow; divide the neuron by a \
         constant (the correlation stays the same)"
    )]
    Overflow {
        /// The neuron.
        neuron: usize,
        /// Its least value.
        minimum: f64,
        /// Its greatest value.
        maximum: f64,
    },
    /// A token's weight that is negative, infinite or NaN.
    #[error("token {token} has the weight {weight}: weights are finite numbers from 0 on")]
    Weight {
        /// The first such token.
        token: usize,
        /// Its weight.
        weight: f64,
    },
    /// All tokens have the weight 0.
    #[error("all {tokens} token(s) have the weight 0: give at least two of them a positive weight")]
    NoWeight {
        /// Tokens that were read.
        tokens: usize,
    },
    /// A screen's threshold that is not above 0 and at most 1.
    #[error("the threshold {threshold} has no meaning for a screen: give one above 0 and at most 1")]
    Threshold {
        /// The threshold that was given.
        threshold: f64,
    },
    /// More tokens or neurons than can be numbered: by a screen, or by ranks in the precision that was asked for.
    #[error(
        "{found} {what} are more than the {most} that can be numbered here: split the matrix, or rank in f64"
    )]
    TooMany {
        /// Tokens or neurons.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Memory that the system does not give.
    #[error("{bytes} bytes are not to be had: free memory, or let the copy lie in a temporary file")]
    OutOfMemory {
        /// What was asked for.
        bytes: u64,
    },
    /// The temporary file of a screen cannot be made.
    #[error(
        "a temporary file of {bytes} bytes cannot be made ({reason}): free space, or set TMPDIR to another folder"
    )]
    TemporaryFile {
        /// Its length.
        bytes: u64,
        /// What the system says.
        reason: String,
    },
    /// A saved state that cannot be written, read or gone on from.
    #[error("the saved state {problem}")]
    State {
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The caller's observer asked to stop.
    #[error("cancelled by the caller")]
    Cancelled,
}
