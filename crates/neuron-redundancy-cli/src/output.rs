//! The result file: JSON, written beside its place and renamed when it is whole.

use crate::error::Error;
use neuron_redundancy::{Config, Extraction};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The result as it is written. Keys are part of the interface (README): they are added to, never renamed.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a> {
    pub(crate) version: &'static str,
    pub(crate) file: String,
    pub(crate) dtype: String,
    pub(crate) neurons: usize,
    pub(crate) tokens: usize,
    pub(crate) layers: Vec<LayerReport<'a>>,
    pub(crate) method: &'static str,
    pub(crate) absolute: bool,
    pub(crate) cutoff: f64,
    pub(crate) seed: u64,
    pub(crate) numbering: String,
    pub(crate) cluster_count: usize,
    pub(crate) labels: &'a [u32],
    pub(crate) independent_neurons: &'a [usize],
    pub(crate) constant_neurons: &'a [usize],
    pub(crate) non_finite_neurons: &'a [usize],
}

/// A layer: its tensor's name and the neurons that it holds.
#[derive(Debug, Serialize)]
pub(crate) struct LayerReport<'a> {
    pub(crate) name: &'a str,
    pub(crate) first_neuron: usize,
    pub(crate) neurons: usize,
}

impl<'a> Report<'a> {
    pub(crate) fn new(
        file: &Path,
        source: &'a dyn activations::Source,
        config: &Config,
        result: &'a Extraction,
    ) -> Self {
        let layer = |layer: &'a activations::Layer| LayerReport {
            name: &layer.name,
            first_neuron: layer.neurons.start,
            neurons: layer.neurons.len(),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            file: file.display().to_string(),
            dtype: source.dtype().to_string(),
            neurons: source.neurons(),
            tokens: source.tokens(),
            layers: source.layers().iter().map(layer).collect(),
            method: config.method.name(),
            absolute: config.absolute,
            cutoff: config.cutoff,
            seed: config.seed,
            numbering: result.clusters.numbering().to_string(),
            cluster_count: result.clusters.count(),
            labels: result.clusters.labels.as_slice(),
            independent_neurons: &result.independent_neurons,
            constant_neurons: &result.clusters.constant_neurons,
            non_finite_neurons: &result.clusters.non_finite_neurons,
        }
    }
}

/// Where a result goes; made before the work starts, so that a place that cannot be written is known at once.
#[derive(Debug)]
pub(crate) enum Target {
    /// `-`.
    Standard,
    /// A regular file: what will be renamed to it, and its path with links resolved.
    File(NamedTempFile, PathBuf),
    /// A device or pipe: opened and written as it is.
    Special(std::fs::File, PathBuf),
}

impl Target {
    pub(crate) fn prepare(path: &Path) -> Result<Self, Error> {
        if path == Path::new("-") {
            return Ok(Self::Standard);
        }
        let fail = |source| Error::Output { path: path.to_owned(), source };
        // A link's file is replaced, not the link.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Err(fail(std::io::ErrorKind::IsADirectory.into())),
            Ok(metadata) if !metadata.is_file() => {
                let file = std::fs::OpenOptions::new().write(true).open(path).map_err(fail)?;
                Ok(Self::Special(file, path.clone()))
            }
            _ => Ok(Self::File(beside(path).map_err(fail)?, path.clone())),
        }
    }

    /// Writes the result; a file appears under its name only when it is whole.
    pub(crate) fn write(self, report: &Report<'_>, out: &mut dyn Write) -> Result<(), Error> {
        let mut json = serde_json::to_vec(report).map_err(std::io::Error::from)?;
        json.push(b'\n');
        match self {
            Self::Standard => Ok(out.write_all(&json)?),
            Self::File(mut file, path) => {
                let write = file.write_all(&json).and_then(|()| file.as_file().sync_all());
                let persist = write.and_then(|()| file.persist(&path).map_err(|e| e.error));
                persist.map(|_| ()).map_err(|source| Error::Output { path, source })
            }
            Self::Special(mut file, path) => {
                file.write_all(&json).map_err(|source| Error::Output { path, source })
            }
        }
    }
}

/// A temporary file in the same folder, with the permissions that a new file gets.
fn beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".neuron-redundancy-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
