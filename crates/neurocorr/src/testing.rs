//! Strategies and the naive twin, for property tests of this crate and of yours (feature `proptest`).

use crate::Measure;
use proptest::prelude::*;

/// From now on, in this whole process, [`Level::detect`](crate::Level::detect) chooses from the first `to` levels only: to test
/// what calls this crate at every level.
pub fn limit_levels(to: usize) {
    crate::level::LIMIT.store(to, std::sync::atomic::Ordering::Relaxed);
}

/// A matrix made by [`matrices`]: `values[token * neurons + neuron]`.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Row-major values.
    pub values: Vec<f64>,
    /// Rows.
    pub tokens: usize,
    /// Columns.
    pub neurons: usize,
}

impl Matrix {
    /// One column.
    #[must_use]
    pub fn column(&self, neuron: usize) -> Vec<f64> {
        self.values.iter().skip(neuron).step_by(self.neurons.max(1)).copied().collect()
    }
}

/// How one column is made from the random ones.
#[derive(Debug, Clone, Copy)]
enum Column {
    Fresh,
    Constant,
    CopyOf(usize, f64),
    Integers,
    Scaled(i32),
    FarFromZero,
}

/// Matrices with what breaks correlations: constants, duplicates, sign-flipped and scaled copies, small integers
/// (ties), huge and denormal magnitudes, means far from zero; 2 to `max_tokens` tokens, 1 to `max_neurons` neurons.
pub fn matrices(max_tokens: usize, max_neurons: usize) -> impl Strategy<Value = Matrix> {
    let column = prop_oneof![
        4 => Just(Column::Fresh),
        1 => Just(Column::Constant),
        2 => (any::<usize>(), prop_oneof![Just(1.0), Just(-1.0), Just(-3.0), Just(0.1)])
            .prop_map(|(of, by)| Column::CopyOf(of, by)),
        2 => Just(Column::Integers),
        1 => (-1060..1000).prop_map(Column::Scaled),
        1 => Just(Column::FarFromZero),
    ];
    let shape = (2..=max_tokens.max(2), proptest::collection::vec(column, 1..=max_neurons.max(1)));
    shape.prop_flat_map(|(tokens, columns)| {
        let noise = proptest::collection::vec(-1.0..1.0_f64, tokens * columns.len());
        noise.prop_map(move |noise| build(tokens, &columns, &noise))
    })
}

fn build(tokens: usize, columns: &[Column], noise: &[f64]) -> Matrix {
    let neurons = columns.len();
    let mut made: Vec<Vec<f64>> = Vec::with_capacity(neurons);
    for (neuron, column) in columns.iter().enumerate() {
        let fresh = noise.iter().skip(neuron * tokens).take(tokens).copied();
        made.push(match *column {
            Column::Fresh => fresh.collect(),
            Column::Constant => fresh.take(1).cycle().take(tokens).collect(),
            Column::CopyOf(of, by) => match made.get(of.checked_rem(neuron).unwrap_or(0)) {
                Some(other) => other.iter().map(|v| v * by).collect(),
                None => fresh.collect(),
            },
            Column::Integers => fresh.map(|v| (v * 3.0).round()).collect(),
            Column::Scaled(exponent) => fresh.map(|v| v * 2f64.powi(exponent)).collect(),
            Column::FarFromZero => fresh.map(|v| v + 1e9).collect(),
        });
    }
    let values = (0..tokens).flat_map(|token| made.iter().filter_map(move |c| c.get(token).copied())).collect();
    Matrix { values, tokens, neurons }
}

/// A sum that carries its rounding errors along (Knuth's two-sum, twice the working precision).
#[derive(Default, Clone, Copy)]
struct Exact {
    high: f64,
    low: f64,
}

impl Exact {
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (value - part);
        self.high = sum;
    }

    fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        self.low += a.mul_add(b, -product);
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

/// The naive twin: the correlation of two columns in about twice the working precision, one pair at a time.
#[must_use]
pub fn naive_correlation(x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (centred(x), centred(y));
    let product = |a: &[(f64, f64)], b: &[(f64, f64)]| {
        let mut sum = Exact::default();
        for (&(a, a_low), &(b, b_low)) in a.iter().zip(b) {
            sum.add_product(a, b);
            sum.add(a * b_low);
            sum.add(a_low * b);
        }
        sum.value()
    };
    let norms = product(&x, &x).sqrt() * product(&y, &y).sqrt();
    if norms > 0.0 { (product(&x, &y) / norms).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Deviations from the mean, as high and low parts, brought near one by a power of two.
fn centred(column: &[f64]) -> Vec<(f64, f64)> {
    let (low, high) = column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    if !matches!(low.partial_cmp(&high), Some(std::cmp::Ordering::Less)) {
        return vec![(0.0, 0.0); column.len()];
    }
    let scale = crate::moments::power_of_two_over(high - low);
    let shift = column.first().copied().unwrap_or(0.0);
    let differences = column.iter().map(|&value| {
        let difference = value - shift;
        let part = difference - value;
        (difference * scale, ((value - (difference - part)) + (-shift - part)) * scale)
    });
    let differences: Vec<(f64, f64)> = differences.collect();
    let mut mean = Exact::default();
    for &(high, low) in &differences {
        mean.add(high);
        mean.add(low);
    }
    #[expect(clippy::cast_precision_loss, reason = "test data")]
    let mean = mean.value() / column.len() as f64;
    let deviation = |(high, low): (f64, f64)| {
        let d = high - mean;
        let part = d - high;
        (d, (high - (d - part)) + (-mean - part) + low)
    };
    differences.into_iter().map(deviation).collect()
}

/// The naive twin of the dense product: every pair by [`naive_correlation`], as an exactly symmetric square.
#[must_use]
pub fn naive_square(matrix: &Matrix, measure: Measure) -> Vec<f64> {
    let columns: Vec<Vec<f64>> = (0..matrix.neurons).map(|neuron| matrix.column(neuron)).collect();
    let pair = |(a, b): (usize, usize)| if a == b { 1.0 } else { naive_correlation(&columns[a], &columns[b]) };
    let pairs = (0..matrix.neurons).flat_map(|a| (0..matrix.neurons).map(move |b| (a.min(b), a.max(b))));
    pairs.map(pair).map(|r| measure.of(r)).collect()
}
