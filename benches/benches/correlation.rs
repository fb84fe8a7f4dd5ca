//! The dense product: the real sample and a square of random activations, condensed and square.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use neurocorr::{Columns, Measure, Moments, NonFinite, correlations, error_bound, pair_correlation};

fn correlation(c: &mut Criterion) {
    let (real, tokens, neurons) = benches::sample();
    let random: Vec<f32> = testkit::activations(1_000, 1_000, 8, 1).into_iter().map(|v| v as f32).collect();
    for (name, values, tokens, neurons) in [("real", real, tokens, neurons), ("random", random, 1_000, 1_000)] {
        let columns = Columns::row_major(&values, tokens, neurons).unwrap();
        // The answer first: some pairs by the kernel that defines them.
        let result = correlations(&columns, NonFinite::Error).unwrap().into_square(Measure::Correlation);
        for (i, j) in [(0, 1), (17, 900), (neurons - 1, 300)] {
            let column = |neuron| columns.neuron(neuron).collect::<Vec<f32>>();
            let pair = pair_correlation(&column(i), &column(j)).unwrap();
            assert!((result[i * neurons + j] - pair).abs() <= 2.0 * error_bound(tokens));
        }
        let mut group = c.benchmark_group(format!("correlation/{name}-{tokens}x{neurons}"));
        group.sample_size(10).throughput(Throughput::Elements((neurons * neurons * tokens) as u64));
        group.bench_function("moments", |b| b.iter(|| Moments::of(&columns)));
        group.bench_function("condensed", |b| {
            b.iter(|| {
                correlations(&columns, NonFinite::Error).unwrap().into_condensed(Measure::AbsoluteDissimilarity)
            });
        });
        group.bench_function("square", |b| {
            b.iter(|| correlations(&columns, NonFinite::Error).unwrap().into_square(Measure::Correlation));
        });
        group.finish();
    }
}

criterion_group!(all, correlation);
criterion_main!(all);
