//! A linkage of one's own, flexible beta (Lance and Williams, 1967), and its property test with nothing but this
//! crate: `cargo run --example property_test_own_linkage --features proptest`.

use hclust::testing::{condensed, naive_chain, replay, replay_tolerance};
use hclust::{Linkage, Reducible, Update, linkage_by};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// (1 − β)/2 · (a + b) + β · c. For β ≤ 0 it is reducible: the merger is at least min(a, b) + |β| (min(a, b) − c).
struct FlexibleBeta {
    beta: f64,
}

impl Linkage<f64> for FlexibleBeta {
    fn update(&self, u: Update<f64>) -> f64 {
        (1.0 - self.beta) / 2.0 * (u.d_xi + u.d_yi) + self.beta * u.d_xy
    }
}

impl Reducible for FlexibleBeta {}

fn main() {
    let linkage = FlexibleBeta { beta: -0.25 };
    let property = |d: hclust::Condensed<f64>| {
        let tree = linkage_by(d.clone(), &linkage).map_err(|e| TestCaseError::fail(e.to_string()))?;
        if tree != naive_chain(&d, &linkage) {
            return Err(TestCaseError::fail("the chain and its naive twin differ"));
        }
        if !tree.is_monotonic() {
            return Err(TestCaseError::fail("a reducible linkage went down"));
        }
        // β < 0 subtracts: rounding grows with the heights, so give the oracle some room.
        let tolerance = 16.0 * replay_tolerance::<f64>(d.n());
        replay(&d, &tree, &linkage, tolerance).map_err(|e| TestCaseError::fail(e.to_string()))
    };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    match runner.run(&condensed(24), property) {
        Ok(()) => println!("flexible beta holds: 256 matrices, ties and duplicates among them"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
