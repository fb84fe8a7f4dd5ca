//! Data that tests and benchmarks are run on: the same on every machine for the same seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

/// Uniform and normal numbers from ChaCha8.
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// A generator for `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in [0, 1), 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Uniform below `end`.
    #[expect(clippy::cast_possible_truncation, reason = "test data")]
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.0.next_u64()) * end as u128) >> 64) as usize
    }

    /// Standard normal (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// Uniform values for all pairs of `n` observations.
#[must_use]
pub fn random_condensed(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..n * n.saturating_sub(1) / 2).map(|_| rng.uniform()).collect()
}

/// Row-major activations in groups of about `group` neurons that follow a common signal (some with the sign turned),
/// each with noise of its own: block-structured, as real layers are.
#[must_use]
pub fn activations(tokens: usize, neurons: usize, group: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    let groups = neurons.div_ceil(group.max(1));
    let members: Vec<(usize, f64, f64)> = (0..neurons)
        .map(|_| {
            let sign = if rng.uniform() < 0.3 { -1.0 } else { 1.0 };
            (rng.below(groups), sign, 0.2 + 1.5 * rng.uniform())
        })
        .collect();
    let mut values = Vec::with_capacity(tokens * neurons);
    for _ in 0..tokens {
        let signals: Vec<f64> = (0..groups).map(|_| rng.normal()).collect();
        values.extend(members.iter().map(|&(of, sign, noise)| sign * signals[of] + noise * rng.normal()));
    }
    values
}
