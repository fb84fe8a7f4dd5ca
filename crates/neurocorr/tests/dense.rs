//! The dense matrix in either precision, weighted, across two matrices, into memory that holds anything.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test may fail"
)]

use neurocorr::testing::{Matrix, matrices, naive_correlation, naive_square};
use neurocorr::{
    Columns, CrossMaxima, CrossProducts, Dense, Error, Float, Measure, Moments, NonFinite, Sign, average_ranks,
    condensed_index, correlations, error_bound, error_bound_in, error_bound_of_single_products,
    pair_correlation,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

const MEASURES: [Measure; 3] =
    [Measure::Correlation, Measure::AbsoluteDissimilarity, Measure::SignedDissimilarity];

fn columns(x: &Matrix) -> Columns<'_, f64> {
    Columns::row_major(&x.values, x.tokens, x.neurons).unwrap()
}

fn bits<F: Float>(values: &[F]) -> Vec<u64> {
    values.iter().map(|&v| v.into().to_bits()).collect()
}

fn activations(tokens: usize, neurons: usize, seed: u64) -> Matrix {
    Matrix { values: testkit::activations(tokens, neurons, 6, seed), tokens, neurons }
}

/// The same tokens, each as often as its weight says.
fn repeated(x: &Matrix, weights: &[f64]) -> Matrix {
    let rows = x.values.chunks(x.neurons).zip(weights);
    let values: Vec<f64> = rows.flat_map(|(row, &weight)| row.repeat(weight as usize)).collect();
    Matrix { tokens: values.len() / x.neurons, values, neurons: x.neurons }
}

fn moments(x: &Matrix, weights: &[f64]) -> Moments {
    let mut moments = Moments::new(x.neurons);
    moments.push_weighted(&columns(x), weights).unwrap();
    moments
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(256, 5_000), ..ProptestConfig::default() })]

    #[test]
    fn single_precision_is_within_its_bound_of_the_naive_twin(x in matrices(60, 12)) {
        let r = Dense::<f32>::with_precision().square(&columns(&x), Measure::Correlation).unwrap();
        let tolerance = error_bound_in::<f32>(x.tokens) + error_bound(x.tokens);
        for (ours, twin) in r.iter().zip(naive_square(&x, Measure::Correlation)) {
            prop_assert!((f64::from(*ours) - twin).abs() <= tolerance, "{ours} {twin}");
        }
    }

    #[test]
    fn sums_of_single_products_are_within_their_bound_of_the_naive_twin(x in matrices(300, 12)) {
        let r = Dense::new().condensed_of_single_products(&columns(&x), Measure::Correlation).unwrap();
        let tolerance = error_bound_of_single_products(x.tokens) + error_bound(x.tokens);
        let n = x.neurons;
        let square = naive_square(&x, Measure::Correlation);
        for (i, j) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
            let (ours, twin) = (r[condensed_index(n, i, j).unwrap()], square[i * n + j]);
            prop_assert!((ours - twin).abs() <= tolerance, "{ours} {twin}");
        }
    }

    #[test]
    fn whole_weights_do_what_repeating_tokens_does(
        x in matrices(30, 6), weights in proptest::collection::vec(0_u8..4, 30), scale in -40..40_i32,
    ) {
        let weights: Vec<f64> = weights[..x.tokens].iter().map(|&w| f64::from(w)).collect();
        let repeated = repeated(&x, &weights);
        prop_assume!(weights.iter().filter(|&&w| w > 0.0).count() > 1);
        let r = Dense::new().weights(&weights).square(&columns(&x), Measure::Correlation).unwrap();
        let bound = moments(&x, &weights).error_bound_in::<f64>() + error_bound(repeated.tokens);
        for (ours, twin) in r.iter().zip(naive_square(&repeated, Measure::Correlation)) {
            prop_assert!((ours - twin).abs() <= bound, "{ours} {twin}");
        }
        // A power of two of all weights changes no bit.
        let scaled: Vec<f64> = weights.iter().map(|w| w * 2f64.powi(scale)).collect();
        let other = Dense::new().weights(&scaled).square(&columns(&x), Measure::Correlation).unwrap();
        prop_assert_eq!(bits(&other), bits(&r));
    }

    #[test]
    fn whatever_a_token_without_weight_holds_changes_no_bit(
        x in matrices(20, 5), at in any::<usize>(), bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(1e300)],
    ) {
        let token = at % x.tokens;
        let weights: Vec<f64> = (0..x.tokens).map(|t| if t == token { 0.0 } else { 1.0 + t as f64 }).collect();
        let dense = Dense::new().weights(&weights);
        let mut other = x.clone();
        other.values[token * x.neurons..(token + 1) * x.neurons].fill(bad);
        let by_column: Vec<f64> = (0..x.neurons).flat_map(|neuron| other.column(neuron)).collect();
        let turned = Columns::column_major(&by_column, x.tokens, x.neurons).unwrap();
        let expected = dense.condensed(&columns(&x), Measure::Correlation).map(|r| bits(&r));
        prop_assert_eq!(&dense.condensed(&columns(&other), Measure::Correlation).map(|r| bits(&r)), &expected);
        prop_assert_eq!(&dense.condensed(&turned, Measure::Correlation).map(|r| bits(&r)), &expected);
    }

    #[test]
    fn weights_may_spread_over_many_magnitudes(x in matrices(20, 5), exponents in proptest::collection::vec(-60..60_i32, 20)) {
        let weights: Vec<f64> = exponents[..x.tokens].iter().map(|&e| 2f64.powi(e / 4 * 4)).collect();
        // Products of such weights and values must stay in the range of f64.
        let size = |v: &f64| (1e-200..1e200).contains(&v.abs()) || *v == 0.0;
        prop_assume!(x.values.iter().all(size));
        // The twin standardises nothing: it takes each value times its root, which is a power of two, about the weighted mean.
        let r = Dense::new().weights(&weights).square(&columns(&x), Measure::Correlation).unwrap();
        let bound = 2.0 * moments(&x, &weights).error_bound_in::<f64>();
        for a in 0..x.neurons {
            for b in 0..a {
                let twin = weighted_twin(&x.column(a), &x.column(b), &weights);
                prop_assert!((r[a * x.neurons + b] - twin).abs() <= bound, "{} {twin} {bound:e}", r[a * x.neurons + b]);
            }
        }
    }

    #[test]
    fn crossing_two_matrices_is_within_the_bound_of_the_naive_twin(
        x in matrices(40, 6), y in matrices(40, 7),
    ) {
        let tokens = x.tokens.min(y.tokens);
        let [x, y] = [x, y].map(|m| Matrix { values: m.values[..tokens * m.neurons].to_vec(), tokens, neurons: m.neurons });
        let r = Dense::new().cross(&columns(&x), &columns(&y), Measure::Correlation).unwrap();
        for a in 0..x.neurons {
            for b in 0..y.neurons {
                let (ours, twin) = (r[a * y.neurons + b], naive_correlation(&x.column(a), &y.column(b)));
                prop_assert!((ours - twin).abs() <= 2.0 * error_bound(tokens), "{ours} {twin}");
            }
        }
        for sign in [Sign::Absolute, Sign::Positive] {
            let best = Dense::new().cross_maxima(&columns(&x), &columns(&y), sign).unwrap();
            prop_assert_eq!(best, maxima(&r, x.neurons, y.neurons, sign));
        }
    }

    #[test]
    fn correlations_of_ranks_are_spearmans(x in matrices(40, 5)) {
        // What SciPy does: ranks, then Pearson.
        let ranks = average_ranks::<f32, _>(&columns(&x)).unwrap();
        let r = correlations(&ranks.columns(), NonFinite::Error).unwrap().into_square(Measure::Correlation);
        for a in 0..x.neurons {
            for b in 0..a {
                let [i, j] = [a, b].map(|n| naive_ranks(&x.column(n)));
                let twin = naive_correlation(&i, &j);
                prop_assert!((r[a * x.neurons + b] - twin).abs() <= 2.0 * error_bound(x.tokens));
            }
        }
    }
}

fn naive_ranks(column: &[f64]) -> Vec<f64> {
    let count = |test: &dyn Fn(f64) -> bool| column.iter().filter(|&&v| test(v)).count() as f64;
    column.iter().map(|&v| count(&|w| w < v) + (count(&|w| w == v) + 1.0) / 2.0).collect()
}

/// The correlation with weights by sums in twice the working precision: of differences from the first value.
fn weighted_twin(x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
    let range = |v: &[f64]| {
        let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
        high - low
    };
    if range(x) == 0.0 || range(y) == 0.0 {
        return 0.0;
    }
    // Brought near one; powers of two change nothing.
    let near_one = |v: &[f64]| {
        let (first, scale) = (v[0], 2f64.powi(-(range(v).log2() as i32).clamp(-1000, 1000)));
        v.iter().map(|v| Twofold::difference(*v, first).times(scale)).collect::<Vec<_>>()
    };
    let (x, y) = (near_one(x), near_one(y));
    let total = weights.iter().fold(Twofold::ZERO, |sum, &w| sum.plus(Twofold { high: w, low: 0.0 }));
    let mean = |v: &[Twofold]| {
        v.iter().zip(weights).fold(Twofold::ZERO, |sum, (v, &w)| sum.plus(v.times(w))).over(total)
    };
    let (mean_x, mean_y) = (mean(&x), mean(&y));
    let (mut xy, mut xx, mut yy) = (Twofold::ZERO, Twofold::ZERO, Twofold::ZERO);
    for ((x, y), &w) in x.iter().zip(&y).zip(weights) {
        let (x, y) = (x.plus(mean_x.times(-1.0)), y.plus(mean_y.times(-1.0)));
        xy = xy.plus(x.by(y).times(w));
        xx = xx.plus(x.by(x).times(w));
        yy = yy.plus(y.by(y).times(w));
    }
    (xy.high / (xx.high.sqrt() * yy.high.sqrt())).clamp(-1.0, 1.0)
}

/// A number of twice the working precision.
#[derive(Clone, Copy)]
struct Twofold {
    high: f64,
    low: f64,
}

impl Twofold {
    const ZERO: Self = Self { high: 0.0, low: 0.0 };

    fn difference(a: f64, b: f64) -> Self {
        let high = a - b;
        let part = high - a;
        Self { high, low: (a - (high - part)) + (-b - part) }
    }

    fn plus(self, other: Self) -> Self {
        let sum = Self::difference(self.high, -other.high);
        let low = sum.low + self.low + other.low;
        Self::difference(sum.high, -low)
    }

    fn times(self, factor: f64) -> Self {
        let high = self.high * factor;
        Self::difference(high, -(self.high.mul_add(factor, -high) + self.low * factor))
    }

    fn by(self, other: Self) -> Self {
        self.times(other.high).plus(Self { high: self.high * other.low, low: 0.0 })
    }

    fn over(self, other: Self) -> Self {
        let high = self.high / other.high;
        let rest = self.plus(other.times(-high));
        Self::difference(high, -(rest.high / other.high))
    }
}

/// The maxima of a matrix of x's neurons by y's, the lowest among equals.
fn maxima(r: &[f64], x: usize, y: usize, sign: Sign) -> CrossMaxima {
    let best = |count: usize, at: &dyn Fn(usize) -> f64| {
        let mut best = neurocorr::Neighbour { neuron: 0, correlation: at(0) };
        for neuron in 1..count {
            if sign.size(at(neuron)) > sign.size(best.correlation) {
                best = neurocorr::Neighbour { neuron, correlation: at(neuron) };
            }
        }
        best
    };
    CrossMaxima {
        of_x: (0..x).map(|a| best(y, &|b| r[a * y + b])).collect(),
        of_y: (0..y).map(|b| best(x, &|a| r[a * y + b])).collect(),
    }
}

/// Panels of 192 neurons, pieces of 128 tokens, blocks of 1,024 (512 of more than a thousand neurons): one below, at and above each.
#[test]
fn results_in_memory_that_holds_anything_have_the_bits_of_fresh_ones_at_every_edge() {
    for (tokens, neurons) in [
        (2, 1),
        (3, 2),
        (127, 191),
        (128, 192),
        (129, 193),
        (1_023, 383),
        (1_024, 384),
        (1_025, 385),
        (2_100, 50),
        (511, 1_030),
        (1_025, 1_030),
    ] {
        let x = activations(tokens, neurons, neurons as u64);
        for measure in MEASURES {
            let expected = correlations(&columns(&x), NonFinite::Error).unwrap();
            let (square, condensed) = (expected.clone().into_square(measure), expected.into_condensed(measure));
            let mut out = vec![f64::NAN; condensed.len()];
            Dense::new().condensed_into(&columns(&x), measure, &mut out).unwrap();
            assert!(bits(&out) == bits(&condensed), "{tokens} x {neurons}");
            let mut out = vec![f64::NAN; square.len()];
            Dense::new().square_into(&columns(&x), measure, &mut out).unwrap();
            assert!(bits(&out) == bits(&square), "{tokens} x {neurons}");
            for i in 0..neurons {
                assert_eq!(square[i * neurons + i], measure.of(1.0));
                for j in 0..i {
                    let one = condensed[condensed_index(neurons, i, j).unwrap()];
                    assert_eq!([square[i * neurons + j], square[j * neurons + i]], [one; 2], "{i} {j}");
                }
            }
        }
        let r = Dense::new().condensed(&columns(&x), Measure::Correlation).unwrap();
        let single = Dense::<f32>::with_precision().condensed(&columns(&x), Measure::Correlation).unwrap();
        let tolerance = error_bound(tokens) + error_bound_in::<f32>(tokens);
        assert!(
            r.iter().zip(&single).all(|(r, &s)| (r - f64::from(s)).abs() <= tolerance),
            "{tokens} x {neurons}"
        );
        for (i, j) in [(0, neurons - 1), (0, neurons / 2), (neurons / 2, neurons - 1), (190, 191), (191, 192)] {
            if i < j && j < neurons {
                let pair = pair_correlation(&x.column(i), &x.column(j)).unwrap();
                let ours = r[condensed_index(neurons, i, j).unwrap()];
                assert!((ours - pair).abs() <= 2.0 * error_bound(tokens), "{tokens} x {neurons}: {i} {j}");
            }
        }
    }
}

#[test]
fn parts_of_as_many_tokens_as_go_together_change_no_bit_and_other_parts_stay_within_the_bound() {
    for (tokens, neurons, together) in [(1_300, 1_030, 512), (2_500, 60, 1_024)] {
        let x = activations(tokens, neurons, 3);
        let moments = Moments::of(&columns(&x));
        let in_parts = |length: usize| {
            let mut products = CrossProducts::new(&moments, NonFinite::Error).unwrap();
            assert_eq!(products.tokens_together(), together);
            for part in x.values.chunks(length * neurons) {
                products.push(&Columns::row_major(part, part.len() / neurons, neurons).unwrap()).unwrap();
            }
            products.finish().unwrap().into_condensed(Measure::Correlation)
        };
        let whole = Dense::new().condensed(&columns(&x), Measure::Correlation).unwrap();
        for length in [together, 2 * together, tokens] {
            assert!(bits(&in_parts(length)) == bits(&whole), "{tokens} x {neurons} by {length}");
        }
        let bound = 2.0 * error_bound(tokens);
        assert!(in_parts(700).iter().zip(&whole).all(|(a, b)| (a - b).abs() <= bound), "{tokens} x {neurons}");
    }
}

#[test]
fn crossing_agrees_with_the_square_of_both_at_every_edge_and_threads_change_no_bit() {
    for (tokens, left, right) in [(5, 1, 193), (130, 191, 192), (1_030, 193, 385), (300, 400, 3)] {
        let both = activations(tokens, left + right, 9);
        let part = |from: usize, to: usize| {
            both.values.chunks(left + right).flat_map(|row| row[from..to].iter().map(|&v| v as f32)).collect()
        };
        let (x, y): (Vec<f32>, Vec<f32>) = (part(0, left), part(left, left + right));
        let (x, y) =
            (Columns::row_major(&x, tokens, left).unwrap(), Columns::row_major(&y, tokens, right).unwrap());
        let all: Vec<f32> = both.values.iter().map(|&v| v as f32).collect();
        let all = Columns::row_major(&all, tokens, left + right).unwrap();
        let square = Dense::new().square(&all, Measure::SignedDissimilarity).unwrap();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let dense = Dense::new();
                let single = Dense::<f32>::with_precision();
                let wide = dense.cross(&x, &y, Measure::SignedDissimilarity).unwrap();
                let narrow = single.cross(&x, &y, Measure::SignedDissimilarity).unwrap();
                let full = single.square(&all, Measure::Correlation).unwrap();
                (bits(&wide), bits(&narrow), bits(&full), dense.cross_maxima(&x, &y, Sign::Absolute).unwrap())
            })
        };
        let expected = run(1);
        for threads in [2, 8] {
            assert!(run(threads) == expected, "{threads} threads");
        }
        for (place, (&wide, &narrow)) in expected.0.iter().zip(&expected.1).enumerate() {
            let [wide, narrow] = [wide, narrow].map(f64::from_bits);
            let one = square[place / right * (left + right) + left + place % right];
            assert!((wide - one).abs() <= 2.0 * error_bound(tokens), "{place}");
            assert!((narrow - one).abs() <= error_bound(tokens) + error_bound_in::<f32>(tokens), "{place}");
        }
    }
}

/// Sums over 30,000 tokens in `f32`, against sums of twice the working precision: columns far from zero, tiny, huge.
#[test]
fn large_means_and_any_magnitude_stay_within_the_bound_in_both_precisions() {
    let tokens = if testkit::full() { 1_000_000 } else { 30_000 };
    let mut rng = testkit::Rng::new(6);
    let mut columns: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::with_capacity(tokens));
    for _ in 0..tokens {
        let common = rng.normal();
        for (at, column) in columns.iter_mut().enumerate() {
            let value = common + rng.normal();
            column.push(match at {
                0 => value,
                1 => value + 1e8,
                2 => value * 1e-30,
                3 => value * 1e30,
                _ => (value - 1e8) * 1e-30,
            });
        }
    }
    let values: Vec<f64> = columns.concat();
    let x = Columns::column_major(&values, tokens, 5).unwrap();
    let wide = Dense::new().square(&x, Measure::Correlation).unwrap();
    let narrow = Dense::<f32>::with_precision().square(&x, Measure::Correlation).unwrap();
    for i in 0..5 {
        for j in 0..i {
            let twin = naive_correlation(&columns[i], &columns[j]);
            let (ours, single) = (wide[i * 5 + j], f64::from(narrow[i * 5 + j]));
            assert!((ours - twin).abs() <= error_bound(tokens), "{i} {j}: {ours} {twin}");
            assert!((single - twin).abs() <= error_bound_in::<f32>(tokens), "{i} {j}: {single} {twin}");
            assert!(twin > 0.4 && twin < 0.6);
        }
    }
}

/// The feature `half`: f16 and bf16 in, the same as widened first.
#[cfg(feature = "half")]
#[test]
fn half_precision_has_the_bits_of_the_widened_values_everywhere() {
    use half::{bf16, f16};
    let (tokens, neurons) = (300, 60);
    let values = testkit::activations(tokens, neurons, 5, 3);
    fn check<T: Float>(values: &[T], tokens: usize, neurons: usize) {
        let wide: Vec<f64> = values.iter().map(|&v| v.into()).collect();
        let (x, y) = (
            Columns::row_major(values, tokens, neurons).unwrap(),
            Columns::row_major(&wide, tokens, neurons).unwrap(),
        );
        let [a, b] = [
            correlations(&x, NonFinite::Error).unwrap().into_condensed(Measure::Correlation),
            correlations(&y, NonFinite::Error).unwrap().into_condensed(Measure::Correlation),
        ];
        assert_eq!(bits(&a), bits(&b));
        assert_eq!(neurocorr::pairs_above(&x, 0.3).unwrap(), neurocorr::pairs_above(&y, 0.3).unwrap());
        assert_eq!(
            average_ranks::<f32, _>(&x).unwrap().into_values(),
            average_ranks::<f32, _>(&y).unwrap().into_values()
        );
    }
    check(&values.iter().map(|&v| f16::from_f64(v)).collect::<Vec<_>>(), tokens, neurons);
    check(&values.iter().map(|&v| bf16::from_f64(v)).collect::<Vec<_>>(), tokens, neurons);
}

#[test]
fn every_misuse_is_a_typed_error() {
    let x = activations(10, 4, 1);
    let x = columns(&x);
    let weights = |at: usize, weight: f64| {
        let mut weights = vec![1.0; 10];
        weights[at] = weight;
        weights
    };
    let run = |weights: &[f64]| Dense::new().weights(weights).condensed(&x, Measure::Correlation).unwrap_err();
    assert_eq!(run(&weights(3, -1.0)), Error::Weight { token: 3, weight: -1.0 });
    assert!(matches!(run(&weights(9, f64::NAN)), Error::Weight { token: 9, .. }));
    assert!(matches!(run(&weights(0, f64::INFINITY)), Error::Weight { token: 0, .. }));
    assert_eq!(run(&[0.0; 10]), Error::NoWeight { tokens: 10 });
    assert!(matches!(run(&[1.0; 9]), Error::Mismatch { expected: 10, found: 9, .. }));
    let mut one = [0.0; 10];
    one[4] = 2.0;
    assert_eq!(run(&one), Error::TooFewTokens { tokens: 1 });

    let mut products = CrossProducts::new(&Moments::of(&x), NonFinite::Error).unwrap();
    products.push(&x).unwrap();
    let error = products.push_weighted(&x, &weights(2, -0.5)).unwrap_err();
    assert_eq!(error, Error::Weight { token: 12, weight: -0.5 });

    let mut short = [0.0; 5];
    let dense = Dense::new();
    let wrong = [
        dense.condensed_into(&x, Measure::Correlation, &mut short),
        dense.square_into(&x, Measure::Correlation, &mut short),
        dense.cross_into(&x, &x, Measure::Correlation, &mut short),
    ];
    for (error, expected) in wrong.into_iter().zip([6, 16, 16]) {
        let what = "values of the memory for the result";
        assert_eq!(error, Err(Error::Mismatch { what, expected, found: 5 }));
    }
    let other = activations(9, 2, 1);
    let error = dense.cross(&x, &columns(&other), Measure::Correlation).unwrap_err();
    assert_eq!(error, Error::Mismatch { what: "tokens of the second matrix", expected: 10, found: 9 });
    let none = Columns::<f64>::row_major(&[], 10, 0).unwrap();
    assert_eq!(dense.cross_maxima(&x, &none, Sign::Absolute), Err(Error::NoNeurons));
    assert_eq!(dense.cross(&none, &x, Measure::Correlation), Err(Error::NoNeurons));
    assert_eq!(dense.square(&none, Measure::Correlation), Err(Error::NoNeurons));
    let stop = |_, _| ControlFlow::Break(());
    assert_eq!(dense.observe(&stop).square(&x, Measure::Correlation), Err(Error::Cancelled));
    assert_eq!(dense.observe(&stop).cross(&x, &x, Measure::Correlation), Err(Error::Cancelled));
}

#[test]
fn single_products_have_the_same_bits_for_any_number_of_threads_and_are_near_at_every_tile_edge() {
    for neurons in [1, 2, 191, 192, 193, 385] {
        let x = activations(1_300, neurons, 3);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let single = || Dense::new().condensed_of_single_products(&columns(&x), Measure::Correlation);
            pool.install(single).unwrap()
        };
        let one = run(1);
        assert!(bits(&run(3)) == bits(&one), "{neurons}");
        let exact = Dense::new().condensed(&columns(&x), Measure::Correlation).unwrap();
        let tolerance = error_bound_of_single_products(1_300) + error_bound(1_300);
        let farthest = one.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(farthest <= tolerance, "{neurons}: {farthest:e}");
        assert!(neurons < 100 || farthest > 1e-10, "products were made in double precision");
    }
}

#[test]
fn crossing_some_neurons_where_they_lie_has_the_bits_of_copies_in_either_order_of_memory() {
    let (tokens, neurons) = (1_300, 420);
    let x = activations(tokens, neurons, 3);
    let turned: Vec<f64> = (0..neurons).flat_map(|neuron| x.column(neuron)).collect();
    let turned = Columns::column_major(&turned, tokens, neurons).unwrap();
    let moments = Moments::of(&columns(&x));
    let few = [7, 400, 3];
    let many: Vec<usize> = (0..neurons).rev().step_by(2).collect();
    let dense = Dense::new();
    for measure in MEASURES {
        for [a, b] in [[&few[..], &many[..]], [&many, &few], [&few, &few], [&[], &few], [&few[..1], &[]]] {
            for x in [columns(&x), turned] {
                let found = dense.cross_among(&x, &moments, [a, b], measure).unwrap();
                let (a, b) = (x.gather(a).unwrap(), x.gather(b).unwrap());
                let expected = match (a.columns().neurons(), b.columns().neurons()) {
                    (0, _) | (_, 0) => vec![],
                    _ => dense.cross(&a.columns(), &b.columns(), measure).unwrap(),
                };
                assert!(bits(&found) == bits(&expected));
            }
        }
    }
    let weights = vec![1.0; tokens];
    for error in [
        dense.cross_among(&columns(&x), &moments, [&[neurons], &few], Measure::Correlation).unwrap_err(),
        dense
            .cross_among(&columns(&activations(tokens, 50, 3)), &moments, [&few, &few], Measure::Correlation)
            .unwrap_err(),
        dense.weights(&weights).cross_among(&turned, &moments, [&few, &few], Measure::Correlation).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    }
}
