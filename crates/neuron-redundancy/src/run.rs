//! A run from the file to the labels, by whatever plan.

use crate::components::{self, ScreenStatistics};
use crate::input::{Visit, copied_bytes, with_columns};
use crate::link::{Linked, Links};
use crate::observer::report;
use crate::plan::PlanKind;
use crate::union::UnionFind;
use crate::{AmbiguousComponent, Config, Error, Observer, Plan, PlanChoice, Stage, Ties, dense};
use activations::Source;
use fcluster::{Criterion, Labels, fcluster};
use hclust::Dendrogram;
use neurocorr::{Columns, Float, Moments, Screen};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// What a run makes before any picks.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) plan: Plan,
    /// For each cutoff.
    pub(crate) labels: Vec<Labels>,
    pub(crate) dendrogram: Option<Dendrogram<f64>>,
    pub(crate) moments: Moments,
    pub(crate) ambiguous: Vec<AmbiguousComponent>,
    pub(crate) repaired: usize,
    pub(crate) again: usize,
    pub(crate) screen: Option<ScreenStatistics>,
    /// Which neurons hang together, in a plan by components.
    pub(crate) components: Option<Labels>,
    pub(crate) times: Vec<(Stage, Duration)>,
}

/// Times of stages.
pub(crate) struct Clock {
    start: Instant,
    times: Vec<(Stage, Duration)>,
}

impl Clock {
    fn new() -> Self {
        Self { start: Instant::now(), times: Vec::new() }
    }

    /// A stage ends.
    pub(crate) fn lap(&mut self, stage: Stage) {
        self.times.push((stage, std::mem::replace(&mut self.start, Instant::now()).elapsed()));
    }
}

/// The clusters at each of some cutoffs, in their order.
pub(crate) fn run(
    source: &dyn Source,
    config: &Config,
    cutoffs: &[f64],
    observer: &dyn Observer,
) -> Result<Run, Error> {
    for &cutoff in cutoffs {
        config.clone().with_cutoff(cutoff).check()?;
    }
    let greatest = cutoffs.iter().copied().fold(0.0, f64::max);
    let (tokens, neurons) = (source.tokens(), source.neurons());
    if neurons < 2 {
        return Err(Error::TooFewNeurons { neurons });
    }
    if tokens < 2 {
        return Err(Error::TooFewTokens { tokens });
    }
    let plan = Plan::choose_for(tokens, neurons, config, greatest, copied_bytes(source))?;
    let run = by_plan(source, config, cutoffs, greatest, plan, observer)?;
    if config.ties == Ties::Report || run.ambiguous.is_empty() {
        return Ok(run);
    }
    // As SciPy decides them: with all that lies above the cutoff.
    let whole = config.clone().with_plan(PlanChoice::Dense).with_single_products(false);
    match Plan::choose_for(tokens, neurons, &whole, greatest, 0) {
        Ok(plan) => by_plan(source, &whole, cutoffs, greatest, plan, observer),
        Err(error) => {
            let first = run
                .ambiguous
                .first()
                .map_or_else(Vec::new, |component| component.neurons.iter().copied().take(5).collect());
            Err(Error::Ties { components: run.ambiguous.len(), first, source: Box::new(error) })
        }
    }
}

fn by_plan(
    source: &dyn Source,
    config: &Config,
    cutoffs: &[f64],
    greatest: f64,
    plan: Plan,
    observer: &dyn Observer,
) -> Result<Run, Error> {
    let mut clock = Clock::new();
    let (neurons, kind) = (source.neurons(), plan.kind);
    let mut run = match kind {
        PlanKind::Dense | PlanKind::OneCluster => {
            let moments = dense::moments(source, observer)?;
            dense::check(source, &moments, config.non_finite)?;
            clock.lap(Stage::Moments);
            let (mut labels, mut dendrogram) =
                (vec![Labels::of_groups(&vec![0; neurons]); cutoffs.len()], None);
            if kind == PlanKind::Dense {
                let tree = dense::tree(source, &moments, config, observer, &mut clock)?;
                let cut = |&cutoff: &f64| fcluster(&tree, Criterion::Distance(cutoff), config.numbering);
                labels = cutoffs.iter().map(cut).collect::<Result<_, _>>()?;
                dendrogram = Some(tree);
            }
            let (ambiguous, times) = (Vec::new(), Vec::new());
            Run {
                plan,
                labels,
                dendrogram,
                moments,
                ambiguous,
                repaired: 0,
                again: 0,
                screen: None,
                components: None,
                times,
            }
        }
        PlanKind::DenseBelow | PlanKind::Components => {
            let visit = Below { source, config, cutoffs, greatest, plan, observer, clock: &mut clock };
            with_columns(source, observer, visit)?
        }
    };
    report(observer, Stage::Cut, 1, 1)?;
    clock.lap(Stage::Cut);
    run.times = clock.times;
    Ok(run)
}

/// The part of the dendrogram under the greatest cutoff, of components or of all neurons at once.
struct Below<'a> {
    source: &'a dyn Source,
    config: &'a Config,
    cutoffs: &'a [f64],
    greatest: f64,
    plan: Plan,
    observer: &'a dyn Observer,
    clock: &'a mut Clock,
}

impl Visit for Below<'_> {
    type Output = Run;

    fn visit<T: Float>(self, columns: &Columns<'_, T>) -> Result<Run, Error> {
        let Self { source, config, cutoffs, greatest, plan, observer, clock } = self;
        let (neurons, limit) = (columns.neurons(), plan.room(copied_bytes(source)));
        let (moments, components, screen) = if plan.kind == PlanKind::Components {
            let watch = |done, all| observer.progress(Stage::Moments, done, all);
            let options = components::options(config, limit);
            let screen =
                Screen::new_observed(columns, &options, &watch).map_err(|error| dense::named(source, error))?;
            dense::check(source, screen.moments(), config.non_finite)?;
            clock.lap(Stage::Moments);
            let found = components::find(&screen, config, greatest, observer)?;
            clock.lap(Stage::Screen);
            (screen.moments().clone(), found.components, Some(found.statistics))
        } else {
            let moments = dense::moments(source, observer)?;
            dense::check(source, &moments, config.non_finite)?;
            clock.lap(Stage::Moments);
            (moments, vec![(0..neurons).collect()], None)
        };
        let links = Links::new(config, cutoffs, limit, observer, neurons, &components);
        let linked = links.link(columns, &moments, &components)?;
        if observer.progress(Stage::Linkage, links.total, links.total) == ControlFlow::Break(()) {
            return Err(Error::Cancelled);
        }
        clock.lap(Stage::Linkage);
        let labels = cutoffs.iter().map(|&cutoff| labels(neurons, &components, &linked, cutoff)).collect();
        let ambiguous = components.iter().zip(&linked).filter_map(|(neurons, linked)| {
            let decisions = linked.forest.ambiguities().len();
            (decisions > 0).then(|| AmbiguousComponent { neurons: neurons.clone(), decisions })
        });
        Ok(Run {
            plan,
            labels,
            dendrogram: None,
            moments,
            ambiguous: ambiguous.collect(),
            repaired: linked.iter().map(|linked| linked.forest.repaired()).sum(),
            again: linked.iter().filter(|linked| linked.again).count(),
            components: screen.map(|_| together(neurons, &components)),
            screen,
            times: Vec::new(),
        })
    }
}

/// The clusters that the merges at or below a cutoff make.
fn labels(neurons: usize, components: &[Vec<usize>], linked: &[Linked], cutoff: f64) -> Labels {
    let mut union = UnionFind::new(neurons);
    for (component, linked) in components.iter().zip(linked) {
        // By node of the forest: a neuron in it.
        let mut inside = component.clone();
        for merge in linked.forest.merges() {
            let (left, right) = (inside[merge.left], inside[merge.right]);
            if merge.height <= cutoff {
                union.join(left, right);
            }
            inside.push(left);
        }
    }
    Labels::of_groups(&union.lowest())
}

/// The components as labels.
fn together(neurons: usize, components: &[Vec<usize>]) -> Labels {
    let mut groups: Vec<usize> = (0..neurons).collect();
    for component in components {
        let lowest = component.first().copied().unwrap_or_default();
        component.iter().for_each(|&neuron| groups[neuron] = lowest);
    }
    Labels::of_groups(&groups)
}
