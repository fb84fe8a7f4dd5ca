//! `cargo xtask compare linkage`: the linkage alone, by method and input, against SciPy, fastcluster and kodama.

use super::measure::measure_warm;
use super::python_command;
use super::table::{append, median};
use crate::python::{interpreter, script};
use crate::shell::{cargo, cores, cpu, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const CONTENDERS: [&str; 8] = [
    "hclust",
    "scipy",
    "fastcluster",
    "kodama",
    "hclust-f32",
    "hclust-tight",
    "hclust-in-place",
    "hclust-ties",
];
/// Ours in f64: their Z must be SciPy's. (`hclust-ties` looks at every merge for ties, as `linkage_below` does.)
const OURS: [&str; 4] = ["hclust", "hclust-tight", "hclust-in-place", "hclust-ties"];
/// Of which the peak memory is shown.
const PEAKS: [&str; 4] = ["hclust", "hclust-tight", "hclust-in-place", "hclust-f32"];
const METHODS: [&str; 7] = ["complete", "average", "weighted", "ward", "single", "centroid", "median"];
const INPUTS: [&str; 4] = ["random", "tied", "block", "real"];

pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) n: usize,
    pub(crate) methods: Vec<String>,
}

/// Each contender once a round, in alternation, each in its own process.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let options = parse(options)?;
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let python = interpreter("peers")?;
    let folder = root().join("target/compare");
    std::fs::create_dir_all(&folder)?;
    let peer = root().join("target/release/linkage-peer");
    let real = root().join("data/generated/mlp-2000.npy");
    if !real.is_file() {
        script("sample", "sample.py", &["small"])?;
    }
    for input in INPUTS {
        let kind = if input == "real" { real.as_os_str() } else { input.as_ref() };
        let mut make = Command::new(&peer);
        make.arg("input").arg(kind).arg(options.n.to_string()).arg(folder.join(input));
        run_command(&mut make)?;
    }
    println!(
        "\nLinkage of n = {} (real: at most 9,216), f64 unless f32 is said; {} alternated rounds, medians of seconds; {}, {} cores; {}\n",
        options.n,
        options.rounds,
        cpu(),
        cores(),
        today()?
    );
    println!(
        "| method | input | {} | bits of SciPy | peak MB of hclust, tight, in place, f32 |",
        CONTENDERS.join(" | ")
    );
    println!("|{}", "---|".repeat(CONTENDERS.len() + 4));
    let mut ratios = vec![Vec::new(); CONTENDERS.len()];
    let mut lines = Vec::new();
    for method in &options.methods {
        for input in INPUTS {
            let cell = one(method, input, &options, &folder, &peer, &python)?;
            lines.extend(cell.lines);
            let ours = cell.seconds.first().copied().unwrap_or(f64::NAN);
            let times: Vec<String> = cell.seconds.iter().map(|s| format!("{s:.3}")).collect();
            println!("| {method} | {input} | {} | {} | {} |", times.join(" | "), cell.answer, cell.peaks);
            for (ratios, seconds) in ratios.iter_mut().zip(&cell.seconds) {
                ratios.push((method.clone(), seconds / ours));
            }
        }
    }
    // Once, at the end: the record itself would make the tree differ from the commit.
    append(&lines)?;
    println!("\nGeometric means of (contender / hclust) over the inputs:\n");
    let reducible = ["complete", "average", "weighted", "ward"];
    for (contender, ratios) in CONTENDERS.iter().zip(&ratios).skip(1) {
        let mean = |wanted: &dyn Fn(&str) -> bool| {
            let logs: Vec<f64> = ratios.iter().filter(|(m, _)| wanted(m)).map(|(_, r)| r.ln()).collect();
            (logs.iter().sum::<f64>() / count(logs.len())).exp()
        };
        let least = ratios.iter().map(|(_, ratio)| *ratio).fold(f64::INFINITY, f64::min);
        let by: Vec<String> =
            options.methods.iter().map(|m| format!("{m} {:.2}", mean(&|name| name == m))).collect();
        let four = mean(&|name| reducible.contains(&name));
        println!("- {contender}: the four of the chain {four:.2}; {}; least {least:.2}", by.join(", "));
    }
    Ok(())
}

struct Cell {
    seconds: Vec<f64>,
    answer: &'static str,
    peaks: String,
    /// To be recorded.
    lines: Vec<String>,
}

fn one(
    method: &str,
    input: &str,
    options: &Options,
    folder: &Path,
    peer: &Path,
    python: &Path,
) -> Result<Cell> {
    let file = folder.join(input);
    let mut seconds = vec![Vec::new(); CONTENDERS.len()];
    let mut peaks = vec![0; CONTENDERS.len()];
    let mut lines = Vec::new();
    let output = |contender: &str| folder.join(format!("{contender}.z"));
    for round in 1..=options.rounds {
        // Each round begins with another: whoever is first finds another machine than the others.
        for at in (0..CONTENDERS.len()).map(|place| (place + round - 1) % CONTENDERS.len()) {
            let contender = &CONTENDERS[at];
            let mut command = if matches!(*contender, "scipy" | "fastcluster") {
                python_command(python, "linkage_peers.py")
            } else {
                Command::new(peer)
            };
            command.arg(contender).arg(method).arg(&file).arg(output(contender));
            let measured = measure_warm(&mut command, options.n)
                .with_context(|| format!("{contender}, {method}, {input}"))?;
            seconds[at].push(measured.seconds);
            peaks[at] = peaks[at].max(measured.peak);
            lines.push(format!(
                "linkage-{method},{input}-{},{contender},{round},{:.4},{},{}",
                options.n, measured.seconds, measured.peak, measured.high_water
            ));
        }
    }
    let read = |contender: &str| std::fs::read(output(contender));
    let reference = read("scipy")?;
    let mut same = true;
    for ours in OURS {
        same &= read(ours)? == reference;
    }
    let megabytes = |name: &str| {
        let peak = CONTENDERS.iter().position(|contender| *contender == name).map_or(0, |at| peaks[at]);
        format!("{:.0}", count(usize::try_from(peak).unwrap_or(0)) / 1e6)
    };
    Ok(Cell {
        seconds: seconds.into_iter().map(median).collect(),
        answer: if same { "yes" } else { "NO" },
        peaks: PEAKS.map(megabytes).join(", "),
        lines,
    })
}

pub(crate) fn parse(options: &[&str]) -> Result<Options> {
    let mut parsed = Options { rounds: 3, n: 9_984, methods: METHODS.map(str::to_owned).to_vec() };
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        let value = options.next().with_context(|| format!("{option} wants a value"))?;
        match option {
            "--runs" => parsed.rounds = value.parse::<usize>()?.max(1),
            "--n" => parsed.n = value.parse::<usize>()?.max(100),
            "--methods" => parsed.methods = value.split(',').map(str::to_owned).collect(),
            _ => bail!("compare linkage has no option {option}"),
        }
    }
    Ok(parsed)
}

#[expect(clippy::cast_precision_loss, reason = "shown")]
fn count(value: usize) -> f64 {
    value as f64
}
