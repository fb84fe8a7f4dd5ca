//! The linkage of components: in single products where every decision is proven, in double precision where not.

use crate::batch::{OfGroup, for_each_group};
use crate::components::kernel_margin;
use crate::near::NearPairs;
use crate::plan::STORAGE;
use crate::sparse;
use crate::stage::LinkageLog;
use crate::{Config, Error, Observer, Stage};
use hclust::{
    Certainty, Condensed, Exact, Forest, Merge, Method, Scratch as LinkageScratch, Storage,
    linkage_below_certified, linkage_certified,
};
use neurocorr::{
    ChosenPairs, Columns, Dense, Float, Measure, Moments, NonFinite, error_bound_of_single_products,
};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// Components from so many neurons on are linked one after the other, each on all threads.
const LARGE: usize = 1_024;

/// From so many neurons on single products save more than their certification costs.
const SINGLE: usize = 256;

/// A component and its merges at or below the greatest cutoff.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) merges: Vec<Merge<f64>>,
    /// Merges that could have been others.
    pub(crate) decisions: usize,
    /// Decisions, or near pairs, that took double precision.
    pub(crate) repaired: usize,
    /// Whether single products were of no use, so that all was made again.
    pub(crate) again: bool,
}

impl Linked {
    /// A whole dendrogram, as that of one component.
    pub(crate) fn whole(merges: &[Merge<f64>]) -> Self {
        Self { merges: merges.to_vec(), decisions: 0, repaired: 0, again: false }
    }

    /// Of which nothing could be told without making all again.
    fn undecided() -> Self {
        Self { merges: Vec::new(), decisions: 1, repaired: 0, again: true }
    }
}

/// What all components have in common.
pub(crate) struct Links<'a> {
    pub(crate) config: &'a Config,
    pub(crate) cutoffs: &'a [f64],
    pub(crate) limit: Option<u64>,
    pub(crate) observer: &'a dyn Observer,
    /// All neurons of the input.
    pub(crate) neurons: usize,
    /// The largest first.
    pub(crate) components: &'a [Vec<usize>],
    /// Where what is done is kept.
    pub(crate) log: Option<LinkageLog>,
    /// Whether the whole tree is wanted, with the order of its nodes.
    pub(crate) whole: bool,
    /// Pairs that are done, and all.
    pub(crate) done: AtomicUsize,
    pub(crate) total: usize,
}

pub(crate) fn pairs(size: usize) -> usize {
    size.saturating_mul(size.saturating_sub(1)) / 2
}

impl Links<'_> {
    /// Links components. `moments` are those of all neurons; `before`, one for each component, are those that were linked
    /// before; `near` are the pairs that the screen left.
    pub(crate) fn link<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        moments: &Moments,
        mut before: Vec<Option<Linked>>,
        near: Option<NearPairs>,
    ) -> Result<Vec<Linked>, Error> {
        before.resize_with(self.components.len(), || None);
        let of = |index: &usize| self.components.get(*index).map_or(&[][..], Vec::as_slice);
        let todo = |before: &[Option<Linked>]| -> Vec<usize> {
            (0..before.len()).filter(|&index| before[index].is_none()).collect()
        };
        let left: usize = todo(&before).iter().map(|index| pairs(of(index).len())).sum();
        self.done.store(self.total.saturating_sub(left), Ordering::Relaxed);
        if let Some(near) = near.filter(|_| left > 0) {
            let go_on = || self.watch(0, 0, 1);
            let chosen = ChosenPairs::new(columns, moments, self.config.non_finite)?.while_told(&go_on);
            sparse::link(self, &chosen, &near, columns.tokens(), &mut before)?;
        }
        let todo = todo(&before);
        let large = todo.partition_point(|index| of(index).len() >= LARGE);
        let (large, rest) = todo.split_at(large);
        for index in large {
            let component = of(index);
            self.check(component.len(), 0)?;
            let part = Part { columns: *columns, among: Some((moments, component)) };
            before[*index] = Some(self.kept(*index, part, 0)?);
        }
        let groups: Vec<Vec<usize>> = rest.iter().map(|index| of(index).to_vec()).collect();
        let found = for_each_group(columns, &groups, self.limit, &Rest { links: self, indices: rest })?;
        for (index, linked) in rest.iter().zip(found) {
            before[*index] = Some(linked);
        }
        Ok(before.into_iter().flatten().collect())
    }

    fn check(&self, size: usize, beside: u64) -> Result<(), Error> {
        let needed = Self::needed(size, Storage::InPlace).saturating_add(beside);
        match self.limit {
            Some(available) if needed > available => {
                let cutoff = self.cutoffs.iter().copied().fold(0.0, f64::max);
                Err(Error::Component { size, neurons: self.neurons, cutoff, needed, available })
            }
            _ => Ok(()),
        }
    }

    /// Links a component and keeps what came of it.
    fn kept<T: Float>(&self, index: usize, part: Part<'_, '_, T>, beside: u64) -> Result<Linked, Error> {
        let linked = self.one(part, beside)?;
        self.keep(index, linked)
    }

    /// Writes what came of a component to the log, if there is one.
    pub(crate) fn keep(&self, index: usize, linked: Linked) -> Result<Linked, Error> {
        if let (Some(log), Some(component)) = (&self.log, self.components.get(index)) {
            log.append(index, component, &linked)?;
        }
        Ok(linked)
    }

    /// Bytes that the linkage of a component takes at least beside its columns.
    fn needed(size: usize, storage: Storage) -> u64 {
        neurocorr::bytes_needed(size).max(hclust::bytes_needed::<f64>(size, Method::Average, storage))
    }

    /// Links one component.
    fn one<T: Float>(&self, part: Part<'_, '_, T>, beside: u64) -> Result<Linked, Error> {
        let (config, columns, size) = (self.config, &part.columns, part.size());
        // A square beside the matrix is quicker; in place there is least memory.
        let roomy = |limit: u64| Self::needed(size, Storage::Square).saturating_add(beside) <= limit;
        let square = !self.whole && self.limit.is_none_or(roomy);
        let storage = if square { Storage::Square } else { STORAGE };
        let mut scratch = LinkageScratch::new().with_storage(storage);
        let margin = kernel_margin(columns.tokens());
        let exact = Recomputed::new(part, self, margin);
        let watch = |done: usize, all: usize| self.watch(size, done, 2 * all);
        let late = |done: usize, all: usize| self.watch(size, all + done, 2 * all);
        let dense = Dense::new().non_finite(config.non_finite).observe(&watch);
        let dense = match part.among {
            Some((moments, neurons)) => dense.among(moments, neurons),
            None => dense,
        };
        let measure = config.measure();
        let mut link = |values: Vec<f64>, uncertainty: f64| {
            let certainty = Certainty::within(uncertainty).with_exact(&exact);
            let condensed = Condensed::new(size, values)?;
            let link = if self.whole { linkage_certified } else { linkage_below_certified };
            link(&mut scratch, condensed, config.method, self.cutoffs, certainty, &late)
        };
        if self.whole {
            let uncertainty = error_bound_of_single_products(columns.tokens()) + margin;
            return match link(dense.condensed_of_single_products(columns, measure)?, uncertainty) {
                Ok(forest) => Ok(self.finish(forest, false)),
                Err(_) if exact.gave_up() => Ok(Linked::undecided()),
                Err(error) => Err(exact.failure(error)),
            };
        }
        let mut again = false;
        if config.single_products && size >= SINGLE && config.method != Method::Ward {
            let uncertainty = error_bound_of_single_products(columns.tokens()) + margin;
            match link(dense.condensed_of_single_products(columns, measure)?, uncertainty) {
                Ok(forest) if forest.ambiguities().is_empty() => return Ok(self.finish(forest, again)),
                Err(error) if !exact.gave_up() => return Err(exact.failure(error)),
                _ => again = true,
            }
        }
        exact.begin_anew();
        let forest = link(dense.condensed(columns, measure)?, margin).map_err(|error| exact.failure(error))?;
        Ok(self.finish(forest, again))
    }

    fn finish(&self, forest: Forest<f64>, again: bool) -> Linked {
        self.done.fetch_add(pairs(forest.n()), Ordering::Relaxed);
        let (decisions, repaired) = (forest.ambiguities().len(), forest.repaired());
        Linked { merges: forest.into_merges(), decisions, repaired, again }
    }

    /// Tells of a part of a component of so many neurons.
    pub(crate) fn watch(&self, size: usize, done: usize, all: usize) -> ControlFlow<()> {
        let own = (pairs(size) as u128 * done.min(all) as u128 / all.max(1) as u128) as usize;
        let done = (self.done.load(Ordering::Relaxed) + own).min(self.total);
        self.observer.progress(Stage::Linkage, done, self.total)
    }
}

/// Components that are linked in batches, by their numbers.
struct Rest<'l> {
    links: &'l Links<'l>,
    indices: &'l [usize],
}

impl OfGroup for Rest<'_> {
    type Output = Linked;

    fn check(&self, size: usize, beside: u64) -> Result<(), Error> {
        self.links.check(size, beside)
    }

    fn visit<T: Float>(&self, at: usize, columns: &Columns<'_, T>, gathered: u64) -> Result<Linked, Error> {
        let index = self.indices.get(at).copied().unwrap_or(usize::MAX);
        self.links.kept(index, Part { columns: *columns, among: None }, gathered)
    }
}

/// A component: all neurons of a matrix, or some of a larger one.
#[derive(Clone, Copy)]
struct Part<'c, 'd, T> {
    columns: Columns<'d, T>,
    among: Option<(&'c Moments, &'c [usize])>,
}

impl<T: Float> Part<'_, '_, T> {
    fn size(&self) -> usize {
        self.among.map_or(self.columns.neurons(), |(_, neurons)| neurons.len())
    }

    /// The neuron of the matrix that is the component's own.
    fn neuron(&self, own: usize) -> usize {
        self.among.map_or(own, |(_, neurons)| neurons[own])
    }
}

/// Dissimilarities of a component's neurons, computed once more in double precision.
struct Recomputed<'l, 'c, 'd, T> {
    part: Part<'c, 'd, T>,
    links: &'l Links<'l>,
    margin: f64,
    /// The moments of a matrix that is the component's own, once they are asked for.
    moments: OnceLock<Moments>,
    /// What has been spent, in products of two columns.
    spent: AtomicUsize,
    gave_up: AtomicBool,
    /// Why the last call failed, unless it was cancelled.
    failed: Mutex<Option<neurocorr::Error>>,
}

/// Columns that are multiplied at a time: what is made of them then stays small. Eight panels of the product.
const ACROSS: usize = 1_536;

/// What a call costs at least, in products of two columns; and a column that is read, from a matrix that is the
/// component's own or from a larger one.
const CALL: usize = 1_024;
const COLUMN: usize = 64;
const FAR_COLUMN: usize = 128;

impl<'l, 'c, 'd, T: Float> Recomputed<'l, 'c, 'd, T> {
    fn new(part: Part<'c, 'd, T>, links: &'l Links<'l>, margin: f64) -> Self {
        Self {
            part,
            links,
            margin,
            moments: OnceLock::new(),
            spent: AtomicUsize::new(0),
            gave_up: AtomicBool::new(false),
            failed: Mutex::new(None),
        }
    }

    /// Whether so much was open that it is quicker to multiply all again in double precision.
    fn gave_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// What is asked from now on is answered, whatever it costs.
    fn begin_anew(&self) {
        self.gave_up.store(true, Ordering::Relaxed);
    }

    /// What a linkage failed of: of this source, if that failed.
    fn failure(&self, error: hclust::Error) -> Error {
        let failed = self.failed.lock().ok().and_then(|mut failed| failed.take());
        failed.map_or_else(|| error.into(), Error::from)
    }

    fn across(&self, a: &[usize], b: &[usize]) -> Result<Option<Vec<f64>>, neurocorr::Error> {
        let columns = &self.part.columns;
        let (moments, column) = match self.part.among {
            Some((moments, _)) => (moments, FAR_COLUMN),
            None => (self.moments.get_or_init(|| Moments::of(columns)), COLUMN),
        };
        let cost = CALL + a.len() * b.len() + column * (a.len() + b.len());
        let spent = self.spent.fetch_add(cost, Ordering::Relaxed) + cost;
        if spent > pairs(self.part.size()) / 2 && !self.gave_up() {
            self.gave_up.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        let named = |own: &[usize]| own.iter().map(|&own| self.part.neuron(own)).collect::<Vec<_>>();
        let (rows, measure) = (named(a), self.links.config.measure());
        let watch = |_: usize, _: usize| self.links.watch(0, 0, 1);
        let dense = Dense::new().non_finite(NonFinite::Uncorrelated).observe(&watch);
        let mut values = vec![0.0; a.len() * b.len()];
        for (part, neurons) in b.chunks(ACROSS).enumerate() {
            let found = dense.cross_among(columns, moments, [&rows, &named(neurons)], measure)?;
            for (to, from) in values.chunks_mut(b.len()).zip(found.chunks(neurons.len())) {
                to[part * ACROSS..][..from.len()].copy_from_slice(from);
            }
        }
        Ok(Some(values))
    }
}

impl<T: Float> Exact for Recomputed<'_, '_, '_, T> {
    fn dissimilarities(&self, a: &[usize], b: &[usize]) -> Option<Vec<f64>> {
        let links = self.links;
        if links.watch(0, 0, 1).is_break() {
            return None;
        }
        match self.across(a, b) {
            Ok(values) => values,
            Err(neurocorr::Error::Cancelled) => None,
            Err(error) => {
                if let Ok(mut failed) = self.failed.lock() {
                    *failed = Some(error);
                }
                None
            }
        }
    }

    fn uncertainty(&self) -> f64 {
        self.margin
    }

    fn are_equal(&self, a: usize, b: usize) -> bool {
        let columns = &self.part.columns;
        let values = |own| columns.neuron(self.part.neuron(own)).map(Into::<f64>::into);
        let opposite = self.links.config.measure() == Measure::AbsoluteDissimilarity;
        values(a).eq(values(b)) || (opposite && values(a).eq(values(b).map(|value: f64| -value)))
    }
}

#[cfg(all(test, feature = "proptest"))]
mod tests {
    use super::*;
    use crate::components;
    use crate::near::Wanted;
    use crate::testing::{Matrix, grouped};
    use hclust::testing::{by_method, replay_merges, replay_tolerance, with_heights};
    use neurocorr::Screen;
    use proptest::prelude::*;

    /// Replays what each component of a matrix came to on its dissimilarities in double precision. Gives how many of them
    /// could have come to something else.
    fn replayed(x: &Matrix, config: &Config) -> Result<usize, TestCaseError> {
        let failed = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
        let columns = Columns::row_major(&x.values, x.tokens, x.neurons).map_err(|error| failed(&error))?;
        let screen =
            Screen::new(&columns, &components::options(config, None)).map_err(|error| failed(&error))?;
        let (cutoffs, moments) = (&[config.cutoff], screen.moments());
        let wanted = Wanted::new(config, config.cutoff, x.neurons, None);
        let found = components::find(&screen, config, config.cutoff, wanted, None, &());
        let found = found.map_err(|error| failed(&error))?;
        let (limit, observer, neurons, log, whole) = (None, &(), x.neurons, None, false);
        let (components, done) = (found.components.as_slice(), AtomicUsize::new(0));
        let links = Links {
            config,
            cutoffs,
            limit,
            observer,
            neurons,
            components,
            log,
            whole,
            done,
            total: usize::MAX,
        };
        let linked = links.link(&columns, moments, Vec::new(), found.near).map_err(|error| failed(&error))?;
        for (component, linked) in components.iter().zip(&linked) {
            let exact = Dense::new().among(moments, component).condensed(&columns, config.measure());
            let exact = Condensed::new(component.len(), exact.map_err(|error| failed(&error))?);
            let (exact, linkage) = (exact.map_err(|error| failed(&error))?, by_method(config.method));
            // Heights of near pairs are bounds.
            let merges = with_heights(&exact, &linked.merges, linkage);
            // Ward's roots of differences of squares make much of little.
            let absolute = if config.method == Method::Ward { 1e-6 } else { 1e-11 };
            let tolerance = replay_tolerance::<f64>(component.len());
            let left = replay_merges(&exact, &merges, linkage, tolerance, absolute);
            let left = left.map_err(|error| failed(&error))?;
            let top = merges.last().map_or(0.0, |merge| merge.height);
            prop_assert!(left > config.cutoff - absolute && top < config.cutoff + absolute, "{left} {top}");
        }
        Ok(linked.iter().filter(|linked| linked.decisions > 0).count())
    }

    const METHODS: [Method; 5] =
        [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward];

    fn configs() -> impl Strategy<Value = Config> {
        let cutoff = prop_oneof![0.0..0.999_f64, Just(0.0), Just(0.5)];
        let of = (prop::sample::select(METHODS.to_vec()), cutoff, any::<bool>(), any::<bool>());
        of.prop_map(|(method, cutoff, absolute, singles)| {
            let config = Config::default().with_method(method).with_cutoff(cutoff).with_absolute(absolute);
            config.with_single_products(singles)
        })
    }

    /// Few values and few tokens: ties everywhere.
    fn tied(tokens: usize, neurons: usize, seed: u64, levels: u32) -> Matrix {
        let noise = testkit::activations(tokens, neurons, 2, seed);
        let values = noise.iter().map(|value: &f64| (value * f64::from(levels)).round()).collect();
        Matrix { values, tokens, neurons }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: testkit::cases(300, 10_000), ..ProptestConfig::default() })]

        #[test]
        fn what_a_component_comes_to_is_a_right_run_of_its_own_with_ties_too(
            tokens in 3_usize..12, neurons in 2_usize..40, seed in any::<u64>(), levels in 2_u32..5, config in configs(),
        ) {
            replayed(&tied(tokens, neurons, seed, levels), &config)?;
        }

        #[test]
        fn what_a_component_comes_to_is_a_right_run_of_its_own(x in grouped(30, 40), config in configs()) {
            replayed(&x, &config)?;
        }
    }

    #[test]
    fn ties_are_replayed_by_every_method() {
        for method in METHODS {
            let config = Config::default().with_method(method);
            let open: usize = (0..20).map(|seed| replayed(&tied(5, 30, seed, 1), &config).unwrap()).sum();
            // The clusters of single linkage are its components, whatever ties.
            assert!(open > 0 || method == Method::Single, "{method}");
        }
    }
}
