//! `cargo xtask compare low-rank`: the screen of many neurons of few directions, with directions before the tokens and without.

use super::measure::{measure_tasks, warm_memory};
use super::table::{append, median};
use crate::shell::{cargo, cores, cpu, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::process::Command;

const ROUNDS: usize = 3;

/// Tokens, neurons, factors, threshold.
const SHAPE: [&str; 4] = ["20000", "50000", "1000", "0.5"];

/// `--runs N` rounds.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let rounds = match options {
        [] => ROUNDS,
        ["--runs", number] => number.parse::<usize>().context("--runs wants a number")?.max(1),
        other => bail!("compare low-rank has no option {}", other.join(" ")),
    };
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let peer = root().join("target/release/low-rank-peer");
    let mut seconds: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut lines = Vec::new();
    for round in 1..=rounds {
        for task in ["auto", "never"] {
            // The activations and the copy of them find pages that the machine has at hand.
            warm_memory(10 << 30);
            let (measured, times) =
                measure_tasks(Command::new(&peer).arg(task).args(SHAPE)).with_context(|| task.to_owned())?;
            for (part, time) in times {
                lines.push(format!(
                    "{part}-{},{} x {} of {},neurocorr,{round},{time:.4},{},{}",
                    SHAPE[3], SHAPE[0], SHAPE[1], SHAPE[2], measured.peak, measured.high_water
                ));
                seconds.entry(part).or_default().push(time);
            }
        }
    }
    let [tokens, neurons, rank, threshold] = SHAPE;
    println!(
        "\n{tokens} tokens x {neurons} neurons of {rank} factors, threshold {threshold}; {rounds} alternated rounds, medians of seconds; {}, {} cores; {}\n",
        cpu(),
        cores(),
        today()?
    );
    println!("| task | seconds |\n|---|---|");
    for (task, times) in &seconds {
        println!("| {task} | {:.2} |", median(times.clone()));
    }
    let of = |task: &str| median(seconds.get(task).cloned().unwrap_or_default());
    println!("\nDirections first: {:.2} times as fast.", of("low-rank-never") / of("low-rank-auto"));
    append(&lines)
}
