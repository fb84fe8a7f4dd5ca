//! The linkage of components from their near pairs: what is not known well enough is computed, in one pass for all
//! components, until every merge is proven.

use crate::components::kernel_margin;
use crate::link::{Linked, Links, pairs};
use crate::near::{NearPair, NearPairs};
use crate::{Config, Error};
use hclust::{Known, Sparse, SparseDissimilarities, Unlisted, linkage_below_sparse};
use neurocorr::{ChosenPairs, Float};
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// A pair that is chosen costs as much as so many of a matrix.
const COST: usize = 15;

/// So few chosen pairs are never too many.
const FEW: usize = 4_096;

/// A component on its way.
struct Task<'a> {
    /// Its number, and its neurons.
    index: usize,
    neurons: &'a [usize],
    known: Vec<Known>,
    /// Pairs that were computed in double precision.
    exact: usize,
    state: State,
}

enum State {
    /// These pairs must be known better.
    Open(Vec<(u32, u32)>),
    Linked(Linked),
    /// Tied, or so much is open that it is quicker to multiply all.
    Whole,
}

/// Links those components that have few near pairs; the others are left as they are.
pub(crate) fn link<T: Float>(
    links: &Links<'_>,
    chosen: &ChosenPairs<'_, T>,
    near: &NearPairs,
    tokens: usize,
    linked: &mut [Option<Linked>],
) -> Result<(), Error> {
    let bounds = Bounds::new(links.config, near.floor, tokens);
    let mut tasks = tasks(links, near, linked, &bounds);
    loop {
        tasks.par_iter_mut().try_for_each(|task| task.step(links, &bounds))?;
        let (done, open): (Vec<_>, Vec<_>) =
            tasks.into_iter().partition(|task| !matches!(task.state, State::Open(_)));
        for task in done {
            if let State::Linked(found) = task.state {
                links.done.fetch_add(pairs(task.neurons.len()), Ordering::Relaxed);
                linked[task.index] = Some(links.keep(task.index, found)?);
            }
        }
        tasks = open;
        if tasks.is_empty() {
            return Ok(());
        }
        if links.watch(0, 0, 1).is_break() {
            return Err(Error::Cancelled);
        }
        settle(&mut tasks, chosen, &bounds)?;
    }
}

/// The components that are not linked yet and have few near pairs, with those.
fn tasks<'a>(
    links: &Links<'a>,
    near: &NearPairs,
    linked: &[Option<Linked>],
    bounds: &Bounds<'_>,
) -> Vec<Task<'a>> {
    // Of each neuron: its component, and its place there.
    let mut homes = vec![(u32::MAX, 0_u32); links.neurons];
    #[expect(clippy::cast_possible_truncation, reason = "fewer than 2^32 neurons")]
    for (index, component) in links.components.iter().enumerate() {
        component.iter().enumerate().for_each(|(own, &neuron)| homes[neuron] = (index as u32, own as u32));
    }
    let home = |neuron: u32| homes.get(neuron as usize).copied().unwrap_or((u32::MAX, 0));
    let inside = |pair: &NearPair| {
        let ((a, _), (b, _)) = (home(pair.first), home(pair.second));
        (a == b && a != u32::MAX).then_some(a as usize)
    };
    let mut counts = vec![0_usize; links.components.len()];
    near.pairs.iter().filter_map(inside).for_each(|index| counts[index] += 1);
    let few = |count: usize, size: usize| count <= FEW || count.saturating_mul(COST) <= pairs(size);
    let mut places = vec![usize::MAX; counts.len()];
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (index, component) in links.components.iter().enumerate() {
        if linked.get(index).is_some_and(Option::is_none) && few(counts[index], component.len()) {
            places[index] = tasks.len();
            let (known, state) = (Vec::with_capacity(counts[index]), State::Open(Vec::new()));
            tasks.push(Task { index, neurons: component, known, exact: 0, state });
        }
    }
    for pair in &near.pairs {
        let Some(task) = inside(pair).and_then(|index| tasks.get_mut(places[index])) else { continue };
        let (a, b) = (home(pair.first).1, home(pair.second).1);
        let (lower, upper) = bounds.of(pair.near.into(), pair.within.into());
        task.known.push(Known { a: a.min(b), b: a.max(b), lower, upper });
    }
    tasks.par_iter_mut().for_each(|task| task.known.sort_unstable_by_key(|known| (known.a, known.b)));
    tasks
}

/// Dissimilarities and how well they are known.
struct Bounds<'a> {
    config: &'a Config,
    floor: f64,
    /// Of what is computed in single products.
    single: f64,
    /// Of what is computed in double precision.
    margin: f64,
}

impl<'a> Bounds<'a> {
    fn new(config: &'a Config, floor: f64, tokens: usize) -> Self {
        let margin = kernel_margin(tokens);
        let single = ChosenPairs::<f64>::error_bound_of_single_products(tokens) + margin;
        Self { config, floor, single, margin }
    }

    /// The greatest dissimilarity that there is.
    fn greatest(&self) -> f64 {
        if self.config.absolute { 1.0 } else { 2.0 }
    }

    /// Of a correlation that is known within something.
    fn of(&self, correlation: f64, within: f64) -> (f64, f64) {
        let middle = self.config.measure().of(correlation);
        // Both are rounded by more than the subtraction is.
        let within = within + f64::EPSILON;
        ((middle - within).clamp(0.0, self.greatest()), (middle + within).clamp(0.0, self.greatest()))
    }

    fn unlisted(&self) -> Unlisted {
        // Far neurons have little to do with each other.
        let guess = if self.config.absolute { (self.floor + 3.0) / 4.0 } else { 1.0_f64.max(self.floor) };
        Unlisted { lower: self.floor, upper: self.greatest(), guess }
    }
}

impl Task<'_> {
    /// Runs the linkage on what is known.
    fn step(&mut self, links: &Links<'_>, bounds: &Bounds<'_>) -> Result<(), Error> {
        let size = self.neurons.len();
        let most = (pairs(size) / COST).max(FEW);
        let watch = |_: usize, _: usize| links.watch(0, 0, 1);
        let (known, unlisted) = (self.known.as_slice(), bounds.unlisted());
        let near = SparseDissimilarities { n: size, known, unlisted, uncertainty: bounds.margin };
        let found = linkage_below_sparse(&near, links.config.method, links.cutoffs, most, &watch)?;
        self.state = match found {
            Sparse::Open(open) if open.len() <= most => State::Open(open),
            Sparse::Forest(forest) => {
                let merges = forest.into_merges();
                State::Linked(Linked { merges, decisions: 0, repaired: self.exact, again: false })
            }
            _ => State::Whole,
        };
        Ok(())
    }

    /// What must be computed, and how.
    fn questions(&self, bounds: &Bounds<'_>) -> Vec<Question> {
        let State::Open(open) = &self.state else { return Vec::new() };
        let question = |&pair: &(u32, u32)| {
            let place = self.known.binary_search_by(|known| (known.a, known.b).cmp(&pair)).ok();
            let known = place.and_then(|place| self.known.get(place));
            let single = known.is_none_or(|known| known.upper - known.lower > 3.0 * bounds.single);
            Question { pair, place, single }
        };
        open.iter().map(question).collect()
    }

    /// Takes the answers, in the order of the questions.
    fn learn(
        &mut self,
        questions: &[Question],
        bounds: &Bounds<'_>,
        mut next: impl FnMut(bool) -> Option<f64>,
    ) {
        let before = self.known.len();
        for &Question { pair: (a, b), place, single } in questions {
            let Some(correlation) = next(single) else { return };
            let (lower, upper) = if single {
                bounds.of(correlation, bounds.single)
            } else {
                let value = bounds.config.measure().of(correlation);
                (value, value)
            };
            self.exact += usize::from(!single);
            match place.and_then(|place| self.known.get_mut(place)) {
                Some(known) => (known.lower, known.upper) = (lower, upper),
                None => self.known.push(Known { a, b, lower, upper }),
            }
        }
        if self.known.len() > before {
            self.known.sort_by_key(|known| (known.a, known.b));
        }
    }
}

/// A pair of a component, and its place among those that are known.
#[derive(Debug, Clone, Copy)]
struct Question {
    pair: (u32, u32),
    place: Option<usize>,
    single: bool,
}

/// Computes what is open: first in single products, and in double precision where that was not enough.
fn settle<T: Float>(
    tasks: &mut [Task<'_>],
    chosen: &ChosenPairs<'_, T>,
    bounds: &Bounds<'_>,
) -> Result<(), Error> {
    let questions: Vec<Vec<Question>> = tasks.par_iter().map(|task| task.questions(bounds)).collect();
    let (mut singles, mut doubles) = (Vec::new(), Vec::new());
    for (task, questions) in tasks.iter().zip(&questions) {
        let neuron = |own: u32| task.neurons.get(own as usize).copied().unwrap_or_default();
        for &Question { pair: (a, b), single, .. } in questions {
            if single { &mut singles } else { &mut doubles }.push((neuron(a), neuron(b)));
        }
    }
    let mut singles = chosen.correlations_of_single_products(&singles)?.into_iter();
    let mut doubles = chosen.correlations(&doubles)?.into_iter();
    for (task, questions) in tasks.iter_mut().zip(&questions) {
        task.learn(questions, bounds, |single| if single { singles.next() } else { doubles.next() });
    }
    Ok(())
}
