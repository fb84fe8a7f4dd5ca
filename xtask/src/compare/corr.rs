//! `cargo xtask compare corr`: the correlation alone, dense and screened, against NumPy.

use super::measure::{measure_tasks, warm_memory};
use super::table::{append, median};
use super::{large_files, python_command};
use crate::python::interpreter;
use crate::shell::{cargo, cores, cpu, output, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 3;
const THRESHOLD: &str = "0.5";

/// Ours, then NumPy's; each in its own process, once a round, in alternation.
const TASKS: [(&str, bool); 8] = [
    ("screen", false),
    ("corrcoef", true),
    ("screen-all", false),
    ("syrk", true),
    ("dense", false),
    ("dense-f32", false),
    ("dense-square", false),
    ("corrcoef-f32", true),
];

/// `--runs N` rounds, `--threshold R`.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (mut rounds, mut threshold) = (ROUNDS, THRESHOLD);
    for option in options.chunks(2) {
        match option {
            ["--runs", number] => rounds = number.parse::<usize>().context("--runs wants a number")?.max(1),
            ["--threshold", r] => threshold = r,
            other => bail!("compare corr has no option {}", other.join(" ")),
        }
    }
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let python = interpreter("peers")?;
    let peer = root().join("target/release/corr-peer");
    let mut lines = Vec::new();
    for file in large_files()? {
        // Into the page cache, for all alike.
        std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        lines.extend(one(&file, threshold, rounds, &peer, &python)?);
    }
    append(&lines)
}

fn one(file: &Path, threshold: &str, rounds: usize, peer: &Path, python: &Path) -> Result<Vec<String>> {
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut seconds: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut peaks: BTreeMap<&str, u64> = BTreeMap::new();
    let mut lines = Vec::new();
    for round in 1..=rounds {
        for (task, is_python) in TASKS {
            let mut command =
                if is_python { python_command(python, "corr_peers.py") } else { Command::new(peer) };
            command.arg(task).arg(file).arg(threshold);
            // Whoever comes finds pages that the machine has at hand.
            warm_memory(6 << 30);
            let (measured, times) = measure_tasks(&mut command).with_context(|| format!("{task} on {name}"))?;
            let peak = peaks.entry(task).or_default();
            *peak = measured.peak.max(*peak);
            for (part, time) in times {
                lines.push(format!(
                    "corr-{part}-{threshold},{name},{},{round},{time:.4},{},{}",
                    if is_python { "numpy" } else { "neurocorr" },
                    measured.peak,
                    measured.high_water
                ));
                seconds.entry(part).or_default().push(time);
            }
            eprintln!("{name} round {round}: {task} {:.1} s", measured.seconds);
        }
    }
    let answer = output(Command::new(peer).arg("check").arg(file).arg(threshold))?;
    println!(
        "\n{name}: threshold {threshold}; {rounds} alternated rounds, medians of seconds (least to most); {}, {} cores; {}",
        cpu(),
        cores(),
        today()?
    );
    println!("Held to the defined kernel and the dense matrix: {}.\n", answer.trim());
    println!("| task | seconds | np.corrcoef / task | peak MB |\n|---|---|---|---|");
    let of = |task: &str| median(seconds.get(task).cloned().unwrap_or_default());
    for (task, times) in &seconds {
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        let most = times.iter().copied().fold(0.0, f64::max);
        let peak = peaks.get(task.as_str()).map_or(String::new(), |peak| (peak / 1_000_000).to_string());
        println!(
            "| {task} | {:.3} ({least:.3} to {most:.3}) | {:.2} | {peak} |",
            of(task),
            of("corrcoef") / of(task)
        );
    }
    // Products of the triangle are the same in both, so the ratio of times is that of rates.
    println!(
        "\nAll products in bytes against OpenBLAS's f64: {:.1} times as fast.",
        of("syrk") / of("screen-all")
    );
    Ok(lines)
}
