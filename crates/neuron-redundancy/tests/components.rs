//! The plan by components, and single products, against the dense plan in double precision: one partition.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use activations::InMemory;
use neuron_redundancy::testing::{Matrix, grouped};
use neuron_redundancy::{
    Clusters, Config, Error, Method, NonFinite, PlanChoice, PlanKind, Ties, create_correlation_clusters,
};
use proptest::prelude::*;

const REDUCIBLE: [Method; 5] =
    [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward];

fn run(x: &Matrix, config: &Config) -> Result<Clusters, Error> {
    create_correlation_clusters(&InMemory::new(&x.values, x.tokens, x.neurons).unwrap(), config, &())
}

fn dense(config: &Config) -> Config {
    config.clone().with_plan(PlanChoice::Dense).with_dendrogram(true)
}

/// Holds the plan by components to the dense one. Gives whether it was unique.
fn check(x: &Matrix, config: &Config) -> Result<bool, TestCaseError> {
    let expected = match run(x, &dense(config)) {
        Ok(expected) => expected,
        Err(Error::NothingVaries { .. }) => {
            let same = run(x, config);
            prop_assert!(matches!(same, Err(Error::NothingVaries { .. })), "{same:?}");
            return Ok(true);
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let found = run(x, config).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(found.plan.kind, PlanKind::Components);
    prop_assert_eq!(&found.constant_neurons, &expected.constant_neurons);
    // Every difference lies in a component that is listed.
    let listed = |neuron: usize| found.ambiguous.iter().any(|component| component.neurons.contains(&neuron));
    let (a, b) = (found.labels.clusters(), expected.labels.clusters());
    for (found, expected) in [(&a, &b), (&b, &a)] {
        for cluster in found {
            let differs = !expected.contains(cluster);
            prop_assert!(!differs || cluster.iter().all(|&neuron| listed(neuron)), "{cluster:?} {config:?}");
        }
    }
    if found.ambiguous.is_empty() {
        prop_assert_eq!(found.labels.as_slice(), expected.labels.as_slice());
    }
    let scipy = run(x, &config.clone().with_ties(Ties::Scipy)).unwrap();
    prop_assert_eq!(scipy.labels.as_slice(), expected.labels.as_slice());
    Ok(found.ambiguous.is_empty())
}

fn configs() -> impl Strategy<Value = Config> {
    let cutoff = prop_oneof![0.0..0.999_f64, Just(0.0), Just(0.5), Just(0.25)];
    // With single products components are linked from their near pairs, without from their matrices.
    let of = (prop::sample::select(REDUCIBLE.to_vec()), cutoff, any::<bool>(), any::<bool>());
    of.prop_map(|(method, cutoff, absolute, singles)| {
        let config = Config::default().with_method(method).with_cutoff(cutoff).with_absolute(absolute);
        config.with_plan(PlanChoice::Components).with_single_products(singles)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(600, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn components_give_the_dense_partition_of_continuous_data(x in grouped(30, 40), config in configs()) {
        check(&x, &config)?;
    }

    /// Few values and few tokens: ties everywhere.
    #[test]
    fn components_give_the_dense_partition_of_tied_data_or_say_where_not(
        tokens in 3_usize..12, neurons in 2_usize..40, seed in any::<u64>(), levels in 2_u32..5, config in configs(),
    ) {
        let noise = testkit::activations(tokens, neurons, 2, seed);
        let values = noise.iter().map(|value: &f64| (value * f64::from(levels)).round()).collect();
        check(&Matrix { values, tokens, neurons }, &config)?;
    }
}

/// Components large enough for single products, at cutoffs below and above most heights.
#[test]
fn single_products_are_proven_or_repaired_and_change_no_cluster() {
    let (tokens, neurons) = (700, 900);
    // All share something of one factor, some more than others.
    let noise: Vec<f64> = testkit::activations(tokens, neurons + 1, 40, 21);
    let value = |token: usize, neuron: usize| {
        let row = &noise[token * (neurons + 1)..];
        row[neuron] + row[neurons] * (0.2 + neuron as f64 / 600.0)
    };
    let values = (0..tokens * neurons).map(|at| value(at / neurons, at % neurons)).collect();
    let x = Matrix { values, tokens, neurons };
    let (mut repaired, mut largest) = (0, 0);
    for method in REDUCIBLE {
        for (cutoff, absolute) in [(0.3, true), (0.6, true), (0.85, true), (0.6, false)] {
            let config = Config::default().with_method(method).with_cutoff(cutoff).with_absolute(absolute);
            let expected = run(&x, &dense(&config)).unwrap();
            for plan in [PlanChoice::Components, PlanChoice::Dense] {
                for singles in [true, false] {
                    let config = config.clone().with_plan(plan).with_single_products(singles);
                    let found = run(&x, &config).unwrap();
                    assert!(found.labels == expected.labels, "{method} {cutoff} {absolute} {plan:?} {singles}");
                    assert_eq!(found.ambiguous, [], "{method} {cutoff} {plan:?} {singles}");
                    assert!(singles || found.repaired == 0);
                    repaired += found.repaired + found.again;
                    largest = largest.max(found.screen.map_or(0, |screen| screen.largest));
                }
            }
        }
    }
    assert!(repaired > 0 && largest > 256, "{repaired} repaired, {largest} the largest component");
}

#[test]
fn threads_and_memory_change_no_label() {
    let (tokens, neurons) = (1_500, 700);
    let values = testkit::activations(tokens, neurons, 12, 5);
    let x = Matrix { values, tokens, neurons };
    let run = |threads: usize, config: &Config| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&x, config)).unwrap()
    };
    let config = Config::default().with_cutoff(0.4).with_plan(PlanChoice::Components);
    let expected = run(1, &config);
    assert!(expected.labels.count() < neurons && expected.labels.count() > 1);
    for threads in [1, 2, 8] {
        let found = run(threads, &config);
        let parts = |found: &Clusters| found.screen.map(|screen| (screen.components, screen.largest));
        assert!(found.labels == expected.labels && parts(&found) == parts(&expected), "{threads} threads");
    }
    // The bytes go to a file.
    let plain = run(2, &config);
    let found = run(2, &config.with_memory_limit(plain.plan.bytes - 100_000));
    assert!(found.plan.in_file && found.labels == expected.labels);
}

#[test]
fn neurons_that_are_not_finite_or_constant_are_alone_in_every_plan() {
    let (tokens, neurons) = (100, 60);
    let mut values = testkit::activations(tokens, neurons, 3, 9);
    for token in 0..tokens {
        values[token * neurons + 7] = 4.0;
    }
    values[50 * neurons + 11] = f64::NAN;
    let x = Matrix { values, tokens, neurons };
    let config = Config::default().with_cutoff(0.7).with_plan(PlanChoice::Components);
    let error = run(&x, &config).unwrap_err();
    assert!(
        matches!(&error, Error::NonFinite { neuron: 11, token: 50, value, .. } if value.is_nan()),
        "{error}"
    );
    let config = config.with_non_finite(NonFinite::Uncorrelated);
    let expected = run(&x, &dense(&config)).unwrap();
    for plan in [PlanChoice::Components, PlanChoice::Dense] {
        let found = run(&x, &config.clone().with_plan(plan)).unwrap();
        assert_eq!(found.labels, expected.labels);
        assert_eq!((found.constant_neurons, found.non_finite_neurons), (vec![7], vec![11]));
    }
}

#[test]
fn what_needs_more_memory_than_there_is_is_refused_with_figures() {
    // Integers in twelve tokens: ties, and hardly a pair that is far.
    let (tokens, neurons) = (12, 1_200);
    let values: Vec<f64> =
        testkit::activations(tokens, neurons, 1, 2).iter().map(|v: &f64| v.round()).collect();
    let x = Matrix { values, tokens, neurons };
    let config = Config::default().with_plan(PlanChoice::Components).with_cutoff(0.9);
    let free = run(&x, &config).unwrap();
    assert!(!free.ambiguous.is_empty() && free.screen.is_some_and(|screen| screen.largest > 1_000));
    let tight = config.with_memory_limit(free.plan.bytes + 500_000);
    let error = run(&x, &tight).unwrap_err();
    assert!(matches!(error, Error::Component { neurons: 1_200, .. }), "{error}");
    assert!(error.to_string().contains("hang together at cutoff 0.9"), "{error}");
}

/// One factor in all of them: the screen lists more near pairs than are of use, and stops listing.
#[test]
fn near_pairs_that_are_too_many_are_given_up_and_change_no_label() {
    let (tokens, neurons) = (90, 1_300);
    let noise: Vec<f64> = testkit::activations(tokens, neurons + 1, neurons + 1, 12);
    let value = |token: usize, neuron: usize| {
        let row = &noise[token * (neurons + 1)..];
        row[neuron] + 2.0 * row[neurons] * (1.0 + neuron as f64 / 900.0)
    };
    let values = (0..tokens * neurons).map(|at| value(at / neurons, at % neurons)).collect();
    let x = Matrix { values, tokens, neurons };
    let folder = tempfile::tempdir().unwrap();
    for (method, cutoff) in [(Method::Average, 0.2), (Method::Complete, 0.3), (Method::Weighted, 0.1)] {
        let config = Config::default().with_method(method).with_cutoff(cutoff);
        let expected = run(&x, &dense(&config)).unwrap();
        let config = config.with_plan(PlanChoice::Components);
        let stages = config.clone().with_resume(folder.path().join(method.name()));
        for config in [&config, &stages, &stages] {
            let found = run(&x, config).unwrap();
            let screen = found.screen.unwrap();
            assert!(screen.candidates > 256 * neurons, "{method}: {screen:?}");
            assert!(found.labels == expected.labels && found.ambiguous.is_empty(), "{method}");
            assert!(found.labels.count() > 1 && found.labels.count() < neurons, "{method}");
        }
    }
}
