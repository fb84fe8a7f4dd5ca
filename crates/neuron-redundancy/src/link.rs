//! The linkage of components: in single products where every decision is proven, in double precision where not.

use crate::batch::{OfGroup, for_each_group};
use crate::components::kernel_margin;
use crate::near::NearPairs;
use crate::sparse;
use crate::stage::LinkageLog;
use crate::{Config, Error, Observer, Stage};
use hclust::{
    Certainty, Condensed, Exact, Forest, Merge, Method, Scratch as LinkageScratch, Storage,
    linkage_below_certified,
};
use neurocorr::{
    ChosenPairs, Columns, Dense, Float, Gathered, Measure, Moments, NonFinite, error_bound_of_single_products,
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
            let chosen = ChosenPairs::new(columns, moments, self.config.non_finite)?;
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
        let storage = if self.limit.is_none_or(roomy) { Storage::Square } else { Storage::InPlace };
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
            linkage_below_certified(&mut scratch, condensed, config.method, self.cutoffs, certainty, &late)
        };
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

    fn gather(&self, own: &[usize]) -> Result<Gathered<T>, neurocorr::Error> {
        self.columns.gather(&own.iter().map(|&own| self.neuron(own)).collect::<Vec<_>>())
    }
}

/// Dissimilarities of a component's neurons, computed once more in double precision.
struct Recomputed<'l, 'c, 'd, T> {
    part: Part<'c, 'd, T>,
    links: &'l Links<'l>,
    margin: f64,
    /// The component's own columns, once they have been asked for often.
    gathered: OnceLock<Option<Gathered<T>>>,
    calls: AtomicUsize,
    /// What has been spent, in products of two columns.
    spent: AtomicUsize,
    gave_up: AtomicBool,
    /// Why the last call failed, unless it was cancelled.
    failed: Mutex<Option<neurocorr::Error>>,
}

/// Columns that are gathered for one product at most.
const ACROSS: usize = 1_024;

/// Calls that read the columns where they lie; then all of the component's are gathered, if there is room.
const FIRST: usize = 8;

/// What a call costs at least, in products of two columns; and a column that is read from a copy, or where it lies.
const CALL: usize = 16_384;
const COLUMN: usize = 256;
const FAR_COLUMN: usize = 8_192;

impl<'l, 'c, 'd, T: Float> Recomputed<'l, 'c, 'd, T> {
    fn new(part: Part<'c, 'd, T>, links: &'l Links<'l>, margin: f64) -> Self {
        Self {
            part,
            links,
            margin,
            gathered: OnceLock::new(),
            calls: AtomicUsize::new(0),
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

    /// The copies of the component's columns, if it pays to have them and there is room.
    fn gathered(&self) -> Option<&Gathered<T>> {
        let (_, neurons) = self.part.among?;
        if self.calls.fetch_add(1, Ordering::Relaxed) < FIRST {
            return None;
        }
        let bytes = (self.part.columns.tokens() * size_of::<T>()).saturating_mul(neurons.len()) as u64;
        let room = self.links.limit.is_none_or(|limit| bytes <= limit / 4);
        let gather = || if room { self.part.columns.gather(neurons).ok() } else { None };
        self.gathered.get_or_init(gather).as_ref()
    }

    fn across(&self, a: &[usize], b: &[usize]) -> Result<Option<Vec<f64>>, neurocorr::Error> {
        let gathered = self.gathered();
        let near = gathered.is_some() || self.part.among.is_none();
        let column = if near { COLUMN } else { FAR_COLUMN };
        let cost = CALL + a.len() * b.len() + column * (a.len() + b.len());
        let spent = self.spent.fetch_add(cost, Ordering::Relaxed) + cost;
        if spent > pairs(self.part.size()) / 2 && !self.gave_up() {
            self.gave_up.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        let gather = |own: &[usize]| match gathered {
            Some(gathered) => gathered.columns().gather(own),
            None => self.part.gather(own),
        };
        let measure = self.links.config.measure();
        let rows = gather(a)?;
        let mut values = vec![0.0; a.len() * b.len()];
        for (part, neurons) in b.chunks(ACROSS).enumerate() {
            let columns = gather(neurons)?;
            let dense = Dense::new().non_finite(NonFinite::Uncorrelated);
            let found = dense.cross(&rows.columns(), &columns.columns(), measure)?;
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
