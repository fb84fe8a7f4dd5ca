//! The whole path against its naive twin, and the laws that it obeys.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use activations::InMemory;
use neuron_redundancy::testing::{Matrix, grouped, naive_labels};
use neuron_redundancy::{
    Clusters, Config, Error, Method, NonFinite, Numbering, Observer, PlanChoice, Stage,
    create_correlation_clusters, extract_independent_neurons, pick, scikit_extract_independent_neurons,
};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::sync::Mutex;

fn source(x: &Matrix) -> InMemory<'_> {
    InMemory::new(&x.values, x.tokens, x.neurons).unwrap()
}

fn configs() -> impl Strategy<Value = Config> {
    let method = prop::sample::select(Method::ALL.to_vec());
    (method, 0.0..1.2_f64, any::<bool>(), any::<u64>()).prop_map(|(method, cutoff, absolute, seed)| {
        Config::default().with_method(method).with_cutoff(cutoff).with_absolute(absolute).with_seed(seed)
    })
}

fn run(x: &Matrix, config: &Config) -> Result<Clusters, Error> {
    create_correlation_clusters(&source(x), config, &())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(400, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn partition_is_the_naive_twins_where_rounding_does_not_decide(x in grouped(20, 14), config in configs()) {
        match run(&x, &config) {
            Err(Error::NothingVaries { .. }) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
            Ok(clusters) => match naive_labels(&x, &config) {
                Some((labels, certainty)) if certainty > 1e-9 => {
                    prop_assert_eq!(clusters.labels.as_slice(), labels);
                }
                _ => {}
            },
        }
    }

    #[test]
    fn numberings_are_one_partition_and_picks_depend_on_members_and_seed_alone(
        x in grouped(20, 14), config in configs(),
    ) {
        let scipy = config.clone().with_numbering(Numbering::Scipy);
        let (Ok(a), Ok(b)) = (
            extract_independent_neurons(&source(&x), &config, &()),
            extract_independent_neurons(&source(&x), &scipy, &()),
        ) else { return Ok(()) };
        prop_assert_eq!(a.clusters.labels.clone(), b.clusters.labels.by_lowest());
        prop_assert_eq!((a.clusters.numbering(), b.clusters.numbering()), (Numbering::Lowest, Numbering::Scipy));
        prop_assert_eq!(a.independent_neurons.len(), a.clusters.count());
        let (mut left, mut right) = (a.independent_neurons.clone(), b.independent_neurons.clone());
        left.sort_unstable();
        right.sort_unstable();
        prop_assert_eq!(left, right);
        for (members, kept) in a.clusters.labels.clusters().iter().zip(&a.independent_neurons) {
            prop_assert_eq!(pick(members, config.seed), Some(*kept));
            prop_assert!(members.contains(kept));
        }
    }

    #[test]
    fn scikit_form_is_signed_average_whatever_the_config_says(x in grouped(15, 10), config in configs()) {
        let Ok(a) = scikit_extract_independent_neurons(&source(&x), &config, &()) else { return Ok(()) };
        let signed = config.with_absolute(false).with_method(Method::Average);
        let b = extract_independent_neurons(&source(&x), &signed, &()).unwrap();
        prop_assert_eq!(a.clusters.labels, b.clusters.labels);
        prop_assert_eq!(a.independent_neurons, b.independent_neurons);
    }
}

#[test]
fn thread_count_changes_no_label_pick_or_height() {
    let (tokens, neurons) = (1_500, 300);
    let x = testkit::activations(tokens, neurons, 6, 11);
    let source = InMemory::new(&x, tokens, neurons).unwrap();
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let config = Config::default().with_seed(seed).with_dendrogram(true);
        let result = pool.install(|| extract_independent_neurons(&source, &config, &())).unwrap();
        let heights: Vec<u64> =
            result.clusters.dendrogram.as_ref().unwrap().merges().iter().map(|m| m.height.to_bits()).collect();
        (result.clusters.labels, result.independent_neurons, heights)
    };
    let expected = run(1, 7);
    assert!(expected.0.count() > 10 && expected.0.count() < neurons);
    for threads in [1, 2, 8] {
        assert_eq!(run(threads, 7), expected, "{threads} threads");
    }
    assert_eq!(run(2, 8).0, expected.0);
    assert_ne!(run(2, 8).1, expected.1);
}

#[test]
fn every_misuse_is_a_typed_error() {
    let config = Config::default();
    let clusters = |values: &[f64], tokens, neurons, config: &Config| {
        create_correlation_clusters(&InMemory::new(values, tokens, neurons).unwrap(), config, &())
    };
    assert!(matches!(clusters(&[], 0, 5, &config), Err(Error::TooFewTokens { tokens: 0 })));
    assert!(matches!(clusters(&[1.0, 2.0], 1, 2, &config), Err(Error::TooFewTokens { tokens: 1 })));
    assert!(matches!(clusters(&[], 5, 0, &config), Err(Error::TooFewNeurons { neurons: 0 })));
    assert!(matches!(clusters(&[1.0, 2.0], 2, 1, &config), Err(Error::TooFewNeurons { neurons: 1 })));
    let x = [1.0, 2.0, 3.0, 1.0, 0.5, 7.0];
    for cutoff in [f64::NAN, -0.1, f64::NEG_INFINITY] {
        assert!(matches!(clusters(&x, 3, 2, &config.clone().with_cutoff(cutoff)), Err(Error::Cutoff { .. })));
    }
    let error = clusters(&[1.0, f64::NAN, 3.0, 1.0, f64::INFINITY, 7.0], 3, 2, &config).unwrap_err();
    assert!(
        matches!(&error, Error::NonFinite { neuron: 0, token: 2, neurons: 2, values: 2, name, value }
            if name == "0" && value.is_infinite()),
        "{error}"
    );
    let spoilt = [1.0, f64::NAN, 3.0, 1.0, f64::INFINITY, 7.0];
    let uncorrelated = config.clone().with_non_finite(NonFinite::Uncorrelated);
    let error = clusters(&spoilt, 3, 2, &uncorrelated).unwrap_err();
    assert!(matches!(error, Error::NothingVaries { non_finite: 2, .. }), "{error}");
    let constant = clusters(&[4.0; 6], 3, 2, &config).unwrap_err();
    assert!(matches!(constant, Error::NothingVaries { neurons: 2, tokens: 3, constants: 2, non_finite: 0 }));
    let memory = clusters(&x, 3, 2, &config.clone().with_memory_limit(10)).unwrap_err();
    assert!(matches!(memory, Error::Memory { available: 10, given: true, .. }));
    let huge = clusters(&[f64::MAX, 0.0, f64::MIN, 1.0], 2, 2, &config).unwrap_err();
    assert!(matches!(huge, Error::Correlation(_)), "{huge}");
}

/// Remembers what it saw and stops at a stage.
#[derive(Default)]
struct Watcher {
    seen: Mutex<Vec<(Stage, usize, usize)>>,
    stop_at: Option<Stage>,
}

impl Observer for Watcher {
    fn progress(&self, stage: Stage, done: usize, total: usize) -> ControlFlow<()> {
        self.seen.lock().unwrap().push((stage, done, total));
        if self.stop_at == Some(stage) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_observer_sees_every_stage_of_every_plan_to_its_end_and_can_cancel_in_each() {
    let x = testkit::activations(2_100, 300, 4, 3);
    let source = InMemory::new(&x, 2_100, 300).unwrap();
    let config = Config::default();
    for config in [
        config.clone().with_dendrogram(true),
        config.clone().with_plan(PlanChoice::Dense),
        config.clone().with_plan(PlanChoice::Components),
        config.with_cutoff(1.0),
    ] {
        let watcher = Watcher::default();
        let clusters = create_correlation_clusters(&source, &config, &watcher).unwrap();
        let seen = watcher.seen.into_inner().unwrap();
        let stages = clusters.plan.stages();
        assert_eq!(
            clusters.times.iter().map(|time| time.0).collect::<Vec<_>>(),
            stages,
            "{:?}",
            clusters.plan.kind
        );
        for stage in Stage::ALL {
            let last = seen.iter().filter(|s| s.0 == stage).map(|s| (s.1, s.2)).max();
            assert_eq!(last.is_some(), stages.contains(&stage), "{stage:?}");
            assert!(last.is_none_or(|last| last.0 == last.1), "{stage:?}");
            let stopper = Watcher { stop_at: Some(stage), ..Watcher::default() };
            let result = create_correlation_clusters(&source, &config, &stopper);
            assert_eq!(matches!(result, Err(Error::Cancelled)), last.is_some(), "{stage:?}");
        }
    }
}
