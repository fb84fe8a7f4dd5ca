//! Correlations of a stream: in any chunks, merged, saved and resumed, over drifting means.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use neurocorr::testing::{Matrix, matrices, naive_correlation, naive_square};
use neurocorr::{Columns, Correlator, Error, Measure, NonFinite};
use proptest::prelude::*;
use std::ops::ControlFlow;

fn rows(values: &[f64], neurons: usize) -> Columns<'_, f64> {
    Columns::row_major(values, values.len() / neurons, neurons).unwrap()
}

fn finished(correlator: Correlator) -> Vec<f64> {
    correlator.finish(NonFinite::Error).unwrap().into_square(Measure::Correlation)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Pushes chunks of the given numbers of tokens, over and over.
fn pushed(values: &[f64], neurons: usize, sizes: &[usize]) -> Correlator {
    let mut correlator = Correlator::new(neurons);
    let (mut rest, mut sizes) = (values, sizes.iter().cycle());
    while !rest.is_empty() {
        let size = (sizes.next().unwrap() * neurons).min(rest.len());
        correlator.push(&rows(&rest[..size], neurons)).unwrap();
        rest = &rest[size..];
    }
    correlator
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(96, 2_000), ..ProptestConfig::default() })]

    #[test]
    fn a_stream_in_any_chunks_has_the_bits_of_one_push_and_is_within_the_bound(
        x in matrices(70, 6), repeat in 1_usize..60, sizes in proptest::collection::vec(1_usize..2_500, 1..6),
    ) {
        let values = x.values.repeat(repeat);
        let tokens = x.tokens * repeat;
        let expected = finished(pushed(&values, x.neurons, &[tokens]));
        prop_assert_eq!(bits(&finished(pushed(&values, x.neurons, &sizes))), bits(&expected));
        let twin = naive_square(&x, Measure::Correlation);
        let bound = Correlator::error_bound(tokens, 0) + neurocorr::error_bound(x.tokens);
        for (ours, twin) in expected.iter().zip(twin) {
            prop_assert!((ours - twin).abs() <= bound, "{ours} {twin}");
        }
    }

    #[test]
    fn merged_streams_are_within_the_bound_of_the_naive_twin_whatever_is_merged(
        x in matrices(60, 6), repeat in 1_usize..50, cuts in proptest::collection::vec(0_usize..3_000, 0..6),
    ) {
        let values = x.values.repeat(repeat);
        let tokens = x.tokens * repeat;
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % (tokens + 1)).chain([0, tokens]).collect();
        cuts.sort_unstable();
        let mut merged = Correlator::new(x.neurons);
        for pair in cuts.windows(2) {
            let part = &values[pair[0] * x.neurons..pair[1] * x.neurons];
            merged.merge(pushed(part, x.neurons, &[77])).unwrap();
        }
        prop_assert_eq!(merged.tokens(), tokens);
        let bound = Correlator::error_bound(tokens, cuts.len()) + neurocorr::error_bound(x.tokens);
        for (ours, twin) in finished(merged).iter().zip(naive_square(&x, Measure::Correlation)) {
            prop_assert!((ours - twin).abs() <= bound, "{ours} {twin}");
        }
    }

    #[test]
    fn a_state_that_is_saved_and_loaded_anywhere_goes_on_with_the_same_bits(
        x in matrices(50, 5), repeat in 1_usize..60, at in any::<usize>(),
    ) {
        let values = x.values.repeat(repeat);
        let at = at % (x.tokens * repeat + 1) * x.neurons;
        let first = pushed(&values[..at], x.neurons, &[333]);
        let mut file = Vec::new();
        first.save(&mut file).unwrap();
        let mut resumed = Correlator::load(&mut &file[..]).unwrap();
        resumed.push(&rows(&values[at..], x.neurons)).unwrap();
        prop_assert_eq!(bits(&finished(resumed)), bits(&finished(pushed(&values, x.neurons, &[4_000]))));
    }
}

#[test]
fn panels_and_threads_change_no_bit_and_merging_across_panels_is_right() {
    let (tokens, neurons) = (2_600, 400);
    let values = testkit::activations(tokens, neurons, 7, 2);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut first = pushed(&values[..1_500 * neurons], neurons, &[100]);
            first.merge(pushed(&values[1_500 * neurons..], neurons, &[1_023])).unwrap();
            bits(&finished(first))
        })
    };
    let expected = run(1);
    assert!(run(2) == expected && run(8) == expected);
    let column = |n: usize| values.iter().skip(n).step_by(neurons).copied().collect::<Vec<_>>();
    for (i, j) in [(0, 1), (0, 191), (191, 192), (5, 399), (200, 201), (383, 384)] {
        let twin = naive_correlation(&column(i), &column(j));
        for place in [i * neurons + j, j * neurons + i] {
            let ours = f64::from_bits(expected[place]);
            assert!((ours - twin).abs() <= Correlator::error_bound(tokens, 1), "{i} {j}: {ours} {twin}");
        }
    }
}

/// What sums of squares about a first value would lose: means of 1e8 that drift by a thousand deviations, values of 1e-30 and
/// 1e30, a neuron that is silent for the first 3,000 tokens.
#[test]
fn large_drifting_means_any_magnitude_and_late_neurons_stay_within_the_bound() {
    let tokens: usize = if testkit::full() { 10_000_000 } else { 40_000 };
    let mut rng = testkit::Rng::new(11);
    let mut columns: [Vec<f64>; 6] = std::array::from_fn(|_| Vec::with_capacity(tokens));
    let mut correlator = Correlator::new(6);
    let mut halves = [Correlator::new(6), Correlator::new(6)];
    let mut chunk = Vec::new();
    for token in 0..tokens {
        let common = rng.normal();
        let drift = 1_000.0 * token as f64 / tokens as f64;
        let value: [f64; 6] = std::array::from_fn(|at| {
            let value = common + rng.normal();
            match at {
                0 => value,
                1 => value + 1e8,
                2 => value + 1e8 + drift,
                3 => value * 1e-30,
                4 => value * 1e30,
                _ if token < 3_000 => 2.5,
                _ => 2.5 + value,
            }
        });
        columns.iter_mut().zip(value).for_each(|(column, value)| column.push(value));
        chunk.extend(value);
        if chunk.len() == 6 * 777 || token + 1 == tokens {
            correlator.push(&rows(&chunk, 6)).unwrap();
            halves[usize::from(token > tokens / 2)].push(&rows(&chunk, 6)).unwrap();
            chunk.clear();
        }
    }
    let [mut merged, later] = halves;
    merged.merge(later).unwrap();
    let (one, merged) = (finished(correlator), finished(merged));
    for i in 0..6 {
        for j in 0..i {
            let twin = naive_correlation(&columns[i], &columns[j]);
            let (ours, other) = (one[i * 6 + j], merged[i * 6 + j]);
            assert!((ours - twin).abs() <= Correlator::error_bound(tokens, 0), "{i} {j}: {ours} {twin}");
            assert!((other - twin).abs() <= Correlator::error_bound(tokens, 1), "{i} {j}: {other} {twin}");
        }
    }
}

#[test]
fn constants_and_values_that_are_not_finite_are_what_they_are_elsewhere_in_the_crate() {
    let neurons = 4;
    let mut values = testkit::activations(2_500, neurons, 2, 4);
    values.iter_mut().skip(1).step_by(neurons).for_each(|v| *v = 7.1);
    let clean = pushed(&values, neurons, &[300]);
    assert_eq!(clean.moments().constants(), [1]);
    let clean = finished(clean);
    assert_eq!(clean[neurons], 0.0);
    values[2_000 * neurons + 2] = f64::NAN;
    let spoilt = pushed(&values, neurons, &[300]);
    let error = spoilt.clone().finish(NonFinite::Error).unwrap_err();
    assert_eq!(error, Error::NonFinite { neuron: 2, token: 2_000, neurons: 1, values: 1 });
    let r = spoilt.finish(NonFinite::Uncorrelated).unwrap().into_square(Measure::Correlation);
    for (place, (&r, &clean)) in r.iter().zip(&clean).enumerate() {
        let (i, j) = (place / neurons, place % neurons);
        let expected = if i != j && (i == 2 || j == 2) { 0.0 } else { clean };
        assert_eq!(r, expected, "{i} {j}");
    }
    // A stream that begins with nothing finite, merged with one that is.
    let mut first = Correlator::new(1);
    first.push(&rows(&[f64::NAN; 5], 1)).unwrap();
    first.merge(pushed(&[1.0, 2.0, 4.0], 1, &[3])).unwrap();
    assert!(matches!(
        first.finish(NonFinite::Error),
        Err(Error::NonFinite { neuron: 0, token: 0, values: 5, .. })
    ));
}

#[test]
fn every_misuse_is_a_typed_error() {
    let two = rows(&[1.0, 2.0, 3.0, 5.0], 2);
    let mut correlator = Correlator::new(2);
    assert!(matches!(correlator.push(&rows(&[1.0; 3], 3)), Err(Error::Mismatch { expected: 2, found: 3, .. })));
    assert!(matches!(correlator.merge(Correlator::new(3)), Err(Error::Mismatch { expected: 2, found: 3, .. })));
    assert!(matches!(correlator.clone().finish(NonFinite::Error), Err(Error::TooFewTokens { tokens: 0 })));
    assert!(matches!(Correlator::new(0).finish(NonFinite::Error), Err(Error::NoNeurons)));
    correlator.push(&two).unwrap();
    let far = [1e200, 1.0, -1e200, 2.0].repeat(600);
    correlator.push(&rows(&[0.0, 1.0, 1e-200, 2.0].repeat(600), 2)).unwrap();
    correlator.push(&rows(&far, 2)).unwrap();
    assert!(matches!(correlator.finish(NonFinite::Error), Ok(_) | Err(Error::Overflow { neuron: 0, .. })));
    let mut tiny = Correlator::new(1);
    tiny.push(&rows(&[0.0, 1e-200].repeat(600), 1)).unwrap();
    tiny.push(&rows(&[0.0, 1e200].repeat(600), 1)).unwrap();
    assert!(matches!(tiny.finish(NonFinite::Error), Err(Error::Overflow { neuron: 0, .. })));
    let mut stopped = Correlator::new(2);
    let stop = |_, _| ControlFlow::Break(());
    let long = [1.0, 2.0, 3.0, 5.0].repeat(1_000);
    assert_eq!(stopped.push_observed(&rows(&long, 2), &stop), Err(Error::Cancelled));
}

#[test]
fn a_state_that_is_cut_off_damaged_or_no_state_is_refused_with_words() {
    let x = Matrix { values: testkit::activations(1_100, 3, 2, 1), tokens: 1_100, neurons: 3 };
    let mut file = Vec::new();
    pushed(&x.values, 3, &[500]).save(&mut file).unwrap();
    let refused = |bytes: &[u8]| match Correlator::load(&mut &bytes[..]) {
        Err(Error::State { problem }) => problem,
        other => panic!("{other:?}"),
    };
    for end in [0, 7, 8, 39, 40, 100, file.len() / 2, file.len() - 8, file.len() - 1] {
        assert!(refused(&file[..end]).contains("cut off"), "{end}");
    }
    for at in (0..file.len()).step_by(97) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        refused(&damaged);
    }
    assert!(refused(&[b'x'; 4_000]).contains("version"));
    // A full disk.
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = pushed(&x.values, 3, &[500]).save(&mut Full).unwrap_err();
    assert!(error.to_string().contains("disk"), "{error}");
}
