//! The dense product and the pair kernel against the naive twin, on hostile matrices.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use neurocorr::testing::{Matrix, matrices, naive_correlation, naive_square};
use neurocorr::{
    Columns, CrossProducts, Error, Measure, Moments, NonFinite, Order, condensed_index, correlations,
    error_bound, pair_correlation,
};
use proptest::prelude::*;

/// Twice the bound: once for us, once for the twin.
fn tolerance(tokens: usize) -> f64 {
    2.0 * error_bound(tokens)
}

fn columns(x: &Matrix) -> Columns<'_, f64> {
    Columns::row_major(&x.values, x.tokens, x.neurons).unwrap()
}

fn rows(values: &[f64], neurons: usize) -> Columns<'_, f64> {
    Columns::row_major(values, values.len() / neurons, neurons).unwrap()
}

fn transposed(x: &Matrix) -> Vec<f64> {
    (0..x.neurons).flat_map(|neuron| x.column(neuron)).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(256, 5_000), ..ProptestConfig::default() })]

    #[test]
    fn dense_product_is_within_the_bound_of_the_naive_twin(x in matrices(60, 12)) {
        let r = correlations(&columns(&x), NonFinite::Error).unwrap().into_square(Measure::Correlation);
        let twin = naive_square(&x, Measure::Correlation);
        for (a, b) in r.iter().zip(&twin) {
            prop_assert!((a - b).abs() <= tolerance(x.tokens), "{a} {b}");
        }
    }

    #[test]
    fn pair_kernel_is_within_the_bound_of_the_naive_twin(x in matrices(70, 2)) {
        let (a, b) = (x.column(0), x.column(x.neurons - 1));
        let (ours, twin) = (pair_correlation(&a, &b).unwrap(), naive_correlation(&a, &b));
        prop_assert!((ours - twin).abs() <= tolerance(x.tokens), "{ours} {twin}");
        prop_assert_eq!(ours.to_bits(), pair_correlation(&b, &a).unwrap().to_bits());
    }

    #[test]
    fn squares_are_exactly_symmetric_clipped_and_agree_with_the_condensed_form(x in matrices(30, 10)) {
        for measure in [Measure::Correlation, Measure::AbsoluteDissimilarity, Measure::SignedDissimilarity] {
            let r = correlations(&columns(&x), NonFinite::Error).unwrap();
            let (square, condensed) = (r.clone().into_square(measure), r.into_condensed(measure));
            for i in 0..x.neurons {
                prop_assert_eq!(square[i * x.neurons + i], measure.of(1.0));
                for j in 0..i {
                    let value = square[i * x.neurons + j];
                    prop_assert_eq!(value.to_bits(), square[j * x.neurons + i].to_bits());
                    prop_assert_eq!(value.to_bits(), condensed[condensed_index(x.neurons, i, j).unwrap()].to_bits());
                    prop_assert!((-1.0..=2.0).contains(&value));
                    prop_assert!(measure == Measure::Correlation || value >= 0.0);
                }
            }
        }
    }

    #[test]
    fn order_of_memory_and_stride_change_no_bit(x in matrices(40, 8), pad in 0_usize..5) {
        let expected = bits(&correlations(&columns(&x), NonFinite::Error).unwrap().into_condensed(Measure::Correlation));
        let by_column = transposed(&x);
        let turned = Columns::column_major(&by_column, x.tokens, x.neurons).unwrap();
        let result = correlations(&turned, NonFinite::Error).unwrap().into_condensed(Measure::Correlation);
        prop_assert_eq!(&bits(&result), &expected);
        let stride = x.neurons + pad;
        let padded: Vec<f64> =
            x.values.chunks(x.neurons).flat_map(|r| r.iter().copied().chain(std::iter::repeat_n(9.0, pad))).collect();
        let strided = Columns::with_stride(&padded, x.tokens, x.neurons, Order::RowMajor, stride).unwrap();
        let result = correlations(&strided, NonFinite::Error).unwrap().into_condensed(Measure::Correlation);
        prop_assert_eq!(&bits(&result), &expected);
    }

    #[test]
    fn moments_pushed_in_parts_of_any_sizes_have_the_bits_of_the_whole(
        x in matrices(80, 5), sizes in proptest::collection::vec(1_usize..30, 1..8), repeat in 1_usize..40,
    ) {
        // Long enough for several blocks of tokens.
        let values = x.values.repeat(repeat);
        let whole = Moments::of(&rows(&values, x.neurons));
        let mut moments = Moments::new(x.neurons);
        let (mut rest, mut sizes) = (&values[..], sizes.iter().cycle());
        while !rest.is_empty() {
            let size = (sizes.next().unwrap() * 9 * x.neurons).min(rest.len());
            moments.push(&rows(&rest[..size], x.neurons)).unwrap();
            rest = &rest[size..];
        }
        prop_assert_eq!(moments, whole);
    }

    #[test]
    fn pushing_in_parts_stays_within_the_bound(x in matrices(50, 6), part in 1_usize..20) {
        let mut moments = Moments::new(x.neurons);
        let parts: Vec<&[f64]> = x.values.chunks(part * x.neurons).collect();
        // Merging and pushing are two ways to the same moments.
        for (index, p) in parts.iter().enumerate() {
            if index % 2 == 0 {
                moments.push(&rows(p, x.neurons)).unwrap();
            } else {
                moments.merge(&Moments::of(&rows(p, x.neurons))).unwrap();
            }
        }
        let whole = Moments::of(&columns(&x));
        prop_assert_eq!(moments.constants(), whole.constants());
        let mut products = CrossProducts::new(&moments, NonFinite::Error).unwrap();
        for p in &parts {
            products.push(&rows(p, x.neurons)).unwrap();
        }
        let r = products.finish().unwrap().into_condensed(Measure::Correlation);
        let expected = correlations(&columns(&x), NonFinite::Error).unwrap().into_condensed(Measure::Correlation);
        for (a, b) in r.iter().zip(&expected) {
            prop_assert!((a - b).abs() <= tolerance(x.tokens), "{a} {b}");
        }
    }

    #[test]
    fn constants_are_exact_and_correlate_with_nothing(x in matrices(20, 8)) {
        let constants = Moments::of(&columns(&x)).constants();
        let r = correlations(&columns(&x), NonFinite::Error).unwrap().into_square(Measure::Correlation);
        for neuron in 0..x.neurons {
            let column = x.column(neuron);
            prop_assert_eq!(constants.contains(&neuron), column.iter().all(|v| *v == column[0]));
            if constants.contains(&neuron) {
                for other in (0..x.neurons).filter(|&o| o != neuron) {
                    prop_assert_eq!(r[neuron * x.neurons + other], 0.0);
                }
            }
        }
    }

    #[test]
    fn uncorrelated_policy_leaves_all_other_pairs_as_they_were(
        x in matrices(20, 6), at in any::<usize>(), bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY)],
    ) {
        let clean = correlations(&columns(&x), NonFinite::Error).unwrap().into_square(Measure::Correlation);
        let mut spoilt = x.clone();
        let (token, neuron) = (at / 7 % x.tokens, at % x.neurons);
        spoilt.values[token * x.neurons + neuron] = bad;
        prop_assert_eq!(
            correlations(&columns(&spoilt), NonFinite::Error).unwrap_err(),
            Error::NonFinite { neuron, token, neurons: 1, values: 1 }
        );
        let r = correlations(&columns(&spoilt), NonFinite::Uncorrelated).unwrap().into_square(Measure::Correlation);
        for i in 0..x.neurons {
            for j in 0..x.neurons {
                let expected = if i == j { 1.0 } else if i == neuron || j == neuron { 0.0 } else { clean[i * x.neurons + j] };
                prop_assert_eq!(r[i * x.neurons + j], expected);
            }
        }
    }
}

#[test]
fn thread_count_and_tile_edges_change_no_bit() {
    // 600 neurons: four panels, the last one ragged; 2,500 tokens: three blocks, the last one ragged.
    let (tokens, neurons) = (2_500, 600);
    let values = testkit::activations(tokens, neurons, 8, 1);
    let single: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let wide = Columns::row_major(&values, tokens, neurons).unwrap();
            let narrow = Columns::row_major(&single, tokens, neurons).unwrap();
            let mut result =
                correlations(&wide, NonFinite::Error).unwrap().into_condensed(Measure::Correlation);
            result.extend(
                correlations(&narrow, NonFinite::Error).unwrap().into_square(Measure::SignedDissimilarity),
            );
            bits(&result)
        })
    };
    let expected = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == expected, "{threads} threads");
    }
    let naive = |i: usize, j: usize| {
        let column = |n: usize| values.iter().skip(n).step_by(neurons).copied().collect::<Vec<_>>();
        naive_correlation(&column(i), &column(j))
    };
    for (i, j) in [(0, 1), (191, 192), (0, 599), (383, 384), (192, 599), (300, 301)] {
        let ours = f64::from_bits(expected[condensed_index(neurons, i, j).unwrap()]);
        assert!((ours - naive(i, j)).abs() <= tolerance(tokens), "({i}, {j})");
    }
}

#[test]
fn exact_copies_and_their_negatives_correlate_at_exactly_one() {
    let tokens = 3_000;
    let x = testkit::activations(tokens, 1, 1, 5);
    let values: Vec<f64> = x.iter().flat_map(|&v| [v, v, -v, 2.0 * v]).collect();
    let r = correlations(&Columns::row_major(&values, tokens, 4).unwrap(), NonFinite::Error).unwrap();
    for value in r.into_condensed(Measure::AbsoluteDissimilarity) {
        assert!(value <= error_bound(tokens), "{value:e}");
    }
}

#[test]
fn every_misuse_is_a_typed_error() {
    let one = [1.0, 2.0];
    let few = correlations(&Columns::row_major(&one, 1, 2).unwrap(), NonFinite::Error).unwrap_err();
    assert_eq!(few, Error::TooFewTokens { tokens: 1 });
    let none = correlations(&Columns::<f64>::row_major(&[], 5, 0).unwrap(), NonFinite::Error).unwrap_err();
    assert_eq!(none, Error::NoNeurons);
    let huge = [f64::MAX, 0.0, f64::MIN, 1.0];
    let error = correlations(&Columns::row_major(&huge, 2, 2).unwrap(), NonFinite::Error).unwrap_err();
    assert!(matches!(error, Error::Overflow { neuron: 0, .. }));
    let x = Columns::row_major(&one, 2, 1).unwrap();
    let wide = Columns::row_major(&huge, 2, 2).unwrap();
    assert!(matches!(Moments::of(&x).push(&wide), Err(Error::Mismatch { expected: 1, found: 2, .. })));
    assert!(matches!(Moments::of(&x).merge(&Moments::of(&wide)), Err(Error::Mismatch { .. })));
    let mut products = CrossProducts::new(&Moments::of(&x), NonFinite::Error).unwrap();
    assert!(matches!(products.push(&wide), Err(Error::Mismatch { .. })));
    assert!(matches!(products.finish(), Err(Error::Mismatch { expected: 2, found: 0, .. })));
    let mut products = CrossProducts::new(&Moments::of(&x), NonFinite::Error).unwrap();
    let stop = |_, _| std::ops::ControlFlow::Break(());
    assert_eq!(products.push_observed(&x, &stop), Err(Error::Cancelled));
}

/// Panels of 192 neurons, pieces of 128 tokens, blocks of 1,024, lines of 8: one below, at and above each.
#[test]
fn every_edge_of_panel_block_and_line_is_within_the_bound() {
    for (tokens, neurons) in [
        (2, 193),
        (3, 1),
        (7, 9),
        (8, 8),
        (9, 7),
        (17, 191),
        (127, 6),
        (128, 7),
        (129, 8),
        (1_023, 192),
        (1_024, 12),
        (1_025, 33),
    ] {
        let values = testkit::activations(tokens, neurons, 3, (tokens * neurons) as u64);
        let x = Matrix { values, tokens, neurons };
        let by_column = transposed(&x);
        let turned = Columns::column_major(&by_column, tokens, neurons).unwrap();
        let r = correlations(&columns(&x), NonFinite::Error).unwrap().into_square(Measure::Correlation);
        let other = correlations(&turned, NonFinite::Error).unwrap().into_square(Measure::Correlation);
        assert_eq!(bits(&r), bits(&other), "{tokens} x {neurons}");
        for i in 0..neurons {
            for j in [0, 1, 7, 8, 190, 191, 192].into_iter().filter(|&j| j < neurons) {
                let twin = if i == j { 1.0 } else { naive_correlation(&x.column(i), &x.column(j)) };
                let ours = r[i * neurons + j];
                assert!(
                    (ours - twin).abs() <= tolerance(tokens),
                    "{tokens} x {neurons} ({i}, {j}): {ours} {twin}"
                );
            }
        }
    }
}
