//! Cuts of a large tree by every criterion, its leaders, and how far two cuts agree.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{Criterion as Bench, criterion_group, criterion_main};
use fcluster::{Agreement, Criterion, Numbering, fcluster, leaders, maxdists};
use hclust::{Condensed, Method, linkage};

const N: usize = 2_000;

fn cuts(c: &mut Bench) {
    for (name, values) in benches::condensed_inputs(N) {
        let tree = linkage(Condensed::new(N, values).unwrap(), Method::Average).unwrap();
        let middle = tree.merges()[N / 2].height;
        let mut group = c.benchmark_group(format!("cut/{name}-{N}"));
        let heights = maxdists(&tree);
        for (title, criterion) in [
            ("distance", Criterion::Distance(middle)),
            ("maxclust", Criterion::MaxClust(N / 4)),
            ("inconsistent", Criterion::Inconsistent { cutoff: 0.8, depth: 2 }),
            ("monocrit", Criterion::Monocrit { cutoff: middle, values: &heights }),
            ("maxclust_monocrit", Criterion::MaxClustMonocrit { clusters: N / 4, values: &heights }),
        ] {
            // The answer first: so many clusters as merges above the cut, and one.
            let labels = fcluster(&tree, criterion, Numbering::Scipy).unwrap();
            match criterion {
                Criterion::Distance(t) | Criterion::Monocrit { cutoff: t, .. } => {
                    assert_eq!(labels.count(), 1 + tree.merges().iter().filter(|m| m.height > t).count());
                }
                Criterion::MaxClust(most) | Criterion::MaxClustMonocrit { clusters: most, .. } => {
                    assert!(labels.count() <= most);
                }
                _ => assert!(labels.count() <= N),
            }
            for numbering in [Numbering::Scipy, Numbering::Lowest] {
                group.bench_function(format!("{title}-{numbering}"), |b| {
                    b.iter(|| fcluster(&tree, criterion, numbering).unwrap());
                });
            }
        }
        let labels = fcluster(&tree, Criterion::MaxClust(N / 4), Numbering::Lowest).unwrap();
        let coarser = fcluster(&tree, Criterion::MaxClust(N / 8), Numbering::Lowest).unwrap();
        group.bench_function("leaders", |b| b.iter(|| leaders(&tree, labels.as_slice()).unwrap()));
        group.bench_function("adjusted_mutual_info_score", |b| {
            b.iter(|| {
                Agreement::new(labels.as_slice(), coarser.as_slice()).unwrap().adjusted_mutual_info_score()
            });
        });
        group.finish();
    }
}

criterion_group!(all, cuts);
criterion_main!(all);
