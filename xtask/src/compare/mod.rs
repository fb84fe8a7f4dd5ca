//! `cargo xtask compare`: us and every peer on the same files, in one run, each in its own process.

mod corr;
mod cut;
mod growth;
mod linkage;
mod low_rank;
mod measure;
mod scale;
mod table;

use crate::python::{interpreter, script};
use crate::shell::{cargo, root, run as run_command};
use anyhow::{Context, Result, bail};
use measure::{Measured, measure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rounds by default: each contender once a round, in alternation.
const ROUNDS: usize = 5;

/// NeuroX's defaults, which is what all contenders compute.
const CUTOFF: &str = "0.5";

/// One way to the answer.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    python: bool,
}

/// The first is what the others are compared with, the second whose partition is the right one.
pub(crate) const CONTENDERS: [Contender; 7] = [
    Contender { name: "neuron-redundancy", what: "the command as it is", python: false },
    Contender { name: "neurox", what: "NumPy + SciPy: NeuroX's path", python: true },
    Contender {
        name: "scipy-numbering",
        what: "the command with SciPy's numbers: certified dense plan",
        python: false,
    },
    Contender { name: "sweep", what: "the command at cutoffs 0.1, 0.2 … up to this one", python: false },
    Contender { name: "fastcluster", what: "NumPy + fastcluster + SciPy's cut", python: true },
    Contender { name: "scikit-learn", what: "NumPy + AgglomerativeClustering", python: true },
    Contender { name: "kodama", what: "our correlation and cut, kodama's linkage", python: false },
];

/// What one contender did in one round.
pub(crate) struct Outcome {
    pub(crate) contender: usize,
    pub(crate) round: usize,
    pub(crate) measured: Measured,
    pub(crate) labels: Vec<u32>,
}

pub(crate) fn run(options: &[&str]) -> Result<()> {
    if let ["linkage", options @ ..] = options {
        return linkage::run(options);
    }
    if let ["partitions", options @ ..] = options {
        return partitions(options);
    }
    if let ["python"] = options {
        large_files()?;
        let (python, _) = crate::python::package("peers", "release")?;
        return run_command(python_command(&python, "package_bench.py").arg("3"));
    }
    if let ["cut", options @ ..] = options {
        return cut::run(options);
    }
    if let ["corr", options @ ..] = options {
        return corr::run(options);
    }
    if let ["low-rank", options @ ..] = options {
        return low_rank::run(options);
    }
    if let ["scale", options @ ..] = options {
        return scale::run(options);
    }
    if let ["growth", options @ ..] = options {
        return growth::run(options);
    }
    let Options { rounds, cutoff, only, files } = parse(options)?;
    run_command(&mut cargo(&["build", "--release", "-p", "neuron-redundancy-cli", "-p", "benches", "--bins"]))?;
    let python = interpreter("peers")?;
    let folder = root().join("target/compare");
    std::fs::create_dir_all(&folder)?;
    measure::warm_memory(8 << 30);
    for file in &files {
        // Into the page cache, for all alike.
        std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut outcomes = Vec::new();
        for round in 0..rounds {
            for (index, contender) in CONTENDERS.iter().enumerate() {
                if index > 1
                    && only.as_ref().is_some_and(|only| !only.iter().any(|name| name == contender.name))
                {
                    continue;
                }
                let output = folder.join(format!("{}.json", contender.name));
                let mut command = command(contender, &python, file, &cutoff, &output);
                let measured = measure(&mut command, contender.python)
                    .with_context(|| format!("{} on {}", contender.name, file.display()))?;
                eprintln!(
                    "{} round {}: {} {:.2} s",
                    file.display(),
                    round + 1,
                    contender.name,
                    measured.seconds
                );
                let labels = labels(&output)?;
                outcomes.push(Outcome { contender: index, round, measured, labels });
            }
        }
        println!("{}", table::markdown(file, &cutoff, &outcomes)?);
        table::record(file, &cutoff, &outcomes)?;
    }
    Ok(())
}

/// What a comparison is of.
struct Options {
    rounds: usize,
    cutoff: String,
    /// Contenders beside the first two; all if none is named.
    only: Option<Vec<String>>,
    files: Vec<PathBuf>,
}

/// From the command line; without files the two large ones, made if they are not there.
fn parse(options: &[&str]) -> Result<Options> {
    let mut parsed = Options { rounds: ROUNDS, cutoff: CUTOFF.to_owned(), only: None, files: Vec::new() };
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        match option {
            "--runs" => {
                let number = options.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                parsed.rounds = number.context("--runs wants a number of at least 1")?;
            }
            "--cutoff" => {
                let cutoff = options.next().filter(|cutoff| cutoff.parse::<f64>().is_ok());
                parsed.cutoff = (*cutoff.context("--cutoff wants a number")?).to_owned();
            }
            "--only" => {
                let names = options.next().context("--only wants names of contenders")?;
                parsed.only = Some(names.split(',').map(str::to_owned).collect());
            }
            option if option.starts_with('-') => bail!("compare has no option {option}"),
            file => parsed.files.push(std::path::absolute(file)?),
        }
    }
    if parsed.files.is_empty() {
        parsed.files = large_files()?;
    }
    Ok(parsed)
}

/// `compare partitions [FILE [METHODS]]`: the sweep's partitions against SciPy's.
fn partitions(options: &[&str]) -> Result<()> {
    run_command(&mut cargo(&["build", "--release", "-p", "neuron-redundancy-cli"]))?;
    let python = interpreter("peers")?;
    let (files, methods) = match options {
        [] => (large_files()?, None),
        [file] => (vec![std::path::absolute(file)?], None),
        [file, methods] => (vec![std::path::absolute(file)?], Some(*methods)),
        _ => bail!("compare partitions takes a file and methods"),
    };
    for file in files {
        let mut command = python_command(&python, "partitions.py");
        command.arg(root().join("target/release/neuron-redundancy")).arg(file).args(methods);
        run_command(&mut command)?;
    }
    Ok(())
}

/// The two large files, made if they are not there.
fn large_files() -> Result<Vec<PathBuf>> {
    let files = ["hidden", "mlp"].map(|name| root().join(format!("data/generated/{name}-30000.npy")));
    if !files.iter().all(|file| file.is_file()) {
        script("sample", "sample.py", &["large"])?;
    }
    Ok(files.to_vec())
}

/// One of our scripts that runs a peer.
fn python_command(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(root().join("xtask/python").join(script));
    // Some machines set these for older OpenBLAS builds; they slow a current NumPy down.
    command.env_remove("OPENBLAS_CORETYPE").env_remove("OPENBLAS_L2_SIZE");
    command
}

/// By name.
fn contender(name: &str) -> Result<&'static Contender> {
    CONTENDERS.iter().find(|contender| contender.name == name).with_context(|| format!("no contender {name}"))
}

fn command(contender: &Contender, python: &Path, file: &Path, cutoff: &str, output: &Path) -> Command {
    let release = root().join("target/release");
    let mut command = match contender.name {
        name @ ("neuron-redundancy" | "scipy-numbering") => {
            let mut command = Command::new(release.join("neuron-redundancy"));
            let numbering = if name == "scipy-numbering" { "scipy" } else { "lowest" };
            command.args(["extract", "--numbering", numbering, "--cutoff", cutoff]);
            command.arg(file).arg("--output").arg(output);
            return command;
        }
        "sweep" => {
            let mut command = Command::new(release.join("neuron-redundancy"));
            command.args(["sweep", "--cutoffs", &up_to(cutoff)]).arg(file).arg("--output").arg(output);
            return command;
        }
        "kodama" => Command::new(release.join("kodama-peer")),
        name => {
            let mut command = python_command(python, "peers.py");
            command.arg(name);
            command
        }
    };
    command.arg(file).arg(cutoff).arg(output);
    command
}

/// The tenths below a cutoff, and it.
fn up_to(cutoff: &str) -> String {
    let below = |tenth: &u32| cutoff.parse().is_ok_and(|cutoff: f64| f64::from(*tenth) / 10.0 < cutoff - 1e-9);
    let tenths = (1..10_u32).filter(below).map(|tenth| format!("0.{tenth}"));
    tenths.chain([cutoff.to_owned()]).collect::<Vec<_>>().join(",")
}

/// The labels of an output file: JSON with the key `labels`, of a sweep in the last of its steps.
fn labels(output: &Path) -> Result<Vec<u32>> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(output)?)?;
    let last = json["steps"].as_array().and_then(|steps| steps.last());
    let labels = last.unwrap_or(&json)["labels"].as_array().context("no labels")?;
    labels.iter().map(|label| u32::try_from(label.as_u64().context("a label")?).map_err(Into::into)).collect()
}
