//! What can go wrong with a file, and where in it.

use std::path::PathBuf;

/// An error of this crate: which file, what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused: no such file, no permission, …
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A directory where a file is meant.
    #[error("{}: this is a directory; give one .npy or .safetensors file", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// A file of no bytes.
    #[error("{}: the file is empty (0 bytes); was the extraction interrupted?", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file of a format that is not read.
    #[error("{}: {what}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// What it seems to be, and what to do.
        what: &'static str,
    },
    /// A header that does not say what it should.
    #[error("{}: broken header at byte {offset}: {what}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Where in the file, in bytes.
        offset: usize,
        /// What is wrong.
        what: String,
    },
    /// Fewer bytes of data than the header promises.
    #[error(
        "{}: truncated: the header promises {expected} bytes in all, the file has {found}; copy or extract it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that the file has.
        found: u64,
    },
    /// Values that are not floating-point numbers of 16, 32 or 64 bits.
    #[error(
        "{}: {}the dtype is {dtype}, but activations are f16, bf16, f32 or f64; convert them (in NumPy: \
         x.astype(\"float32\"))",
        path.display(), .tensor.as_ref().map_or(String::new(), |t| format!("tensor `{t}`: "))
    )]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The tensor, in a file of several.
        tensor: Option<String>,
        /// The dtype, as the file names it.
        dtype: String,
    },
    /// An array that is not tokens × neurons.
    #[error(
        "{}: {}the shape is {shape:?}, but activations are 2-D, (tokens, neurons); reshape them (in NumPy: \
         x.reshape(-1, neurons))",
        path.display(), .tensor.as_ref().map_or(String::new(), |t| format!("tensor `{t}`: "))
    )]
    NotTwoDimensional {
        /// The file.
        path: PathBuf,
        /// The tensor, in a file of several.
        tensor: Option<String>,
        /// The shape.
        shape: Vec<usize>,
    },
    /// Layers over different numbers of tokens.
    #[error(
        "{}: tensor `{tensor}` has {found} tokens, but `{first}` has {expected}: layers must be over the same tokens",
        path.display()
    )]
    TokensDiffer {
        /// The file.
        path: PathBuf,
        /// The first tensor.
        first: String,
        /// The tensor that differs.
        tensor: String,
        /// Tokens of the first.
        expected: usize,
        /// Tokens of the other.
        found: usize,
    },
    /// A file without any tensor.
    #[error("{}: the file holds no tensor", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
    },
    /// Tokens asked for that are not there.
    #[error("tokens {start}..{end} were asked for, but there are {tokens}")]
    OutOfRange {
        /// First token asked for.
        start: usize,
        /// End of the tokens asked for.
        end: usize,
        /// Tokens that there are.
        tokens: usize,
    },
    /// Values in memory that do not fill the shape given with them.
    #[error("{tokens} tokens x {neurons} neurons take {expected} values, but there are {found}")]
    Shape {
        /// Rows.
        tokens: usize,
        /// Columns.
        neurons: usize,
        /// Values that the shape needs; saturated if it does not fit in `usize`.
        expected: usize,
        /// Values that there are.
        found: usize,
    },
}
