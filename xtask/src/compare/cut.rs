//! `cargo xtask compare cut`: every criterion and statistic of a large random tree, against SciPy.

use super::measure::measure_tasks;
use super::python_command;
use super::table::{append, median};
use crate::python::interpreter;
use crate::shell::{cargo, cores, cpu, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::process::Command;

const OBSERVATIONS: usize = 1_000_000;
const ROUNDS: usize = 5;

/// `--n N` observations, `--runs N` rounds; each contender once a round, in its own process.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (mut n, mut rounds) = (OBSERVATIONS, ROUNDS);
    for option in options.chunks(2) {
        match option {
            ["--n", number] => n = number.parse().context("--n wants a number")?,
            ["--runs", number] => rounds = number.parse().context("--runs wants a number")?,
            other => bail!("compare cut has no option {}", other.join(" ")),
        }
    }
    if n < 1000 || rounds == 0 {
        bail!("at least 1,000 observations and one round");
    }
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let python = interpreter("peers")?;
    let folder = root().join("target/compare");
    std::fs::create_dir_all(&folder)?;
    let (peer, file) = (root().join("target/release/cut-peer"), folder.join("tree"));
    run_command(Command::new(&peer).arg("tree").arg(n.to_string()).arg(&file))?;
    let mut seconds: [BTreeMap<String, Vec<f64>>; 2] = Default::default();
    let (mut tasks, mut peaks, mut lines) = (Vec::new(), [0; 2], Vec::new());
    for round in 1..=rounds {
        for (at, name) in ["fcluster", "scipy"].into_iter().enumerate() {
            let mut command =
                if at == 0 { Command::new(&peer) } else { python_command(&python, "cut_peers.py") };
            command.arg("cut").arg(&file).arg(folder.join(name));
            let (measured, times) = measure_tasks(&mut command).context(name)?;
            peaks[at] = peaks[at].max(measured.peak);
            for (task, time) in times {
                lines.push(format!(
                    "cut-{task},random-{n},{name},{round},{time:.6},{},{}",
                    measured.peak, measured.high_water
                ));
                if !tasks.contains(&task) {
                    tasks.push(task.clone());
                }
                seconds[at].entry(task).or_default().push(time);
            }
            eprintln!("round {round}: {name} {:.1} s", measured.seconds);
        }
        let [ours, theirs] = ["fcluster", "scipy"].map(|name| std::fs::read(folder.join(name)));
        if ours? != theirs? {
            bail!("labels differ from SciPy's in round {round}");
        }
    }
    println!(
        "\nCuts of a random tree of {n} observations, with the check of Z; {rounds} alternated rounds, medians of seconds; {}, {} cores; {}",
        cpu(),
        cores(),
        today()?
    );
    println!("Labels are SciPy's, number for number, by every criterion and at all 100 cutoffs.\n");
    println!("| task | fcluster | SciPy | SciPy / fcluster |\n|---|---|---|---|");
    for task in &tasks {
        let [ours, theirs] = [0, 1].map(|at| median(seconds[at].get(task).cloned().unwrap_or_default()));
        println!("| {task} | {ours:.4} | {theirs:.4} | {:.1} |", theirs / ours);
    }
    println!("\nPeak memory of all tasks: {} MB, SciPy {} MB", peaks[0] / 1_000_000, peaks[1] / 1_000_000);
    append(&lines)
}
