//! A run from the file to the labels, by whatever plan.

use crate::components::{self, ScreenStatistics};
use crate::input::{Visit, copied_bytes, with_columns};
use crate::link::{Linked, Links, pairs};
use crate::near::Wanted;
use crate::observer::report;
use crate::plan::PlanKind;
use crate::stage::{Resumed, Stages};
use crate::union::UnionFind;
use crate::{AmbiguousComponent, Config, Error, Observer, Plan, PlanChoice, Stage, Ties, dense};
use activations::Source;
use fcluster::{Criterion, Labels, fcluster};
use hclust::Dendrogram;
use neurocorr::{Columns, Float, Moments, Screen};
use std::sync::atomic::AtomicUsize;
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
    pub(crate) resumed: Resumed,
    pub(crate) times: Vec<(Stage, Duration)>,
}

impl Run {
    /// Of which nothing more is to be said.
    fn new(plan: Plan, labels: Vec<Labels>, moments: Moments) -> Self {
        let (ambiguous, times, resumed) = (Vec::new(), Vec::new(), Resumed::default());
        let (dendrogram, screen, components) = (None, None, None);
        let (repaired, again) = (0, 0);
        Self {
            plan,
            labels,
            dendrogram,
            moments,
            ambiguous,
            repaired,
            again,
            screen,
            components,
            resumed,
            times,
        }
    }
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
    let stages = config.resume.as_ref().map(|folder| Stages::open(folder, source, observer)).transpose()?;
    let job = Job { source, config, cutoffs, greatest, stages: stages.as_ref(), observer };
    let run = job.by(plan)?;
    if config.ties == Ties::Report || run.ambiguous.is_empty() {
        return Ok(run);
    }
    // As SciPy decides them: with all that lies above the cutoff.
    let whole = config.clone().with_plan(PlanChoice::Dense).with_single_products(false);
    match Plan::choose_for(tokens, neurons, &whole, greatest, 0) {
        Ok(plan) => Job { config: &whole, ..job }.by(plan),
        Err(error) => {
            let first = run
                .ambiguous
                .first()
                .map_or_else(Vec::new, |component| component.neurons.iter().copied().take(5).collect());
            Err(Error::Ties { components: run.ambiguous.len(), first, source: Box::new(error) })
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy)]
struct Job<'a> {
    source: &'a dyn Source,
    config: &'a Config,
    cutoffs: &'a [f64],
    greatest: f64,
    stages: Option<&'a Stages>,
    observer: &'a dyn Observer,
}

impl Job<'_> {
    fn by(self, plan: Plan) -> Result<Run, Error> {
        let mut clock = Clock::new();
        let (source, kind) = (self.source, plan.kind);
        let mut run = match kind {
            PlanKind::Dense => {
                let moments = self.moments(&mut clock)?;
                self.dense(plan, moments, &mut clock)?
            }
            PlanKind::OneCluster => {
                let moments = self.moments(&mut clock)?;
                let labels = vec![Labels::of_groups(&vec![0; source.neurons()]); self.cutoffs.len()];
                Run::new(plan, labels, moments)
            }
            PlanKind::DenseBelow | PlanKind::Components => {
                with_columns(source, self.observer, Below { job: self, plan, clock: &mut clock })?
            }
            PlanKind::DenseCertified => self.certified(plan, &mut clock)?,
        };
        report(self.observer, Stage::Cut, 1, 1)?;
        clock.lap(Stage::Cut);
        run.times = clock.times;
        Ok(run)
    }

    fn moments(&self, clock: &mut Clock) -> Result<Moments, Error> {
        let moments = dense::moments(self.source, self.observer)?;
        dense::check(self.source, &moments, self.config.non_finite)?;
        clock.lap(Stage::Moments);
        Ok(moments)
    }

    /// The clusters at each cutoff, numbered as is wanted.
    fn cut(self, tree: &Dendrogram<f64>) -> Result<Vec<Labels>, Error> {
        let cut = |&cutoff: &f64| {
            fcluster(tree, Criterion::Distance(cutoff), self.config.numbering).map_err(Error::from)
        };
        self.cutoffs.iter().map(cut).collect()
    }

    /// The whole dendrogram of single products, cut; in double precision if something stays open.
    fn certified(self, plan: Plan, clock: &mut Clock) -> Result<Run, Error> {
        let moments = self.moments(clock)?;
        // Constants are as far from each other as from all others: a tie.
        let tied = moments.constants().len() + moments.non_finite().len() > 1;
        if !tied {
            let (linked, resumed) =
                with_columns(self.source, self.observer, Whole { job: self, plan: &plan, moments: &moments })?;
            clock.lap(Stage::Linkage);
            if linked.decisions == 0 {
                let repaired = linked.repaired;
                let labels = self.cut(&Dendrogram::new(self.source.neurons(), linked.merges)?)?;
                return Ok(Run { repaired, resumed, ..Run::new(plan, labels, moments) });
            }
        }
        // What a proof leaves open is not open to SciPy.
        Ok(Run { again: usize::from(!tied), ..self.dense(plan, moments, clock)? })
    }

    /// The whole dendrogram, cut.
    fn dense(self, plan: Plan, moments: Moments, clock: &mut Clock) -> Result<Run, Error> {
        let Self { source, config, stages, observer, .. } = self;
        let all = [(0..source.neurons()).collect()];
        let mut log = stages.map(|stages| stages.dendrogram(config, &plan, &all)).transpose()?;
        let before = log.as_mut().and_then(|(_, before)| before.first_mut()?.take());
        let resumed = Resumed { tiles: 0, components: usize::from(before.is_some()) };
        let tree = match before {
            Some(before) => Dendrogram::new(source.neurons(), before.merges)?,
            None => {
                let tree = dense::tree(source, &moments, config, observer, clock)?;
                if let Some((log, _)) = &log {
                    log.append(0, &all[0], &Linked::whole(tree.merges()))?;
                }
                tree
            }
        };
        let labels = self.cut(&tree)?;
        Ok(Run { dendrogram: Some(tree), resumed, ..Run::new(plan, labels, moments) })
    }
}

/// The whole dendrogram of single products.
struct Whole<'a> {
    job: Job<'a>,
    plan: &'a Plan,
    moments: &'a Moments,
}

impl Visit for Whole<'_> {
    type Output = (Linked, Resumed);

    fn visit<T: Float>(self, columns: &Columns<'_, T>) -> Result<Self::Output, Error> {
        let Job { source, config, cutoffs, stages, observer, .. } = self.job;
        let (neurons, limit) = (columns.neurons(), self.plan.room(copied_bytes(source)));
        let all = [(0..neurons).collect()];
        let log = stages.map(|stages| stages.certified(config, self.plan, cutoffs, &all)).transpose()?;
        let (log, before) = log.map_or((None, Vec::new()), |(log, before)| (Some(log), before));
        let (components, done, total) = (&all[..], AtomicUsize::new(0), pairs(neurons));
        let links =
            Links { config, cutoffs, limit, observer, neurons, components, log, whole: true, done, total };
        let resumed = Resumed { tiles: 0, components: before.iter().flatten().count() };
        let linked = links.link(columns, self.moments, before, None)?.pop();
        linked.map(|linked| (linked, resumed)).ok_or(Error::TooFewNeurons { neurons })
    }
}

/// The part of the dendrogram under the greatest cutoff, of components or of all neurons at once.
struct Below<'a> {
    job: Job<'a>,
    plan: Plan,
    clock: &'a mut Clock,
}

impl Visit for Below<'_> {
    type Output = Run;

    fn visit<T: Float>(self, columns: &Columns<'_, T>) -> Result<Run, Error> {
        let Self { job, plan, clock } = self;
        let Job { source, config, cutoffs, greatest, stages, observer } = job;
        let (neurons, limit) = (columns.neurons(), plan.room(copied_bytes(source)));
        let mut resumed = Resumed::default();
        let mut near = None;
        let (moments, components, screen) = if plan.kind == PlanKind::Components {
            let log = stages.map(|stages| stages.screen(config, greatest)).transpose()?;
            resumed.tiles = log.as_ref().map_or(0, |(_, before)| before.tiles);
            let options = components::options(config, limit);
            let room = |limit: u64| {
                let screen = Screen::<T>::bytes_needed(columns.tokens(), neurons, &options);
                [limit.saturating_sub(screen), limit]
            };
            let wanted = Wanted::new(config, greatest, neurons, limit.map(room));
            let (moments, found) = match log {
                Some((_, before)) if before.ended => {
                    (job.moments(clock)?, components::found(neurons, before, wanted))
                }
                log => {
                    let watch = |done, all| observer.progress(Stage::Moments, done, all);
                    let screen = Screen::new_observed(columns, &options, &watch)
                        .map_err(|error| dense::named(source, error))?;
                    dense::check(source, screen.moments(), config.non_finite)?;
                    clock.lap(Stage::Moments);
                    let found = components::find(&screen, config, greatest, wanted, log, observer)?;
                    (screen.moments().clone(), found)
                }
            };
            clock.lap(Stage::Screen);
            near = found.near;
            (moments, found.components, Some(found.statistics))
        } else {
            (job.moments(clock)?, vec![(0..neurons).collect()], None)
        };
        let log = stages.map(|stages| stages.linkage(config, &plan, cutoffs, &components)).transpose()?;
        let (log, before) = log.map_or((None, Vec::new()), |(log, before)| (Some(log), before));
        resumed.components = before.iter().flatten().count();
        let total = components.iter().map(|component| pairs(component.len())).sum();
        let (components, done) = (components.as_slice(), AtomicUsize::new(0));
        let links =
            Links { config, cutoffs, limit, observer, neurons, components, log, whole: false, done, total };
        let linked = links.link(columns, &moments, before, near)?;
        report(observer, Stage::Linkage, total, total)?;
        clock.lap(Stage::Linkage);
        let labels = cutoffs.iter().map(|&cutoff| labels(neurons, components, &linked, cutoff)).collect();
        let ambiguous = components.iter().zip(&linked).filter_map(|(neurons, linked)| {
            let decisions = linked.decisions;
            (decisions > 0).then(|| AmbiguousComponent { neurons: neurons.clone(), decisions })
        });
        Ok(Run {
            ambiguous: ambiguous.collect(),
            repaired: linked.iter().map(|linked| linked.repaired).sum(),
            again: linked.iter().filter(|linked| linked.again).count(),
            components: screen.map(|_| together(neurons, components)),
            screen,
            resumed,
            ..Run::new(plan, labels, moments)
        })
    }
}

/// The clusters that the merges at or below a cutoff make.
fn labels(neurons: usize, components: &[Vec<usize>], linked: &[Linked], cutoff: f64) -> Labels {
    let mut union = UnionFind::new(neurons);
    for (component, linked) in components.iter().zip(linked) {
        // By node of the forest: a neuron in it.
        let mut inside = component.clone();
        for merge in &linked.merges {
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
