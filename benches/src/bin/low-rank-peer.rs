//! The screen of many neurons of few directions in one process, for `cargo xtask compare low-rank`:
//! `low-rank-peer auto|never TOKENS NEURONS RANK THRESHOLD` makes the same activations each time and prints `TASK seconds …`,
//! how many directions were looked at, and a sum over the pairs that tells whether two runs found the same.
#![expect(clippy::cast_possible_truncation, reason = "made up activations, in single precision")]

use neurocorr::{Columns, LowRank, Screen, ScreenOptions, Sign};
use rayon::prelude::*;
use std::error::Error;
use std::time::Instant;

/// Neurons that share most of their factors.
const GROUP: usize = 10;

/// Factors that a group shares, and those of each neuron's own.
const SHARED: usize = 16;
const OWN: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, rest @ ..] = arguments.as_slice() else {
        return Err("TASK TOKENS NEURONS RANK THRESHOLD".into());
    };
    let [tokens, neurons, rank, threshold] = rest else { return Err("TOKENS NEURONS RANK THRESHOLD".into()) };
    let (tokens, neurons, rank) = (tokens.parse()?, neurons.parse()?, rank.parse()?);
    let when = match task.as_str() {
        "auto" => LowRank::Auto,
        "never" => LowRank::Never,
        _ => return Err(format!("there is no task {task}").into()),
    };
    let values = mixtures(tokens, neurons, rank);
    let columns = Columns::row_major(&values, tokens, neurons)?;
    let start = Instant::now();
    let screen = Screen::new(&columns, &ScreenOptions::new().low_rank(when))?;
    println!("low-rank-{task}-prepare seconds {}", start.elapsed().as_secs_f64());
    let pairs = screen.pairs_above(threshold.parse()?, Sign::Absolute)?.collect_pairs();
    println!("low-rank-{task} seconds {}", start.elapsed().as_secs_f64());
    let sum = pairs.iter().fold(0_u64, |sum, pair| {
        let own = (pair.first as u64) << 32 | pair.second as u64;
        sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ own ^ pair.correlation.to_bits()
    });
    eprintln!("{} directions, {} pairs, sum {sum:016x}", screen.directions(), pairs.len());
    Ok(())
}

/// Activations of `rank` factors: neurons in groups that share most of theirs, and a little noise.
fn mixtures(tokens: usize, neurons: usize, rank: usize) -> Vec<f32> {
    let mut rng = testkit::Rng::new(17);
    let mut weighted = |count: usize, size: f64| -> Vec<(usize, f32)> {
        (0..count).map(|_| (rng.below(rank), (size * rng.normal()) as f32)).collect()
    };
    let mut loadings: Vec<(usize, f32)> = Vec::with_capacity(neurons * (SHARED + OWN));
    let mut group = Vec::new();
    for neuron in 0..neurons {
        if neuron % GROUP == 0 {
            group = weighted(SHARED, 1.0);
        }
        loadings.extend(&group);
        loadings.extend(weighted(OWN, 0.8));
    }
    let mut values = vec![0.0; tokens * neurons];
    values.par_chunks_mut(neurons).enumerate().for_each(|(token, row)| {
        let mut rng = testkit::Rng::new(1_000 + token as u64);
        let factors: Vec<f32> = (0..rank).map(|_| rng.normal() as f32).collect();
        for (value, loadings) in row.iter_mut().zip(loadings.chunks(SHARED + OWN)) {
            let mixed: f32 = loadings.iter().map(|&(factor, weight)| weight * factors[factor]).sum();
            *value = mixed + (rng.uniform() as f32 - 0.5) * 3.0;
        }
    });
    values
}
