//! Property-tests a pipeline of one's own, greedy grouping by a threshold, against the naive twin, and finds where
//! the two differ: `cargo run --example property_test_a_pipeline --features proptest`.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use neuron_redundancy::testing::{Matrix, grouped, naive_correlation, naive_labels};
use neuron_redundancy::{Config, Method};
use proptest::test_runner::{Config as Runs, TestCaseError, TestRunner};

/// Each neuron joins the first cluster whose first member correlates with it at |r| ≥ 0.5, or begins one.
fn greedy(x: &Matrix) -> Vec<u32> {
    let mut leaders: Vec<(Vec<f64>, u32)> = Vec::new();
    let mut labels = Vec::new();
    for neuron in 0..x.neurons {
        let column = x.column(neuron);
        let found = leaders.iter().find(|(leader, _)| naive_correlation(leader, &column).abs() >= 0.5);
        let label = found.map_or(leaders.len() as u32 + 1, |(_, label)| *label);
        if found.is_none() {
            leaders.push((column, label));
        }
        labels.push(label);
    }
    labels
}

fn main() {
    let config = Config::default().with_method(Method::Single);
    let property = |x: Matrix| match naive_labels(&x, &config) {
        Some((labels, certainty)) if certainty > 1e-9 && labels != greedy(&x) => {
            Err(TestCaseError::fail(format!("greedy {:?}, single linkage {labels:?}", greedy(&x))))
        }
        _ => Ok(()),
    };
    let mut runner = TestRunner::new(Runs { failure_persistence: None, ..Runs::default() });
    match runner.run(&grouped(8, 6), property) {
        Ok(()) => println!("no difference found"),
        Err(error) => println!("greedy grouping is not single linkage:\n{error}"),
    }
}
