//! From the sample file to independent neurons.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{Criterion, criterion_group, criterion_main};
use neuron_redundancy::{Config, Method, Numbering, extract_independent_neurons};

fn extract(c: &mut Criterion) {
    let fixture = testkit::Fixture::open("sample");
    let mut group = c.benchmark_group("end_to_end/sample");
    group.sample_size(10);
    for method in [Method::Average, Method::Single, Method::Ward, Method::Centroid] {
        let config = Config::default().with_method(method).with_numbering(Numbering::Scipy);
        let run = || {
            let source = activations::open(testkit::sample()).unwrap();
            extract_independent_neurons(&*source, &config, &()).unwrap()
        };
        // The answer first: NeuroX's labels.
        assert_eq!(run().clusters.labels.as_slice(), fixture.counts(&format!("absolute/{method}/0.5")));
        group.bench_function(method.name(), |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(all, extract);
criterion_main!(all);
