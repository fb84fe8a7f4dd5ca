//! `cargo xtask compare growth`: the linkage alone as n grows, and how soon a cancelled run returns.

use super::linkage::{Options, parse};
use super::measure::measure_warm;
use super::table::{append, median};
use crate::shell::{cargo, cores, cpu, output, root, run as run_command, today};
use anyhow::{Context, Result};
use std::process::Command;

const SIZES: [usize; 9] = [1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 20_000, 30_000];

/// Where the latency of cancelling is measured.
const CANCEL_AT: usize = 20_000;

/// Random input, `f64`; `--n N` leaves out larger sizes, `--methods A,B` chooses, `--runs N` rounds.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let given = |name: &str| options.contains(&name);
    let Options { rounds, n: most, methods } = parse(options)?;
    let most = if given("--n") { most } else { usize::MAX };
    let methods = if given("--methods") { methods } else { vec!["average".to_owned()] };
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let peer = root().join("target/release/linkage-peer");
    println!("\nGrowth, random f64, {rounds} rounds, medians; {}, {} cores; {}\n", cpu(), cores(), today()?);
    println!(
        "| method | n | seconds | ns per n² | peak MB | peak / (4 n² + 8 n² x 1.35) |\n|---|---|---|---|---|---|"
    );
    let mut lines = Vec::new();
    for method in &methods {
        for n in SIZES.into_iter().filter(|n| *n <= most) {
            let (mut seconds, mut peak) = (Vec::new(), 0);
            for round in 1..=rounds {
                let mut command = Command::new(&peer);
                command.args(["growth", method, &n.to_string(), "square"]);
                let measured = measure_warm(&mut command, n).with_context(|| format!("{method}, {n}"))?;
                seconds.push(measured.seconds);
                peak = peak.max(measured.peak);
                lines.push(format!(
                    "growth-{method},random-{n},hclust,{round},{:.5},{},{}",
                    measured.seconds, measured.peak, measured.high_water
                ));
            }
            let (seconds, square) = (median(seconds), (n as f64).powi(2));
            println!(
                "| {method} | {n} | {seconds:.4} | {:.2} | {:.0} | {:.2} |",
                seconds * 1e9 / square,
                peak as f64 / 1e6,
                peak as f64 / (square * (4.0 + 8.0 * 1.35))
            );
        }
    }
    append(&lines)?;
    println!(
        "\nMilliseconds from the request to cancel until the run has returned, n = {CANCEL_AT}, at ten places:\n"
    );
    println!("| method | storage | milliseconds |\n|---|---|---|");
    for (method, storage) in [
        ("average", "square"),
        ("ward", "tight"),
        ("single", "square"),
        ("centroid", "square"),
        ("average", "in-place"),
    ] {
        let mut command = Command::new(&peer);
        command.args(["cancel", method, &CANCEL_AT.to_string(), storage]);
        let text = output(&mut command)?;
        println!("| {method} | {storage} | {} |", text.trim().trim_start_matches("milliseconds "));
    }
    Ok(())
}
