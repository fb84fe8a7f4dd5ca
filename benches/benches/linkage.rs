//! Linkage by method, on random, tied, block-structured and real input, and kodama beside us.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hclust::{Condensed, Method, linkage};

const N: usize = 1_000;

fn by_method(c: &mut Criterion) {
    for (name, values) in benches::condensed_inputs(N) {
        let condensed = Condensed::new(N, values).unwrap();
        let mut group = c.benchmark_group(format!("linkage/{name}-{N}"));
        group.sample_size(10);
        for method in Method::ALL {
            // The answer first: a tree over all, whose first merge is the closest pair.
            let tree = linkage(condensed.clone(), method).unwrap();
            let least = condensed.values().iter().copied().fold(f64::INFINITY, f64::min);
            assert_eq!(tree.merges().last().map(|m| m.size), Some(N));
            assert_eq!(tree.merges()[0].height, least);
            // The matrix is consumed: it is cloned outside the timed part.
            group.bench_function(method.name(), |b| {
                b.iter_batched(|| condensed.clone(), |d| linkage(d, method).unwrap(), BatchSize::LargeInput);
            });
        }
        group.bench_function("average-kodama", |b| {
            let input = || condensed.values().to_vec();
            let run = |mut d: Vec<f64>| kodama::linkage(&mut d, N, kodama::Method::Average);
            b.iter_batched(input, run, BatchSize::LargeInput);
        });
        group.finish();
    }
}

criterion_group!(all, by_method);
criterion_main!(all);
