//! `neuron-redundancy extract`.

use super::{describe, kept_in, names, resumed, threads, took};
use crate::Streams;
use crate::args::Extract;
use crate::error::Error;
use crate::output::{Report, Target};
use crate::progress::Progress;
use activations::Source;
use neuron_redundancy::{Config, Extraction, extract_independent_neurons, profile_clusters};
use std::io::Write;
use std::time::{Duration, Instant};

pub(crate) fn run(arguments: &Extract, streams: &mut Streams<'_>) -> Result<(), Error> {
    let start = Instant::now();
    let config = arguments.config();
    let source = activations::open(&arguments.file)?;
    let target = Target::prepare(&arguments.output)?;
    let threads = threads(arguments.clustering.threads)?;
    let result = {
        let progress = Progress::new(streams.cancelled);
        threads.install(|| {
            let result = extract_independent_neurons(&*source, &config, &progress)?;
            let labels = &result.clusters.labels;
            let profile = || profile_clusters(&*source, labels, &config, &progress);
            let profiles = arguments.profiles.then(profile).transpose()?;
            Ok::<_, neuron_redundancy::Error>((result, profiles))
        })
    };
    let (result, profiles) = result.map_err(|error| kept_in(&arguments.clustering, error))?;
    let report = Report::new(&arguments.file, &*source, &config, &result, profiles.as_deref());
    let standard = matches!(target, Target::Standard);
    target.write(&report, streams.out)?;
    let summary = summary(arguments, &*source, &config, &result, start.elapsed());
    let out: &mut dyn Write = if standard { &mut *streams.err } else { &mut *streams.out };
    out.write_all(summary.as_bytes())?;
    if !standard {
        writeln!(out, "wrote {}", arguments.output.display())?;
    }
    Ok(())
}

/// What a person reads.
fn summary(
    arguments: &Extract,
    source: &dyn Source,
    config: &Config,
    result: &Extraction,
    elapsed: Duration,
) -> String {
    let clusters = &result.clusters;
    let (neurons, kept) = (source.neurons(), result.independent_neurons.len());
    let measure = if config.absolute { "1 - |r|" } else { "1 - r" };
    let mut lines = vec![
        describe(&arguments.file, source),
        format!("plan        {}", clusters.plan),
        format!(
            "clusters    {} at cutoff {} ({} linkage of {measure})",
            clusters.count(),
            config.cutoff,
            config.method
        ),
        format!("kept        {kept} of {neurons} neurons ({:.1}%)", percent(kept, neurons)),
    ];
    lines.extend(resumed(&arguments.clustering, clusters.resumed));
    if let Some(screen) = clusters.screen {
        lines.push(format!("components  {}, the largest of {} neurons", screen.components, screen.largest));
    }
    if !clusters.ambiguous.is_empty() {
        let neurons: usize = clusters.ambiguous.iter().map(|component| component.neurons.len()).sum();
        lines.push(format!(
            "ambiguous   {} components of {neurons} neurons: other clusters are as right; --ties scipy decides as SciPy",
            clusters.ambiguous.len()
        ));
    }
    let mut list = |title: &str, neurons: &[usize]| {
        let which = if neurons.is_empty() { String::new() } else { format!(": {}", names(source, neurons)) };
        lines.push(format!("{title:<12}{}{which}", neurons.len()));
    };
    list("constant", &clusters.constant_neurons);
    if !clusters.non_finite_neurons.is_empty() {
        list("non-finite", &clusters.non_finite_neurons);
    }
    let mut sizes: Vec<(usize, usize)> = clusters
        .labels
        .clusters()
        .iter()
        .enumerate()
        .map(|(index, members)| (members.len(), index + 1))
        .collect();
    sizes.sort_by_key(|&(size, label)| (std::cmp::Reverse(size), label));
    let largest: Vec<String> = sizes
        .iter()
        .filter(|(size, _)| *size > 1)
        .take(5)
        .map(|(size, label)| format!("{size} neurons (label {label})"))
        .collect();
    lines.push(format!(
        "largest     {}",
        if largest.is_empty() { "every neuron is alone".into() } else { largest.join(", ") }
    ));
    lines.push(took(elapsed, &clusters.times, clusters.repaired, clusters.again));
    lines.join("\n") + "\n"
}

#[expect(clippy::cast_precision_loss, reason = "a percentage of three digits")]
fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
