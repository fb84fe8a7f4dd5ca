//! `neuron-redundancy sweep`.

use super::{describe, kept_in, resumed, threads, took};
use crate::Streams;
use crate::args::Sweep;
use crate::error::Error;
use crate::output::Target;
use crate::progress::Progress;
use activations::Layer;
use neuron_redundancy::{SweepStep, layer_redundancy, layer_spans, layers_of_width, sweep};
use serde::Serialize;
use std::io::Write;
use std::time::Instant;

/// The sweep as it is written.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: &'static str,
    file: String,
    neurons: usize,
    tokens: usize,
    method: &'static str,
    absolute: bool,
    seed: u64,
    numbering: String,
    plan: &'static str,
    constant_neurons: &'a [usize],
    ambiguous_components: Vec<&'a [usize]>,
    steps: Vec<Step<'a>>,
}

#[derive(Debug, Serialize)]
struct Step<'a> {
    cutoff: f64,
    cluster_count: usize,
    kept_share: f64,
    /// Pairs of a size and how many clusters have it.
    sizes: &'a [(usize, usize)],
    stability: Option<f64>,
    layers: Vec<LayerStep>,
    /// Entry w: clusters whose last layer is w after their first.
    layer_spans: Vec<usize>,
    labels: &'a [u32],
    independent_neurons: &'a [usize],
}

#[derive(Debug, Serialize)]
struct LayerStep {
    name: String,
    neurons: usize,
    kept: usize,
    shared: usize,
    redundancy: f64,
}

impl<'a> Step<'a> {
    fn new(step: &'a SweepStep, layers: &[Layer]) -> Self {
        let fares = layer_redundancy(&step.labels, &step.independent_neurons, layers).into_iter();
        let layer = |fares: neuron_redundancy::LayerRedundancy| LayerStep {
            redundancy: fares.redundancy(),
            name: fares.name,
            neurons: fares.neurons,
            kept: fares.kept,
            shared: fares.shared,
        };
        Self {
            cutoff: step.cutoff,
            cluster_count: step.labels.count(),
            kept_share: step.kept_share(),
            sizes: &step.sizes,
            stability: step.stability,
            layers: fares.map(layer).collect(),
            layer_spans: layer_spans(&step.labels, layers),
            labels: step.labels.as_slice(),
            independent_neurons: &step.independent_neurons,
        }
    }
}

pub(crate) fn run(arguments: &Sweep, streams: &mut Streams<'_>) -> Result<(), Error> {
    let config = arguments.clustering.config();
    let source = activations::open(&arguments.file)?;
    let target = Target::prepare(&arguments.output)?;
    let start = Instant::now();
    let threads = threads(arguments.clustering.threads)?;
    let result = {
        let progress = Progress::new(streams.cancelled);
        threads.install(|| sweep(&*source, &config, &arguments.cutoffs, &progress))
    };
    let result = result.map_err(|error| kept_in(&arguments.clustering, error))?;
    let elapsed = start.elapsed();
    let layers = match arguments.layer_width {
        Some(width) => layers_of_width(source.neurons(), width),
        None => source.layers().to_vec(),
    };
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        file: arguments.file.display().to_string(),
        neurons: source.neurons(),
        tokens: source.tokens(),
        method: config.method.name(),
        absolute: config.absolute,
        seed: config.seed,
        numbering: config.numbering.to_string(),
        plan: result.plan.kind.name(),
        constant_neurons: &result.constant_neurons,
        ambiguous_components: result.ambiguous.iter().map(|c| c.neurons.as_slice()).collect(),
        steps: result.steps.iter().map(|step| Step::new(step, &layers)).collect(),
    };
    let standard = matches!(target, Target::Standard);
    target.write(&report, streams.out)?;
    let out: &mut dyn Write = if standard { &mut *streams.err } else { &mut *streams.out };
    writeln!(out, "{}", describe(&arguments.file, &*source))?;
    writeln!(out, "plan        {}", result.plan)?;
    if let Some(line) = resumed(&arguments.clustering, result.resumed) {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "{:>7} {:>9} {:>7} {:>8} {:>10} {:>12}",
        "cutoff", "clusters", "kept", "largest", "stability", "over layers"
    )?;
    for step in &report.steps {
        let largest = step.sizes.last().map_or(0, |size| size.0);
        let stability = step.stability.map_or_else(|| "-".to_owned(), |stability| format!("{stability:.3}"));
        let over: usize = step.layer_spans.iter().skip(1).sum();
        writeln!(
            out,
            "{:>7} {:>9} {:>6.1}% {largest:>8} {stability:>10} {over:>12}",
            step.cutoff,
            step.cluster_count,
            100.0 * step.kept_share
        )?;
    }
    if !report.ambiguous_components.is_empty() {
        let count = report.ambiguous_components.len();
        writeln!(
            out,
            "ambiguous   {count} components: other clusters are as right; --ties scipy decides as SciPy"
        )?;
    }
    writeln!(out, "{}", took(elapsed, &result.times, result.repaired, result.again))?;
    if !standard {
        writeln!(out, "wrote {}", arguments.output.display())?;
    }
    Ok(())
}
