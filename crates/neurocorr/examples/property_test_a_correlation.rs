//! Property-tests a correlation of one's own, a one-pass textbook formula, against this crate's naive twin, and
//! shows it failing: `cargo run --example property_test_a_correlation --features proptest`.

use neurocorr::testing::{Matrix, matrices, naive_correlation};
use proptest::test_runner::{Config, TestError, TestRunner};

/// Σxy − n·x̄·ȳ: fast, common, and wrong as soon as the mean is large against the spread.
fn textbook(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let sum = |a: &[f64]| a.iter().sum::<f64>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let covariance = |a: &[f64], b: &[f64]| dot(a, b) - sum(a) * sum(b) / n;
    covariance(x, y) / (covariance(x, x) * covariance(y, y)).sqrt()
}

fn main() {
    let agrees = |matrix: Matrix| {
        let (x, y) = (matrix.column(0), matrix.column(matrix.neurons - 1));
        let (ours, yours) = (naive_correlation(&x, &y), textbook(&x, &y));
        if (ours - yours).abs() > neurocorr::error_bound(matrix.tokens) {
            return Err(proptest::test_runner::TestCaseError::fail(format!("{ours} is not {yours}")));
        }
        Ok(())
    };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    match runner.run(&matrices(40, 4), agrees) {
        Err(TestError::Fail(reason, matrix)) => {
            println!("the textbook formula fails ({reason}) on {} tokens: {:?}", matrix.tokens, matrix.values);
        }
        other => println!("no counterexample found: {other:?}"),
    }
}
