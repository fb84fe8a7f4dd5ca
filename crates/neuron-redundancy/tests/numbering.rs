//! SciPy's numbering from single products: the labels of the whole tree in double precision.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use activations::{InMemory, Scratch};
use fcluster::Numbering;
use neuron_redundancy::{
    Clusters, Config, Error, Method, Observer, PlanChoice, PlanKind, Stage, create_correlation_clusters, sweep,
};
use std::ops::ControlFlow;
use testkit::Fixture;

const CERTIFIED: [Method; 2] = [Method::Average, Method::Weighted];

/// As few as the certified plan takes on.
const NEURONS: usize = 1_030;

fn config() -> Config {
    Config::default().with_numbering(Numbering::Scipy)
}

/// Neurons that all share something, so that heights lie close together; in `f32`, some by halves if that is wanted.
fn values(tokens: usize, seed: u64, coarse: bool) -> Vec<f64> {
    let noise = testkit::activations(tokens, NEURONS + 1, 40, seed);
    let value = |token: usize, neuron: usize| {
        let row = &noise[token * (NEURONS + 1)..];
        let value = row[neuron] + row[NEURONS] * (0.2 + neuron as f64 / 600.0);
        if coarse { (2.0 * value).round() } else { value }
    };
    (0..tokens * NEURONS).map(|at| value(at / NEURONS, at % NEURONS)).collect()
}

fn run(values: &[f64], config: &Config) -> Clusters {
    let source = InMemory::new(values, values.len() / NEURONS, NEURONS).unwrap();
    create_correlation_clusters(&source, config, &()).unwrap()
}

/// Runs with and without single products; gives the first.
fn check(values: &[f64], config: &Config) -> Clusters {
    let found = run(values, config);
    let expected = run(values, &config.clone().with_single_products(false));
    assert_eq!((found.plan.kind, expected.plan.kind), (PlanKind::DenseCertified, PlanKind::Dense));
    assert!(found.labels == expected.labels, "{config:?}");
    assert_eq!((expected.repaired, expected.again, found.ambiguous.len()), (0, 0, 0));
    found
}

/// 9 cutoffs × absolute and signed, by `sweep`, which certifies all cutoffs together. The sample has two constants, which are
/// a tie: with both its labels are SciPy's from double precision, without them from single products.
#[test]
fn labels_of_the_sample_are_scipys_with_and_without_its_constants() {
    let fixture = Fixture::open("sample");
    let source = activations::open(testkit::sample()).unwrap();
    let cutoffs: Vec<f64> = (1..=9_u8).map(|tenths| f64::from(tenths) / 10.0).collect();
    let mut scratch = Scratch::default();
    let block = source.block(0..source.tokens(), &mut scratch).unwrap();
    let (mut compared, mut repaired) = (0, 0);
    for (absolute, measure) in [(true, "absolute"), (false, "signed")] {
        for method in CERTIFIED {
            let config = config().with_method(method).with_absolute(absolute);
            let all = sweep(&*source, &config, &cutoffs, &()).unwrap();
            assert_eq!((all.plan.kind, all.repaired, all.again), (PlanKind::DenseCertified, 0, 0), "{method}");
            let some: Vec<usize> =
                (0..source.neurons()).filter(|neuron| !all.constant_neurons.contains(neuron)).collect();
            assert_eq!(some.len(), source.neurons() - 2);
            let values: Vec<f64> = (0..source.tokens())
                .flat_map(|token| some.iter().map(move |&neuron| (token, neuron)))
                .filter_map(|(token, neuron)| block.get(token, neuron))
                .collect();
            let varying = InMemory::new(&values, source.tokens(), some.len()).unwrap();
            let certified = sweep(&varying, &config, &cutoffs, &()).unwrap();
            let double = sweep(&varying, &config.with_single_products(false), &cutoffs, &()).unwrap();
            assert_eq!((certified.again, double.repaired), (0, 0), "{method}");
            repaired += certified.repaired;
            for ((tenths, all), (step, expected)) in
                (1..).zip(&all.steps).zip(certified.steps.iter().zip(&double.steps))
            {
                let name = format!("{measure}/{method}/0.{tenths}");
                assert!(all.labels.as_slice() == fixture.counts(&name), "{name}");
                assert!(step.labels == expected.labels, "{name}");
                compared += 2;
            }
        }
    }
    assert_eq!(compared, 72);
    assert!(repaired > 0, "some decisions should have been too close for single products");
}

#[test]
fn order_of_clusters_is_proven_or_repaired_for_every_method_measure_and_cutoff() {
    let values = values(900, 21, false);
    let mut repaired = 0;
    for method in CERTIFIED {
        for (cutoff, absolute) in [(0.0, true), (0.3, true), (0.85, true), (0.6, false)] {
            let config = config().with_method(method).with_cutoff(cutoff).with_absolute(absolute);
            let found = check(&values, &config);
            assert_eq!(found.again, 0, "{method} {cutoff}");
            assert!(found.labels.numbering() == Numbering::Scipy && found.dendrogram.is_none());
            repaired += found.repaired;
        }
    }
    assert!(repaired > 0);
}

#[test]
fn what_ties_is_left_to_the_tree_in_double_precision() {
    // Few values and few tokens: ties everywhere.
    let tied = check(&values(6, 5, true), &config());
    assert_eq!(tied.again, 1);
    // One constant is further from all than anything else; two are a tie, which is seen before any work.
    let mut constant = values(300, 7, false);
    for (at, again) in [(5, 0), (700, 0)] {
        constant.iter_mut().skip(at).step_by(NEURONS).for_each(|value| *value = 1.5);
        let found = check(&constant, &config());
        assert_eq!(found.again, again, "{at}");
    }
    // Two pairs of equal neurons: which pair is the first is no more certain than their zeros.
    let mut equal = values(300, 9, false);
    for (from, to) in [(0, 1), (2, 3)] {
        for row in equal.chunks_mut(NEURONS) {
            row[to] = row[from];
        }
    }
    check(&equal, &config().with_cutoff(0.2));
}

#[test]
fn threads_change_no_label_and_what_is_asked_beside_numbers_takes_the_plan_that_gives_it() {
    let values = values(500, 3, false);
    let found = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&values, &config()))
    };
    let (one, many) = (found(1), found(8));
    assert!(one.labels == many.labels && one.repaired == many.repaired);
    for (config, kind) in [
        (config().with_dendrogram(true), PlanKind::Dense),
        (config().with_method(Method::Single), PlanKind::Dense),
        (config().with_method(Method::Complete), PlanKind::Dense),
        (config().with_method(Method::Ward), PlanKind::Dense),
        (config().with_method(Method::Median), PlanKind::Dense),
        (config().with_plan(PlanChoice::Dense), PlanKind::DenseCertified),
    ] {
        assert_eq!(run(&values, &config).plan.kind, kind);
    }
}

struct StopAt(Stage);

impl Observer for StopAt {
    fn progress(&self, stage: Stage, done: usize, total: usize) -> ControlFlow<()> {
        if stage == self.0 && 2 * done > total { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn a_certified_run_tells_of_its_stages_stops_in_each_and_keeps_its_tree() {
    let (values, folder) = (values(400, 11, false), tempfile::tempdir().unwrap());
    let source = InMemory::new(&values, 400, NEURONS).unwrap();
    let config = config().with_resume(folder.path());
    for stage in [Stage::Moments, Stage::Linkage, Stage::Cut] {
        let stopped = create_correlation_clusters(&source, &config, &StopAt(stage));
        assert!(matches!(stopped, Err(Error::Cancelled)), "{stage:?}");
    }
    // It was stopped at the cut: the tree was made.
    let found = run(&values, &config);
    assert_eq!(found.times.iter().map(|time| time.0).collect::<Vec<_>>(), found.plan.stages());
    assert_eq!(found.resumed.components, 1);
    let anew = run(&values, &self::config());
    assert!(found.labels == anew.labels && anew.resumed.components == 0);
}
