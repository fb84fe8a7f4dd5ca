//! The result file: JSON, written beside its place and renamed when it is whole.

use crate::error::Error;
use neuron_redundancy::{
    ClusterProfile, Config, Extraction, LayerRedundancy, Representative, layer_redundancy,
};
use serde::Serialize;
use std::io::{BufWriter, Write};
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
    pub(crate) plan: String,
    pub(crate) representative: String,
    pub(crate) ambiguous_components: Vec<&'a [usize]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) components: Option<&'a [u32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profiles: Option<Vec<Profile<'a>>>,
}

/// What is said of a cluster beyond who is in it.
#[derive(Debug, Serialize)]
pub(crate) struct Profile<'a> {
    pub(crate) representative: usize,
    pub(crate) min_correlation: Option<f64>,
    pub(crate) mean_correlation: Option<f64>,
    pub(crate) neurons: &'a [usize],
    pub(crate) signs: &'a [i8],
}

impl<'a> From<&'a ClusterProfile> for Profile<'a> {
    fn from(profile: &'a ClusterProfile) -> Self {
        Self {
            representative: profile.representative,
            min_correlation: profile.min_correlation,
            mean_correlation: profile.mean_correlation,
            neurons: &profile.neurons,
            signs: &profile.signs,
        }
    }
}

/// A layer: its tensor's name and the neurons that it holds.
#[derive(Debug, Serialize)]
pub(crate) struct LayerReport<'a> {
    pub(crate) name: &'a str,
    pub(crate) first_neuron: usize,
    pub(crate) neurons: usize,
    pub(crate) kept: usize,
    pub(crate) redundancy: f64,
}

impl<'a> Report<'a> {
    pub(crate) fn new(
        file: &Path,
        source: &'a dyn activations::Source,
        config: &Config,
        result: &'a Extraction,
        profiles: Option<&'a [ClusterProfile]>,
    ) -> Self {
        let fares = layer_redundancy(&result.clusters.labels, &result.independent_neurons, source.layers());
        let layer = |(layer, fares): (&'a activations::Layer, LayerRedundancy)| LayerReport {
            name: &layer.name,
            first_neuron: layer.neurons.start,
            neurons: layer.neurons.len(),
            kept: fares.kept,
            redundancy: fares.redundancy(),
        };
        Self {
            version: env!("CARGO_PKG_VERSION"),
            file: file.display().to_string(),
            dtype: source.dtype().to_string(),
            neurons: source.neurons(),
            tokens: source.tokens(),
            layers: source.layers().iter().zip(fares).map(layer).collect(),
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
            plan: result.clusters.plan.kind.name().to_owned(),
            representative: representative(config).to_owned(),
            ambiguous_components: result.clusters.ambiguous.iter().map(|c| c.neurons.as_slice()).collect(),
            components: profiles.and(result.clusters.components.as_ref()).map(as_slice),
            profiles: profiles.map(|profiles| profiles.iter().map(Profile::from).collect()),
        }
    }
}

fn as_slice(labels: &neuron_redundancy::Labels) -> &[u32] {
    labels.as_slice()
}

/// The rule's name, as it is given on the command line.
fn representative(config: &Config) -> &'static str {
    match config.representative {
        Representative::Medoid => "medoid",
        Representative::LargestVariance => "largest-variance",
        Representative::First => "first",
        _ => "random",
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

    /// Writes a result as JSON; a file appears under its name only when it is whole.
    pub(crate) fn write(self, report: &impl Serialize, out: &mut dyn Write) -> Result<(), Error> {
        self.write_by(out, |to| {
            serde_json::to_writer(&mut *to, report)?;
            to.write_all(b"\n")
        })
    }

    /// As [`write`](Self::write), by whatever writes it.
    pub(crate) fn write_by(
        self,
        out: &mut dyn Write,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        match self {
            Self::Standard => Ok(write(out)?),
            Self::File(mut file, path) => {
                let mut buffered = BufWriter::new(&mut file);
                let written = write(&mut buffered).and_then(|()| buffered.flush());
                drop(buffered);
                let synced = written.and_then(|()| file.as_file().sync_all());
                let persist = synced.and_then(|()| file.persist(&path).map_err(|e| e.error));
                persist.map(|_| ()).map_err(|source| Error::Output { path, source })
            }
            Self::Special(file, path) => {
                let mut buffered = BufWriter::new(file);
                let written = write(&mut buffered).and_then(|()| buffered.flush());
                written.map_err(|source| Error::Output { path, source })
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
