//! `cargo xtask compare scale`: from a file to labels as neurons and tokens grow, on synthetic activations.

use super::measure::{measure, warm_memory};
use super::table::{append, median};
use super::{CUTOFF, command, contender};
use crate::python::interpreter;
use crate::sample::synthetic;
use crate::shell::{cargo, cores, cpu, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Neurons, at the tokens of the first of the others; and tokens, at so many neurons.
const NEURONS: [usize; 6] = [4_096, 8_192, 16_384, 32_768, 65_536, 131_072];
const TOKENS: [usize; 5] = [10_000, 5_000, 20_000, 40_000, 80_000];
const AT_NEURONS: usize = 16_384;

/// NeuroX's path is measured up to here, and extrapolated from there. (At 16,384 NumPy 2.4 ended by a signal here.)
const NEUROX: usize = 8_192;

/// `--runs N` rounds, `--n N` leaves out more neurons.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (mut rounds, mut most) = (1, usize::MAX);
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        let place = match option {
            "--runs" => &mut rounds,
            "--n" => &mut most,
            other => bail!("compare scale has no option {other}"),
        };
        let word = options.next().with_context(|| format!("{option} wants a number"))?;
        *place = word.parse().with_context(|| format!("{option} wants a number"))?;
    }
    run_command(&mut cargo(&["build", "--release", "-p", "neuron-redundancy-cli"]))?;
    let python = interpreter("peers")?;
    println!(
        "\nGrowth from file to labels, synthetic f16, cutoff {CUTOFF}, {rounds} round(s), medians; {}, {} cores; {}\n",
        cpu(),
        cores(),
        today()?
    );
    println!(
        "| contender | neurons | tokens | seconds | ps per n² tokens | peak MB | bytes per value |\n|---|---|---|---|---|---|---|"
    );
    let mut lines = Vec::new();
    let mut last = None;
    let shapes = NEURONS.iter().map(|&neurons| (neurons, TOKENS[0]));
    let shapes = shapes.chain(TOKENS.iter().skip(1).map(|&tokens| (AT_NEURONS, tokens)));
    for (neurons, tokens) in shapes.filter(|(neurons, _)| *neurons <= most) {
        let file = made(neurons, tokens)?;
        for name in ["neuron-redundancy", "neurox"] {
            let peer = name == "neurox";
            if peer && (neurons > NEUROX || tokens != TOKENS[0]) {
                continue;
            }
            let (mut seconds, mut peak) = (Vec::new(), 0);
            for round in 1..=rounds {
                // Into the page cache.
                std::fs::copy(&file, "/dev/null")?;
                warm_memory(4 << 30);
                let output = root().join(format!("target/compare-{name}.json"));
                let mut command = command(contender(name)?, &python, &file, CUTOFF, &output);
                let measured = measure(&mut command, peer)?;
                seconds.push(measured.seconds);
                peak = peak.max(measured.peak);
                lines.push(format!(
                    "scale-{CUTOFF},synthetic-{neurons}x{tokens},{name},{round},{:.4},{},{}",
                    measured.seconds, measured.peak, measured.high_water
                ));
            }
            let seconds = median(seconds);
            let work = (neurons as f64).powi(2) * tokens as f64;
            println!(
                "| {name} | {neurons} | {tokens} | {seconds:.2} | {:.2} | {:.0} | {:.2} |",
                seconds * 1e12 / work,
                peak as f64 / 1e6,
                peak as f64 / (neurons * tokens) as f64
            );
            if peer {
                last = Some((neurons, seconds, peak));
            }
        }
    }
    append(&lines)?;
    if let Some((neurons, seconds, peak)) = last {
        let times = (NEURONS[NEURONS.len() - 1] as f64 / neurons as f64).powi(2);
        println!(
            "\nNeuroX's path at {} neurons and {} tokens, by n² from {neurons}: {:.0} minutes and {:.0} GB.",
            NEURONS[NEURONS.len() - 1],
            TOKENS[0],
            seconds * times / 60.0,
            peak as f64 * times / 1e9
        );
    }
    Ok(())
}

/// The file of a shape, made if it is not there.
fn made(neurons: usize, tokens: usize) -> Result<PathBuf> {
    let file = root().join(format!("data/generated/synthetic-{neurons}x{tokens}.npy"));
    if !Path::is_file(&file) {
        synthetic(&["--neurons", &neurons.to_string(), "--tokens", &tokens.to_string()])?;
    }
    Ok(file)
}
