//! Errors as Python's exceptions, with the message of the crate that failed.

use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyOSError, PyValueError};

/// An error of one of our crates.
pub(crate) trait IntoPython: std::fmt::Display {
    /// Whether the machine, not the argument, was at fault: memory, or files.
    fn kind(&self) -> Kind {
        Kind::Value
    }
}

/// Which exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Value,
    Memory,
    File,
    /// Stopped from outside: the exception that stopped it is raised instead.
    Cancelled,
}

impl IntoPython for hclust::Error {
    fn kind(&self) -> Kind {
        match self {
            Self::OutOfMemory { .. } => Kind::Memory,
            Self::Cancelled => Kind::Cancelled,
            _ => Kind::Value,
        }
    }
}

impl IntoPython for fcluster::Error {}

impl IntoPython for neurocorr::Error {
    fn kind(&self) -> Kind {
        match self {
            Self::OutOfMemory { .. } => Kind::Memory,
            Self::Cancelled => Kind::Cancelled,
            _ => Kind::Value,
        }
    }
}

impl IntoPython for activations::Error {
    fn kind(&self) -> Kind {
        Kind::File
    }
}

impl IntoPython for neuron_redundancy::Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Activations(error) => error.kind(),
            Self::Correlation(error) => error.kind(),
            Self::Linkage(error) => error.kind(),
            Self::Memory { .. } | Self::Component { .. } | Self::Ties { .. } => Kind::Memory,
            Self::StageFile { .. } | Self::StageInUse { .. } => Kind::File,
            Self::Cancelled => Kind::Cancelled,
            _ => Kind::Value,
        }
    }
}

/// The exception for an error.
pub(crate) fn raise(error: impl IntoPython) -> PyErr {
    let message = error.to_string();
    match error.kind() {
        Kind::Value => PyValueError::new_err(message),
        Kind::Memory => PyMemoryError::new_err(message),
        Kind::File => PyOSError::new_err(message),
        Kind::Cancelled => PyKeyboardInterrupt::new_err(message),
    }
}
