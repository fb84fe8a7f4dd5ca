//! Inputs that the benchmarks share: random, tied, block-structured and real.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a benchmark on a broken input is of no use"
)]
#![allow(clippy::missing_panics_doc, reason = "see above")]

pub mod peak;

use activations::Scratch;
use neurocorr::{Columns, Measure, NonFinite, Order};

/// `docs/migrating.md`: the Rust in it runs here, where kodama is.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
pub struct Migrating;

/// The real sample as a row-major matrix: values, tokens, neurons.
#[must_use]
pub fn sample() -> (Vec<f32>, usize, usize) {
    let source = activations::open(testkit::sample()).unwrap();
    let (tokens, neurons) = (source.tokens(), source.neurons());
    let mut scratch = Scratch::default();
    let block = source.block(0..tokens, &mut scratch).unwrap();
    let activations::Values::F32(values) = block.values else { return (Vec::new(), 0, 0) };
    (values.to_vec(), tokens, neurons)
}

/// 1 − |r| of a row-major matrix, condensed.
#[must_use]
pub fn dissimilarities(values: &[f32], tokens: usize, neurons: usize) -> Vec<f64> {
    let columns = Columns::with_stride(values, tokens, neurons, Order::RowMajor, neurons).unwrap();
    neurocorr::correlations(&columns, NonFinite::Error).unwrap().into_condensed(Measure::AbsoluteDissimilarity)
}

/// Condensed matrices by name: random values, whole numbers with many ties, correlated groups, the real sample.
#[must_use]
pub fn condensed_inputs(n: usize) -> Vec<(&'static str, Vec<f64>)> {
    let random = testkit::random_condensed(n, 1);
    let tied = random.iter().map(|v| (v * 16.0).ceil()).collect();
    let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect::<Vec<f32>>();
    let block = dissimilarities(&narrow(testkit::activations(200, n, 12, 2)), 200, n);
    let (values, tokens, neurons) = sample();
    let first: Vec<f32> = values.chunks(neurons).flat_map(|row| row.iter().take(n)).copied().collect();
    vec![
        ("random", random),
        ("tied", tied),
        ("block", block),
        ("real", dissimilarities(&first, tokens, n.min(neurons))),
    ]
}

/// The README of the repository: its Rust examples run as doctests here, since no single crate owns them.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
