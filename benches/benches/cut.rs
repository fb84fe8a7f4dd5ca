//! Cuts of a large tree, by distance and by number of clusters.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{Criterion as Bench, criterion_group, criterion_main};
use fcluster::{Criterion, Numbering, fcluster};
use hclust::{Condensed, Method, linkage};

const N: usize = 2_000;

fn cuts(c: &mut Bench) {
    for (name, values) in benches::condensed_inputs(N) {
        let tree = linkage(Condensed::new(N, values).unwrap(), Method::Average).unwrap();
        let middle = tree.merges()[N / 2].height;
        let mut group = c.benchmark_group(format!("cut/{name}-{N}"));
        for (title, criterion) in
            [("distance", Criterion::Distance(middle)), ("maxclust", Criterion::MaxClust(N / 4))]
        {
            // The answer first: so many clusters as merges above the cut, and one.
            let labels = fcluster(&tree, criterion, Numbering::Scipy).unwrap();
            match criterion {
                Criterion::Distance(t) => {
                    assert_eq!(labels.count(), 1 + tree.merges().iter().filter(|m| m.height > t).count());
                }
                _ => assert!(labels.count() <= N / 4),
            }
            for numbering in [Numbering::Scipy, Numbering::Lowest] {
                group.bench_function(format!("{title}-{numbering}"), |b| {
                    b.iter(|| fcluster(&tree, criterion, numbering).unwrap());
                });
            }
        }
        group.finish();
    }
}

criterion_group!(all, cuts);
criterion_main!(all);
