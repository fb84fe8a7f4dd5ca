//! What ends a command with exit code 1.

use std::path::PathBuf;

/// A failure, as it is printed after `neuron-redundancy: `.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The work failed.
    #[error(transparent)]
    Run(#[from] neuron_redundancy::Error),
    /// The user has stopped a run that keeps what it has done.
    #[error("cancelled; what is done is kept: go on with --resume {}", path.display())]
    Kept {
        /// The folder.
        path: PathBuf,
    },
    /// The input file cannot be read.
    #[error(transparent)]
    Activations(#[from] activations::Error),
    /// The output file cannot be written.
    #[error("cannot write {}: {source}; what was there before is unchanged", path.display())]
    Output {
        /// The output file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A result of `extract` cannot be read.
    #[error("{}: {why}; a result of `neuron-redundancy extract` is needed", path.display())]
    Result {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Print(#[from] std::io::Error),
    /// The threads cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}
