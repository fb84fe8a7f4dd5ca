//! Linkage by method, on random, tied, block-structured and real input, and kodama beside us; forests, points, orders.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hclust::{
    Condensed, Layout, Method, Metric, Points, Scratch, Stop, linkage, linkage_below_with, linkage_points,
    optimal_leaf_ordering, pdist,
};

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

/// The forest under a cutoff, stopped early and not: the second is the whole run with every merge looked at for ties.
fn below(c: &mut Criterion) {
    for (name, values) in benches::condensed_inputs(N) {
        let condensed = Condensed::new(N, values).unwrap();
        let tree = linkage(condensed.clone(), Method::Average).unwrap();
        let cutoff = tree.merges()[N / 2].height;
        let mut group = c.benchmark_group(format!("below/{name}-{N}"));
        group.sample_size(10);
        for (name, stop, cutoff) in [("early", Stop::Early, cutoff), ("never", Stop::Never, f64::INFINITY)] {
            let mut scratch = Scratch::new();
            let mut run = |d| linkage_below_with(&mut scratch, d, Method::Average, cutoff, stop, &()).unwrap();
            assert!(run(condensed.clone()).merges().len() >= N / 2);
            group.bench_function(name, |b| {
                b.iter_batched(|| condensed.clone(), &mut run, BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

/// Points in 50 dimensions: their distances, single linkage with and without them.
fn points(c: &mut Criterion) {
    let x = testkit::activations(N, 50, 10, 3);
    let points = Points::new(N, &x).unwrap();
    let run = || linkage_points(points, Method::Single, Metric::Euclidean).unwrap();
    assert_eq!(run(), linkage(pdist(points, Metric::Euclidean).unwrap(), Method::Single).unwrap());
    let mut group = c.benchmark_group(format!("points/{N}x50"));
    group.sample_size(10);
    group.bench_function("pdist", |b| b.iter(|| pdist(points, Metric::Euclidean).unwrap()));
    group.bench_function("single", |b| b.iter(run));
    group.finish();
}

/// The best order of the leaves, and the drawing.
fn drawing(c: &mut Criterion) {
    let (_, values) = benches::condensed_inputs(N).into_iter().next().unwrap();
    let condensed = Condensed::new(N, values).unwrap();
    let tree = linkage(condensed.clone(), Method::Average).unwrap();
    let run = || optimal_leaf_ordering(&tree, &condensed).unwrap();
    let length = |leaves: Vec<usize>| -> f64 {
        leaves.windows(2).filter_map(|pair| condensed.get(pair[0], pair[1])).sum()
    };
    assert!(length(run().leaves_list()) < length(tree.leaves_list()));
    let mut group = c.benchmark_group(format!("drawing/{N}"));
    group.sample_size(10);
    group.bench_function("optimal_leaf_ordering", |b| b.iter(run));
    group.bench_function("layout", |b| b.iter(|| tree.layout(&Layout::default())));
    group.finish();
}

criterion_group!(all, by_method, below, points, drawing);
criterion_main!(all);
