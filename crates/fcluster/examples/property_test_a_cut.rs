//! Property-tests a cut of one's own, a flood fill from the leaves, against this crate's naive cut:
//! `cargo run --example property_test_a_cut --features proptest`.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use fcluster::testing::{naive_distance_cut, trees};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Joins what each merge at or below the cutoff names, and forgets that a lower merge can lie above a higher one.
fn flood(rows: &[[f64; 4]], cutoff: f64) -> Vec<u32> {
    let n = rows.len() + 1;
    let mut groups: Vec<usize> = (0..n).collect();
    let mut nodes: Vec<usize> = (0..n).collect();
    for row in rows {
        let (a, b) = (nodes[row[0] as usize], nodes[row[1] as usize]);
        nodes.push(a.min(b));
        if row[2] <= cutoff {
            let (keep, drop) = (groups[a].min(groups[b]), groups[a].max(groups[b]));
            groups.iter_mut().filter(|g| **g == drop).for_each(|g| *g = keep);
        }
    }
    let mut leaders: Vec<usize> = groups.clone();
    leaders.sort_unstable();
    leaders.dedup();
    groups.iter().map(|g| 1 + leaders.binary_search(g).unwrap_or(0) as u32).collect()
}

fn main() {
    let agrees = |rows: Vec<[f64; 4]>| match (flood(&rows, 0.5), naive_distance_cut(&rows, 0.5)) {
        (yours, ours) if yours == ours => Ok(()),
        (yours, ours) => Err(TestCaseError::fail(format!("{yours:?} is not {ours:?}"))),
    };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    match runner.run(&trees(12), agrees) {
        Ok(()) => println!("no counterexample found"),
        Err(error) => println!("the flood fill is wrong where heights go down:\n{error}"),
    }
}
