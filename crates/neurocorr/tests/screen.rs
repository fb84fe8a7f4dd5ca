//! The screen against the defined kernel over all pairs: same pairs, same bits, whatever is switched on or off.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use neurocorr::testing::{Matrix, matrices};
use neurocorr::{
    ChosenPairs, Columns, Error, Level, LowRank, Moments, NonFinite, Pair, Screen, ScreenOptions, Sign,
    pair_correlation, pairs_above,
};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

fn rows(x: &Matrix) -> Columns<'_, f64> {
    Columns::row_major(&x.values, x.tokens, x.neurons).unwrap()
}

/// Every pair by the kernel that defines its correlation.
fn defined(x: &Matrix) -> Vec<Pair> {
    let columns: Vec<Vec<f64>> = (0..x.neurons).map(|neuron| x.column(neuron)).collect();
    let pairs = (0..x.neurons).flat_map(|first| (first + 1..x.neurons).map(move |second| (first, second)));
    pairs
        .map(|(first, second)| {
            let correlation = pair_correlation(&columns[first], &columns[second]).unwrap();
            Pair { first, second, correlation }
        })
        .collect()
}

fn bits(pairs: &[Pair]) -> Vec<(usize, usize, u64)> {
    pairs.iter().map(|pair| (pair.first, pair.second, pair.correlation.to_bits())).collect()
}

fn expected(all: &[Pair], threshold: f64, sign: Sign) -> Vec<(usize, usize, u64)> {
    let reaching = all.iter().copied().filter(|pair| sign.reaches(pair.correlation, threshold));
    bits(&reaching.collect::<Vec<_>>())
}

/// Every switch, on and off.
fn all_options() -> Vec<ScreenOptions> {
    let mut options = vec![ScreenOptions::new(), ScreenOptions::new().memory_limit(0)];
    for level in Level::available() {
        for token_block in [1, 8, 64] {
            options.push(ScreenOptions::new().level(level).token_block(token_block));
        }
    }
    for level in Level::available() {
        options.push(ScreenOptions::new().level(level).low_rank(LowRank::Always));
    }
    options.push(ScreenOptions::new().low_rank(LowRank::Always).early_stop(false).token_block(32));
    for (energy_order, early_stop) in [(true, true), (true, false), (false, true), (false, false)] {
        let of = ScreenOptions::new().token_block(16).energy_order(energy_order).early_stop(early_stop);
        options.extend([of, of.haar(false)]);
    }
    options
}

/// Holds the screen to the kernel: all thresholds and both signs, the pairs that may be above among them.
fn holds(x: &Matrix, thresholds: &[f64], options: &ScreenOptions) {
    let all = defined(x);
    let columns = rows(x);
    let screen = Screen::new(&columns, options).unwrap();
    for (&threshold, sign) in thresholds.iter().flat_map(|t| [(t, Sign::Absolute), (t, Sign::Positive)]) {
        let pairs = screen.pairs_above(threshold, sign).unwrap().collect_pairs();
        assert_eq!(bits(&pairs), expected(&all, threshold, sign), "{threshold} {sign:?} {options:?}");
        let mut maybe: Vec<_> =
            screen.pairs_maybe_above(threshold, sign).unwrap().flat_map(|tile| tile.pairs).collect();
        maybe.sort_by_key(|pair| (pair.first, pair.second));
        let mut candidates = maybe.iter().peekable();
        for pair in &all {
            let candidate = candidates.next_if(|c| (c.first, c.second) == (pair.first, pair.second));
            match candidate {
                Some(c) => assert!((c.near - pair.correlation).abs() <= c.within, "{c:?} {pair:?} {options:?}"),
                None => assert!(!sign.reaches(pair.correlation, threshold), "{pair:?} was let go"),
            }
        }
        assert_eq!(candidates.next(), None, "candidates are pairs, each once");
    }
}

/// Neurons that are mixtures of a few: groups that share most of theirs, and some noise of their own.
fn mixtures(tokens: usize, neurons: usize, rank: usize, noise: f64, seed: u64) -> Matrix {
    let mut rng = testkit::Rng::new(seed);
    let factors: Vec<f64> = (0..tokens * rank).map(|_| rng.normal()).collect();
    let groups: Vec<f64> = (0..neurons.div_ceil(5) * rank).map(|_| rng.normal()).collect();
    let mut loadings: Vec<f64> = Vec::with_capacity(neurons * rank);
    for neuron in 0..neurons {
        let group = &groups[neuron / 5 * rank..][..rank];
        loadings.extend(group.iter().map(|g| g + 0.7 * rng.normal()));
    }
    let mut values = Vec::with_capacity(tokens * neurons);
    for factors in factors.chunks(rank) {
        for loadings in loadings.chunks(rank) {
            let mixed: f64 = factors.iter().zip(loadings).map(|(a, b)| a * b).sum();
            values.push(mixed + noise * (rank as f64).sqrt() * rng.normal());
        }
    }
    Matrix { values, tokens, neurons }
}

/// Holds the most correlated neurons of each to a sort of all pairs.
fn nearest_holds(x: &Matrix, k: usize, options: &ScreenOptions) {
    let all = defined(x);
    let columns = rows(x);
    let screen = Screen::new(&columns, options).unwrap();
    for sign in [Sign::Absolute, Sign::Positive] {
        let nearest = screen.most_correlated(k, sign, &|_, _| ControlFlow::Continue(())).unwrap();
        assert_eq!(nearest.len(), x.neurons);
        for (neuron, found) in nearest.iter().enumerate() {
            let others = all.iter().filter_map(|pair| match *pair {
                Pair { first, second, correlation } if first == neuron => Some((second, correlation)),
                Pair { first, second, correlation } if second == neuron => Some((first, correlation)),
                _ => None,
            });
            let mut others: Vec<(usize, f64)> = others.collect();
            others.sort_by(|a, b| sign.size(b.1).total_cmp(&sign.size(a.1)).then(a.0.cmp(&b.0)));
            others.truncate(k);
            let found: Vec<(usize, u64)> = found.iter().map(|n| (n.neuron, n.correlation.to_bits())).collect();
            let others: Vec<(usize, u64)> = others.iter().map(|n| (n.0, n.1.to_bits())).collect();
            assert_eq!(found, others, "neuron {neuron}, {k} of {sign:?}, {options:?}");
        }
    }
}

#[test]
fn the_most_correlated_neurons_of_the_real_sample_and_across_tiles_are_the_defined_kernels() {
    let x = sample(if testkit::full() { 1_200 } else { 420 });
    for k in [1, 7] {
        nearest_holds(&x, k, &ScreenOptions::new().token_block(128));
    }
    nearest_holds(&adversarial(60, 400, 0.6, 8), 5, &ScreenOptions::new());
}

/// From .05 to .999, and the correlations themselves with what lies 1e-12 beside them.
fn thresholds(x: &Matrix) -> Vec<f64> {
    let mut thresholds = vec![0.05, 0.3, 0.5, 0.7, 0.9, 0.999, 1.0];
    for pair in defined(x).iter().step_by(7).take(5) {
        let r = pair.correlation.abs();
        thresholds.extend([r, r.next_up(), r.next_down(), r - 1e-12, r + 1e-12]);
    }
    thresholds.retain(|r| *r > 0.0 && *r <= 1.0);
    thresholds
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(96, 3_000), ..ProptestConfig::default() })]

    #[test]
    fn exactly_the_pairs_of_the_defined_kernel_in_the_same_bits_whatever_is_switched_off(x in matrices(70, 14)) {
        for options in all_options() {
            holds(&x, &thresholds(&x), &options);
        }
    }

    #[test]
    fn the_most_correlated_neurons_are_those_of_the_defined_kernel_in_the_same_bits(
        x in matrices(60, 20), k in 0_usize..25,
    ) {
        for options in all_options() {
            nearest_holds(&x, k, &options);
        }
    }

    #[test]
    fn order_of_memory_and_width_of_values_change_no_pair(x in matrices(60, 10)) {
        let single: Vec<f32> = x.values.iter().map(|&v| v as f32).collect();
        prop_assume!(single.iter().all(|v| v.is_finite()));
        let wide: Vec<f64> = single.iter().map(|&v| v.into()).collect();
        let turned: Vec<f32> =
            (0..x.neurons).flat_map(|n| single.iter().skip(n).step_by(x.neurons).copied().collect::<Vec<_>>()).collect();
        let by_rows = pairs_above(&Columns::row_major(&single, x.tokens, x.neurons).unwrap(), 0.4).unwrap();
        let by_columns = pairs_above(&Columns::column_major(&turned, x.tokens, x.neurons).unwrap(), 0.4).unwrap();
        let in_double = pairs_above(&Columns::row_major(&wide, x.tokens, x.neurons).unwrap(), 0.4).unwrap();
        prop_assert_eq!(bits(&by_rows), bits(&by_columns));
        prop_assert_eq!(bits(&by_rows), bits(&in_double));
    }
}

/// Columns that tempt a screen: pairs at a chosen correlation, heavy tails, one huge token, copies, sign-flipped copies,
/// constants.
fn adversarial(tokens: usize, neurons: usize, target: f64, seed: u64) -> Matrix {
    let mut rng = testkit::Rng::new(seed);
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for neuron in 0..neurons {
        let fresh: Vec<f64> = (0..tokens).map(|_| rng.normal()).collect();
        let earlier = neuron.checked_sub(1).and_then(|last| columns.get(rng.below(last + 1)).cloned());
        let column = match (neuron % 7, earlier) {
            // Mixed so that the correlation with the earlier one comes out near the target.
            (1 | 4, Some(other)) => {
                let scale = (1.0 - target * target).sqrt();
                let spread = (other.iter().map(|v| v * v).sum::<f64>() / tokens as f64).sqrt();
                other.iter().zip(&fresh).map(|(o, f)| target * o / spread.max(1e-300) + scale * f).collect()
            }
            (2, _) => fresh.iter().map(|v| v / (rng.uniform() + 1e-3).powi(3)).collect(),
            (3, _) => {
                let mut spiked = fresh;
                spiked[tokens / 2] = 1e6;
                spiked
            }
            (5, Some(other)) => other.iter().map(|v| -v).collect(),
            (6, Some(other)) if rng.uniform() < 0.5 => other,
            (6, _) => vec![0.1; tokens],
            _ => fresh,
        };
        columns.push(column);
    }
    let values = (0..tokens).flat_map(|token| columns.iter().map(move |column| column[token])).collect();
    Matrix { values, tokens, neurons }
}

#[test]
fn adversarial_pairs_are_found_to_the_last_bit_across_panels_tiles_and_blocks() {
    // Panels of 48, tiles of 384: one below, at and above.
    let full = testkit::full();
    for (tokens, neurons, target) in [
        (64, 47, 0.5),
        (129, 48, 0.3),
        (300, 49, 0.7),
        (50, 97, 0.9),
        (40, 383, 0.6),
        (33, 385, 0.8),
        (2_100, 60, 0.5),
    ] {
        let x = adversarial(tokens, neurons, target, (tokens * neurons) as u64);
        let some = if neurons > 100 { vec![0.5, 0.8, 0.99] } else { thresholds(&x) };
        let options = all_options();
        let step = if full || neurons < 100 { 1 } else { 5 };
        for options in options.iter().step_by(step) {
            holds(&x, &some, options);
        }
    }
}

#[test]
fn pairs_placed_within_a_millionth_of_a_millionth_of_the_threshold_fall_on_the_right_side() {
    let tokens = 4_000;
    let mut rng = testkit::Rng::new(5);
    let base: Vec<f64> = (0..tokens).map(|_| rng.normal()).collect();
    let noise: Vec<f64> = (0..tokens).map(|_| rng.normal()).collect();
    let mixed = |angle: f64| -> Vec<f64> {
        base.iter().zip(&noise).map(|(b, n)| angle.cos() * b + angle.sin() * n).collect()
    };
    for threshold in [0.1, 0.5, 0.9, 0.999] {
        // The angle at which the correlation is the threshold, by bisection with the kernel itself.
        let (mut near, mut far) = (0.0_f64, std::f64::consts::FRAC_PI_2);
        for _ in 0..200 {
            let middle = 0.5 * (near + far);
            if pair_correlation(&base, &mixed(middle)).unwrap() >= threshold {
                near = middle
            } else {
                far = middle
            }
        }
        let angles = [near - 1e-12, near, near + 1e-15, far, far + 1e-12];
        let columns: Vec<Vec<f64>> = std::iter::once(base.clone()).chain(angles.map(mixed)).collect();
        let values = (0..tokens).flat_map(|token| columns.iter().map(move |column| column[token])).collect();
        let x = Matrix { values, tokens, neurons: columns.len() };
        let found = expected(&defined(&x), threshold, Sign::Absolute).iter().filter(|pair| pair.0 == 0).count();
        assert!((1..5).contains(&found), "{found} of five pairs above {threshold}: not on both sides");
        for options in all_options() {
            holds(&x, &[threshold], &options);
        }
    }
}

#[test]
fn the_real_sample_has_the_pairs_of_the_defined_kernel() {
    let x = sample(if testkit::full() { 2_688 } else { 500 });
    let options = ScreenOptions::new().token_block(256);
    holds(&x, &[0.05, 0.3, 0.5, 0.7, 0.9, 0.999], &options);
    holds(&x, &[0.5], &ScreenOptions::new());
}

#[test]
fn threads_and_blocks_and_levels_change_no_bit_of_pairs_and_threads_no_candidate() {
    let x = sample(450);
    let columns = rows(&x);
    let run = |threads: usize, options: ScreenOptions| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let screen = Screen::new(&columns, &options).unwrap();
            let maybe: Vec<_> =
                screen.pairs_maybe_above(0.4, Sign::Absolute).unwrap().flat_map(|tile| tile.pairs).collect();
            (bits(&screen.pairs_above(0.4, Sign::Absolute).unwrap().collect_pairs()), maybe)
        })
    };
    let mut pairs = None;
    let same_bytes = |level: Level| level.name() != "avx2";
    for (token_block, haar) in [4, 28, 2_048].into_iter().flat_map(|block| [(block, true), (block, false)]) {
        let options = ScreenOptions::new().token_block(token_block).haar(haar);
        let first = run(1, options.level(Level::portable()));
        for level in Level::available() {
            let mut alone = None;
            for threads in [1, 2, 8] {
                let other = run(threads, options.level(level));
                let what = format!("{threads} threads, {}, blocks of {token_block}", level.name());
                assert!(other.0 == first.0, "{what}");
                assert!(!same_bytes(level) || other.1 == first.1, "{what}");
                assert!(*alone.get_or_insert(other.1.clone()) == other.1, "{what}");
            }
        }
        assert_eq!(pairs.get_or_insert(first.0.clone()), &first.0, "blocks of {token_block}");
    }
}

#[test]
fn chosen_pairs_are_the_defined_kernels_or_within_their_bound_and_threads_and_levels_change_no_bit() {
    // The last part is short; a constant, a huge token, pairs named twice and turned round.
    let mut x = sample(700);
    x.values.iter_mut().skip(13).step_by(700).for_each(|value| *value = 2.5);
    x.values[3 * 700 + 20] = 1e6;
    let columns = rows(&x);
    let pairs: Vec<(usize, usize)> = (0..3_000).map(|at| (at * 37 % 700, (at * at + 11) % 700)).collect();
    let defined = |&(a, b): &(usize, usize)| pair_correlation(&x.column(a), &x.column(b)).unwrap();
    let exact: Vec<f64> = pairs.iter().map(defined).collect();
    let moments = Moments::of(&columns);
    let run = |threads: usize, level: Level| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let chosen = ChosenPairs::new(&columns, &moments, NonFinite::Error).unwrap().level(level);
        pool.install(|| {
            assert!(chosen.correlations(&pairs).unwrap() == exact);
            chosen.correlations_of_single_products(&pairs).unwrap()
        })
    };
    let found = run(1, Level::portable());
    let bound = ChosenPairs::<f64>::error_bound_of_single_products(x.tokens);
    for ((&(a, b), &value), &exact) in pairs.iter().zip(&found).zip(&exact) {
        assert!((value - exact).abs() <= bound, "{a} {b}: {value} and {exact}");
        assert!(a != 13 && b != 13 || value == 0.0);
    }
    let same = found.iter().zip(&exact).filter(|(found, exact)| found == exact).count();
    assert!(same < 1_000, "they are single products");
    for (threads, level) in [1, 3].into_iter().flat_map(|threads| Level::available().map(move |l| (threads, l)))
    {
        assert!(run(threads, level) == found, "{threads} threads, {}", level.name());
    }
    let screen = Screen::new(&columns, &ScreenOptions::new()).unwrap();
    let all = ChosenPairs::new(&columns, &moments, NonFinite::Error).unwrap();
    assert!(all.correlations_of_single_products(&[]).unwrap().is_empty());
    let refused = [all.correlations(&[(2, 700)]), all.correlations_of_single_products(&[(0, 1), (700, 2)])];
    for refused in refused.into_iter().chain([screen.correlations(&[(700, 700)])]) {
        assert!(matches!(refused, Err(Error::Mismatch { expected: 699, found: 700, .. })), "{refused:?}");
    }
    let fewer = Columns::row_major(&x.values[..1_399 * 700], 1_399, 700).unwrap();
    let other = ChosenPairs::new(&fewer, &moments, NonFinite::Error);
    assert!(matches!(other, Err(Error::Mismatch { expected: 1_399, found: 1_400, .. })));
}

#[test]
fn a_screen_that_begins_at_a_tile_gives_that_one_and_all_that_follow() {
    let x = sample(1_000);
    let screen = Screen::new(&rows(&x), &ScreenOptions::new()).unwrap();
    let tiles = || screen.pairs_maybe_above(0.4, Sign::Absolute).unwrap();
    let all: Vec<_> = tiles().collect();
    assert!(all.len() == 6 && all.iter().all(|tile| !tile.pairs.is_empty()));
    for begin in 0..=7 {
        // Before the first tile, and after one that had others in work with it.
        for first in [false, true] {
            let mut rest = tiles();
            assert!(!first || rest.next().is_some_and(|tile| tile == all[0]));
            rest.begin_at(begin);
            assert!(rest.collect::<Vec<_>>() == all[begin.min(6)..], "{begin}");
        }
    }
}

/// The first neurons of the real sample.
fn sample(neurons: usize) -> Matrix {
    let bytes = std::fs::read(testkit::sample()).unwrap();
    let (header, body) = bytes.split_at(8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize);
    assert!(header.len() > 8);
    // Seven layers of 1,400 tokens × 384 neurons in f16, one after another.
    let layers: Vec<&[u8]> = body.chunks(1_400 * 384 * 2).collect();
    let half = |layer: &[u8], at: usize| {
        let bits = u16::from_le_bytes([layer[2 * at], layer[2 * at + 1]]);
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
        let size = if exponent == 0 {
            fraction * 2f64.powi(-24)
        } else {
            (1024.0 + fraction) * 2f64.powi(exponent - 25)
        };
        if bits >> 15 == 1 { -size } else { size }
    };
    let value = |token: usize, neuron: usize| half(layers[neuron / 384], token * 384 + neuron % 384);
    let values = (0..1_400).flat_map(|token| (0..neurons).map(move |neuron| (token, neuron)));
    Matrix { values: values.map(|(token, neuron)| value(token, neuron)).collect(), tokens: 1_400, neurons }
}

#[test]
fn more_candidates_than_are_settled_at_once_lose_none() {
    // 300 copies of three signals: 45,000 pairs, most of them above the threshold, more than two batches.
    let (tokens, neurons) = (40, 300);
    let values: Vec<f64> = testkit::activations(tokens, neurons, 100, 9);
    let x = Matrix { values, tokens, neurons };
    holds(&x, &[0.05, 0.3], &ScreenOptions::new());
}

/// Directions decide most pairs of such matrices, and not one wrongly: with little and much noise, more directions than tokens,
/// copies (whose products are singular), constants, a huge token; a bound without its residual or its margin loses pairs here.
#[test]
fn directions_before_the_tokens_change_no_pair() {
    let always = ScreenOptions::new().low_rank(LowRank::Always);
    for (tokens, neurons, rank, noise) in
        [(400, 500, 12, 0.05), (300, 410, 30, 0.5), (40, 390, 8, 0.2), (1_500, 60, 5, 0.0), (30, 49, 3, 0.3)]
    {
        let mut x = mixtures(tokens, neurons, rank, noise, 3);
        for token in 0..tokens {
            let row = &mut x.values[token * neurons..][..neurons];
            row[7] = 3.5;
            row[20] = row[5];
            row[33] = -2.0 * row[6];
            row[12] *= if token == 11 { 1e6 } else { 1.0 };
        }
        for options in [always, always.token_block(100).energy_order(false)] {
            assert!(Screen::new(&rows(&x), &options).unwrap().directions() > 0);
            holds(&x, &[0.1, 0.5, 0.9, 1.0], &options);
            nearest_holds(&x, 4, &options);
        }
        assert_eq!(Screen::new(&rows(&x), &ScreenOptions::new()).unwrap().directions(), 0);
    }
    let constants = Matrix { values: vec![2.0; 300], tokens: 3, neurons: 100 };
    assert_eq!(Screen::new(&rows(&constants), &always).unwrap().directions(), 0);
    holds(&constants, &[0.5], &always);
}

#[test]
fn every_misuse_is_a_typed_error_with_its_place() {
    let options = ScreenOptions::new();
    let good = [1.0, 2.0, 3.0, 1.0, 2.0, 5.0];
    let columns = Columns::row_major(&good, 3, 2).unwrap();
    let screen = Screen::new(&columns, &options).unwrap();
    for threshold in [0.0, -0.5, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY] {
        let error = screen.pairs_above(threshold, Sign::Absolute).unwrap_err();
        assert!(matches!(error, Error::Threshold { .. }), "{threshold}");
        assert!(matches!(pairs_above(&columns, threshold), Err(Error::Threshold { .. })));
    }
    let bad = [1.0, 2.0, f64::NAN, 1.0, 2.0, 5.0, 4.0, 4.0, 4.0];
    let columns = Columns::row_major(&bad, 3, 3).unwrap();
    let error = Screen::new(&columns, &options).unwrap_err();
    assert_eq!(error, Error::NonFinite { neuron: 2, token: 0, neurons: 1, values: 1 });
    let screen = Screen::new(&columns, &options.non_finite(NonFinite::Uncorrelated)).unwrap();
    let pairs = screen.pairs_above(0.1, Sign::Absolute).unwrap().collect_pairs();
    assert!(pairs.iter().all(|pair| pair.second != 2) && pairs.len() == 1);
    let one = Columns::row_major(&good[..2], 1, 2).unwrap();
    assert_eq!(Screen::new(&one, &options).unwrap_err(), Error::TooFewTokens { tokens: 1 });
    let empty = Columns::<f64>::row_major(&[], 0, 2).unwrap();
    for options in [options, options.haar(false)] {
        assert_eq!(Screen::new(&empty, &options).unwrap_err(), Error::TooFewTokens { tokens: 0 });
        assert!(Screen::<f64>::bytes_needed(0, 0, &options) < 1 << 30);
    }
    let none = Columns::<f64>::row_major(&[], 3, 0).unwrap();
    assert_eq!(Screen::new(&none, &options).unwrap_err(), Error::NoNeurons);
    let huge = Columns::row_major(&[f64::MAX, 1.0, f64::MIN, 2.0], 2, 2).unwrap();
    assert!(matches!(Screen::new(&huge, &options), Err(Error::Overflow { neuron: 0, .. })));
    let stop = |_, _| ControlFlow::Break(());
    let columns = Columns::row_major(&good, 3, 2).unwrap();
    assert_eq!(Screen::new_observed(&columns, &options, &stop).unwrap_err(), Error::Cancelled);
    let screen = Screen::new(&columns, &options).unwrap();
    let stopped = screen.pairs_above(0.5, Sign::Absolute).unwrap().visit(|_| ControlFlow::Break(()));
    assert_eq!(stopped, Err(Error::Cancelled));
    let stopped = screen.most_correlated(1, Sign::Absolute, &stop);
    assert_eq!(stopped, Err(Error::Cancelled));
}

#[test]
fn the_copy_lies_in_a_file_when_memory_is_short_and_the_pairs_are_the_same() {
    let x = adversarial(500, 90, 0.6, 1);
    let columns = rows(&x);
    let needed = Screen::<f64>::bytes_needed(x.tokens, x.neurons, &ScreenOptions::new());
    let inside = Screen::new(&columns, &ScreenOptions::new().memory_limit(needed)).unwrap();
    let outside = Screen::new(&columns, &ScreenOptions::new().memory_limit(needed - 1)).unwrap();
    assert!(!inside.in_file() && outside.in_file());
    let [a, b] =
        [inside, outside].map(|screen| bits(&screen.pairs_above(0.5, Sign::Absolute).unwrap().collect_pairs()));
    assert_eq!(a, b);
}

/// Breaks at its nth question, and would go on after that: what was left out then must not look like what has no pairs.
#[test]
fn a_single_break_between_any_two_tiles_ends_the_screen() {
    let (tokens, neurons) = (40, 1_000);
    let values = testkit::activations(tokens, neurons, 5, 3);
    let screen =
        Screen::new(&Columns::row_major(&values, tokens, neurons).unwrap(), &ScreenOptions::new()).unwrap();
    for nth in 0..6 {
        let asked = AtomicUsize::new(0);
        let once = || match asked.fetch_add(1, Ordering::Relaxed) == nth {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let pairs = || screen.pairs_above(0.9, Sign::Absolute).unwrap().while_told(&once);
        let visited = pairs().visit(|_| ControlFlow::Continue(()));
        assert!(matches!(visited, Err(Error::Cancelled)), "{nth}");
        asked.store(0, Ordering::Relaxed);
        let mut maybe = screen.pairs_maybe_above(0.9, Sign::Absolute).unwrap().while_told(&once);
        assert!(maybe.by_ref().count() < maybe.tiles() && maybe.is_broken(), "{nth}");
        asked.store(0, Ordering::Relaxed);
        let nearest = screen.most_correlated(2, Sign::Absolute, &|_, _| once());
        assert!(matches!(nearest, Err(Error::Cancelled)), "{nth}");
    }
}

/// Breaks at its nth question of all that are asked while a screen is made and its pairs are settled, with directions too, and
/// would go on after that: it is an error for every n that is asked, and for no other.
#[test]
fn a_single_break_at_any_question_of_moments_bytes_directions_and_settling_is_an_error() {
    let (tokens, neurons) = (1_100, 450);
    let values = testkit::activations(tokens, neurons, 5, 3);
    let columns = Columns::row_major(&values, tokens, neurons).unwrap();
    for low_rank in [LowRank::Never, LowRank::Always] {
        let options = ScreenOptions::new().low_rank(low_rank).token_block(300);
        let (mut nth, mut all) = (0, usize::MAX);
        while nth <= all {
            let asked = AtomicUsize::new(0);
            let once = || match asked.fetch_add(1, Ordering::Relaxed) == nth {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            let observe = |_, _| once();
            let work = || {
                let screen = Screen::new_observed(&columns, &options, &observe)?;
                let mut found = 0;
                screen.pairs_above(0.5, Sign::Absolute)?.while_told(&once).visit(|tile| {
                    found += tile.pairs.len();
                    ControlFlow::Continue(())
                })?;
                Ok(found)
            };
            let result: Result<usize, Error> = work();
            let count = asked.load(Ordering::Relaxed);
            assert_eq!(result.is_err(), count > nth, "question {nth} of {count}");
            assert!(result.as_ref().map_or_else(|error| *error == Error::Cancelled, |found| *found > 100));
            if result.is_ok() {
                all = count;
            }
            nth += 1;
        }
        assert!(all > 60, "{all} questions");
    }
}
