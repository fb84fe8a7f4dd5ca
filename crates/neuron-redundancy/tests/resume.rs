//! Stage files: a run that was cut off anywhere goes on to the same result, and files of another run are refused by name.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use activations::InMemory;
use neuron_redundancy::{
    Clusters, Config, Error, Method, NonFinite, Numbering, Observer, PlanChoice, Representative, Resumed,
    Stage, Ties, create_correlation_clusters, extract_independent_neurons, sweep,
};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const TOKENS: usize = 150;
const NEURONS: usize = 4_000;

/// The neurons from here on are pairs that are about as near as the cutoff: bytes leave them in doubt.
const PAIRED: usize = 2_000;

/// Groups of all sizes, one of them large enough for single products; then pairs.
fn values() -> Vec<f32> {
    let fresh = |seed: usize| {
        let mut rng = testkit::Rng::new(seed as u64);
        (0..TOKENS).map(|_| rng.normal()).collect::<Vec<f64>>()
    };
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for neuron in 0..PAIRED {
        let (group, share) = (if neuron < 300 { 0 } else { neuron % 40 }, 1.0 + neuron as f64 / 1_000.0);
        let both = fresh(neuron).into_iter().zip(fresh(NEURONS + group));
        columns.push(both.map(|(own, shared)| own + share * shared).collect());
    }
    for neuron in PAIRED..NEURONS {
        // The partner of a neuron is as far from the end as it is from the beginning.
        let own = fresh(neuron);
        let partner = PAIRED + NEURONS - 1 - neuron;
        columns.push(match columns.get(partner) {
            None => own,
            Some(partner) => at_correlation(partner, &own, 0.65 + 2e-6 * (neuron as f64 - 3_500.0)),
        });
    }
    (0..TOKENS * NEURONS).map(|at| columns[at % NEURONS][at / NEURONS] as f32).collect()
}

/// What has such a correlation with `a`, and is otherwise like `b`.
fn at_correlation(a: &[f64], b: &[f64], correlation: f64) -> Vec<f64> {
    let unit = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let norm = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
        x.iter().map(|v| (v - mean) / norm).collect::<Vec<f64>>()
    };
    let (a, b) = (unit(a), unit(b));
    let along: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let across = unit(&a.iter().zip(&b).map(|(a, b)| b - along * a).collect::<Vec<f64>>());
    let rest = (1.0 - correlation * correlation).sqrt();
    a.iter().zip(&across).map(|(a, b)| correlation * a + rest * b).collect()
}

fn source(values: &[f32]) -> InMemory<'_> {
    InMemory::new(values, TOKENS, NEURONS).unwrap()
}

fn config(folder: &Path) -> Config {
    Config::default().with_cutoff(0.35).with_plan(PlanChoice::Components).with_resume(folder)
}

/// Notes the first and the last tile that it is told of; breaks at the nth time that it is told anything.
struct Until {
    left: AtomicUsize,
    first: AtomicUsize,
    last: AtomicUsize,
}

impl Until {
    fn new(left: usize) -> Self {
        Self { left: AtomicUsize::new(left), first: AtomicUsize::new(usize::MAX), last: AtomicUsize::new(0) }
    }

    fn tiles(&self) -> (usize, usize) {
        (self.first.load(Ordering::Relaxed), self.last.load(Ordering::Relaxed))
    }
}

impl Observer for Until {
    fn progress(&self, stage: Stage, done: usize, _: usize) -> ControlFlow<()> {
        if stage == Stage::Screen {
            self.first.fetch_min(done, Ordering::Relaxed);
            self.last.fetch_max(done, Ordering::Relaxed);
        }
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if before.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// All that does not depend on where a run was cut off.
fn same(a: &Clusters, b: &Clusters) -> bool {
    let statistics = |c: &Clusters| c.screen.map(|screen| (screen.components, screen.largest));
    a.labels == b.labels
        && a.components == b.components
        && a.ambiguous == b.ambiguous
        && (a.repaired, a.again) == (b.repaired, b.again)
        && a.constant_neurons == b.constant_neurons
        && statistics(a) == statistics(b)
}

/// The expected result, made in a folder whose stage files are then whole.
fn whole(values: &[f32], folder: &Path) -> Clusters {
    let mut plain = config(folder);
    plain.resume = None;
    let expected = create_correlation_clusters(&source(values), &plain, &()).unwrap();
    let found = create_correlation_clusters(&source(values), &config(folder), &()).unwrap();
    assert!(same(&found, &expected));
    assert_eq!(found.resumed, Resumed::default());
    let screen = expected.screen.unwrap();
    assert!(
        screen.largest > 256 && screen.components > 20 && expected.labels.count() > 50,
        "{screen:?} {}",
        expected.labels.count()
    );
    expected
}

#[test]
fn a_run_that_is_cancelled_again_and_again_comes_to_the_same_result_and_does_no_tile_twice() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    let expected = whole(&values, &folder.path().join("whole"));
    let (folder, mut runs, mut done) = (folder.path().join("parts"), 0, 0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    // One thread has sixteen tiles in work at a time, and keeps them when all are done.
    let (wave, mut patience) = (16, 20);
    let found = loop {
        let observer = Until::new(patience);
        let run = || create_correlation_clusters(&source(&values), &config(&folder), &observer);
        (runs, patience) = (runs + 1, patience + 1 + patience / 8);
        let result = pool.install(run);
        if let (first, last @ 1..) = observer.tiles() {
            assert_eq!(first, done / wave * wave);
            done = last;
        }
        match result {
            Ok(found) => break found,
            Err(Error::Cancelled) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(runs < 200);
    };
    assert!(same(&found, &expected) && runs > 5 && done == 66, "{runs} runs, {done} tiles");
    assert!(found.resumed.tiles > 0 && found.resumed.components > 0, "{:?}", found.resumed);
    // Once more: nothing is left to be done, at any number of threads.
    let observer = Until::new(usize::MAX);
    let again = create_correlation_clusters(&source(&values), &config(&folder), &observer).unwrap();
    assert!(same(&again, &expected));
    assert_eq!(observer.tiles(), (usize::MAX, 0));
    assert_eq!(again.resumed.components, expected.screen.unwrap().components);
}

/// What `kill -9` leaves: files that end anywhere.
#[test]
fn files_that_are_cut_off_at_any_byte_lead_to_the_same_result() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    let expected = whole(&values, folder.path());
    for name in ["screen.stage", "linkage.stage"] {
        let path = folder.path().join(name);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() > 2_000, "{name}: {}", bytes.len());
        let ends = (0..12).map(|part| bytes.len() * part / 12 + part).chain([1, 8, 9, 24, 60, bytes.len() - 1]);
        for end in ends {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let found = create_correlation_clusters(&source(&values), &config(folder.path()), &()).unwrap();
            assert!(same(&found, &expected), "{name} cut off at byte {end}");
        }
        assert!(std::fs::read(&path).unwrap().len() > 2_000);
    }
}

#[test]
fn a_byte_that_was_changed_anywhere_is_found_and_named() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    whole(&values, folder.path());
    for name in ["screen.stage", "linkage.stage"] {
        let path = folder.path().join(name);
        let bytes = std::fs::read(&path).unwrap();
        for at in (0..400).chain((400..bytes.len()).step_by(bytes.len() / 40)).chain([bytes.len() - 1]) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&path, damaged).unwrap();
            let error = create_correlation_clusters(&source(&values), &config(folder.path()), &()).unwrap_err();
            assert!(
                matches!(&error, Error::StageDamaged { path, byte, .. } if path.ends_with(name) && *byte <= at as u64),
                "{name}, byte {at}: {error}"
            );
        }
        std::fs::write(&path, bytes).unwrap();
    }
}

#[test]
fn files_of_another_run_are_refused_by_the_name_of_what_differs() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    whole(&values, folder.path());
    let config = config(folder.path());
    let refused = |values: &[f32], neurons: usize, config: &Config| {
        let source = InMemory::new(values, values.len() / neurons, neurons).unwrap();
        match create_correlation_clusters(&source, config, &()).unwrap_err() {
            Error::StageMismatch { what, stored, given, .. } => {
                assert_ne!(stored, given);
                what
            }
            error => panic!("{error}"),
        }
    };
    let mut other = values.clone();
    other[TOKENS * NEURONS - 1] += 0.5;
    assert_eq!(refused(&other, NEURONS, &config), "input");
    assert_eq!(refused(&values, NEURONS / 2, &config), "input");
    let with = |config: Config| refused(&values, NEURONS, &config);
    assert_eq!(with(config.clone().with_cutoff(0.36)), "cutoff");
    assert_eq!(with(config.clone().with_absolute(false)), "absolute");
    assert_eq!(with(config.clone().with_non_finite(NonFinite::Uncorrelated)), "non-finite");
    assert_eq!(with(config.clone().with_method(Method::Complete)), "method");
    assert_eq!(with(config.clone().with_single_products(false)), "precision");
    assert_eq!(with(config.clone().with_plan(PlanChoice::Dense)), "plan");
    let more = sweep(&source(&values), &config, &[0.2, 0.35], &()).unwrap_err();
    assert!(matches!(more, Error::StageMismatch { what: "cutoffs", .. }), "{more}");
    // A version that is not this one: the record is whole.
    let text = std::fs::read(folder.path().join("screen.stage")).unwrap();
    assert!(
        String::from_utf8_lossy(&text)
            .contains(&format!("version {}\nstage screen\n", env!("CARGO_PKG_VERSION")))
    );

    // What cannot change the clusters is not asked about.
    let free = config.with_seed(7).with_representative(Representative::First).with_ties(Ties::Scipy);
    let free = free.with_memory_limit(1 << 40);
    let found = extract_independent_neurons(&source(&values), &free, &()).unwrap();
    assert!(found.clusters.resumed.tiles > 0 && found.clusters.resumed.components > 0);
}

#[test]
fn dense_plans_keep_their_tree() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    let dense = |numbering: Numbering| {
        let config = config(folder.path()).with_plan(PlanChoice::Dense).with_numbering(numbering);
        create_correlation_clusters(&source(&values), &config, &()).unwrap()
    };
    for numbering in [Numbering::Lowest, Numbering::Scipy] {
        let (first, second) = (dense(numbering), dense(numbering));
        assert_eq!((first.resumed.components, second.resumed.components), (0, 1));
        assert!(same(&first, &second) && first.dendrogram == second.dendrogram);
    }
}

#[test]
fn a_folder_is_one_runs_at_a_time_and_what_cannot_be_a_folder_is_refused() {
    let (values, folder) = (values(), tempfile::tempdir().unwrap());
    struct Second<'a> {
        values: &'a [f32],
        folder: &'a Path,
        refused: AtomicUsize,
    }
    impl Observer for Second<'_> {
        fn progress(&self, stage: Stage, _: usize, _: usize) -> ControlFlow<()> {
            if stage == Stage::Screen && self.refused.load(Ordering::Relaxed) == 0 {
                let second = create_correlation_clusters(&source(self.values), &config(self.folder), &());
                let in_use = matches!(second, Err(Error::StageInUse { .. }));
                self.refused.store(1 + usize::from(in_use), Ordering::Relaxed);
            }
            ControlFlow::Continue(())
        }
    }
    let observer = Second { values: &values, folder: folder.path(), refused: AtomicUsize::new(0) };
    create_correlation_clusters(&source(&values), &config(folder.path()), &observer).unwrap();
    assert_eq!(observer.refused.load(Ordering::Relaxed), 2);

    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let error = create_correlation_clusters(&source(&values), &config(&file), &()).unwrap_err();
    assert!(matches!(&error, Error::StageFile { path, .. } if *path == file), "{error}");
}
