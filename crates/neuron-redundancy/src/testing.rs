//! Strategies of activations and the naive twin of the whole path, for property tests of pipelines (feature
//! `proptest`).

use crate::Config;
use fcluster::testing::naive_distance_cut;
use hclust::testing::{by_method, naive_chain, naive_single};
use hclust::{Condensed, Dendrogram, Method, linkage_by_heap};
pub use neurocorr::testing::{Matrix, matrices, naive_correlation};
use proptest::prelude::*;

/// Activations with groups of correlated neurons: copies of earlier neurons, some with the sign turned, with noise
/// from none to as large as the signal; a constant now and then. 2 to `max_neurons` neurons, 3 to `max_tokens` tokens.
pub fn grouped(max_tokens: usize, max_neurons: usize) -> impl Strategy<Value = Matrix> {
    let neuron = (any::<prop::sample::Index>(), -1_i8..=1, 0.0..1.0_f64, 0_u8..8);
    let shape = (3..=max_tokens.max(3), proptest::collection::vec(neuron, 2..=max_neurons.max(2)));
    shape.prop_flat_map(|(tokens, neurons)| {
        let noise = proptest::collection::vec(-1.0..1.0_f64, tokens * neurons.len());
        noise.prop_map(move |noise| {
            let mut columns: Vec<Vec<f64>> = Vec::new();
            for (index, (of, sign, level, kind)) in neurons.iter().enumerate() {
                let fresh = noise.iter().skip(index * tokens).take(tokens);
                columns.push(match (kind, columns.is_empty()) {
                    (0, _) => vec![*level; tokens],
                    (_, true) => fresh.copied().collect(),
                    _ => {
                        let signal = columns[of.index(columns.len())].iter();
                        signal.zip(fresh).map(|(s, n)| f64::from(*sign) * s + level * n).collect()
                    }
                });
            }
            let values =
                (0..tokens).flat_map(|t| columns.iter().filter_map(move |c| c.get(t).copied())).collect();
            Matrix { values, tokens, neurons: neurons.len() }
        })
    })
}

/// The naive twin: pair by pair in twice the working precision, the naive linkage, the naive cut. Gives the labels by
/// lowest neuron, and how far the nearest height is from the cutoff and the two nearest dissimilarities from each
/// other: below some multiple of the rounding, another partition is as right. `None` if the linkage overflows.
#[must_use]
pub fn naive_labels(matrix: &Matrix, config: &Config) -> Option<(Vec<u32>, f64)> {
    let columns: Vec<Vec<f64>> = (0..matrix.neurons).map(|neuron| matrix.column(neuron)).collect();
    let pairs = columns.iter().enumerate().flat_map(|(i, a)| columns.iter().skip(i + 1).map(move |b| (a, b)));
    let values: Vec<f64> = pairs.map(|(a, b)| config.measure().of(naive_correlation(a, b))).collect();
    let condensed = Condensed::new(matrix.neurons, values.clone()).ok()?;
    let tree: Dendrogram<f64> = match config.method {
        Method::Single => naive_single(&condensed),
        Method::Centroid | Method::Median => linkage_by_heap(condensed, by_method(config.method)).ok()?,
        method => naive_chain(&condensed, by_method(method)),
    };
    let rows: Vec<[f64; 4]> = tree.rows().collect();
    let from_cutoff = rows.iter().map(|row| (row[2] - config.cutoff).abs()).fold(f64::INFINITY, f64::min);
    let mut sorted: Vec<f64> = values.into_iter().chain(rows.iter().map(|row| row[2])).collect();
    sorted.sort_by(f64::total_cmp);
    // A height repeats the value that it was taken from: look at gaps between different ones only, and at repeats.
    let heights = rows.windows(2).map(|pair| (pair[1][2] - pair[0][2]).abs()).fold(f64::INFINITY, f64::min);
    let gaps =
        sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0).fold(f64::INFINITY, f64::min);
    Some((naive_distance_cut(&rows, config.cutoff), from_cutoff.min(heights).min(gaps)))
}
