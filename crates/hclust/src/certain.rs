//! Chains that stop at a cutoff, what was not certain on the way, and its repair from a more exact source.

use crate::chain::{Verdict, Watch};
use crate::dendrogram::Step;
use crate::observer::Gate;
use crate::repair::{Repair, Value};
use crate::table::Table;
use crate::{Ambiguity, Error, Float, Method, Stop};

/// A source of dissimilarities that are more exact than those of a matrix.
pub trait Exact: Sync {
    /// Of each of `a` from each of `b`, row-major; `None` to cancel the run.
    fn dissimilarities(&self, a: &[usize], b: &[usize]) -> Option<Vec<f64>>;

    /// How far each of them can be from what is meant.
    fn uncertainty(&self) -> f64;

    /// Whether two observations are certainly the same: 0 apart, and equally far from every other.
    fn are_equal(&self, _a: usize, _b: usize) -> bool {
        false
    }
}

/// What is known of the dissimilarities in a matrix.
///
/// ```
/// let certainty = hclust::Certainty::within(1e-12);
/// assert_eq!(certainty.uncertainty(), 1e-12);
/// ```
#[derive(Clone, Copy, Default)]
pub struct Certainty<'a> {
    uncertainty: f64,
    exact: Option<&'a dyn Exact>,
}

impl std::fmt::Debug for Certainty<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certainty").field("uncertainty", &self.uncertainty).finish_non_exhaustive()
    }
}

impl<'a> Certainty<'a> {
    /// Each is within so much of what is meant. 0 takes them at their word.
    #[must_use]
    pub fn within(uncertainty: f64) -> Self {
        Self { uncertainty, exact: None }
    }

    /// Where rounding and uncertainty leave a merge open, it is decided by a more exact source: for average, weighted and
    /// complete linkage.
    #[must_use]
    pub fn with_exact(self, exact: &'a dyn Exact) -> Self {
        Self { exact: Some(exact), ..self }
    }

    pub(crate) fn exact(&self) -> Option<&'a dyn Exact> {
        self.exact
    }

    /// How far each dissimilarity can be from what is meant.
    #[must_use]
    pub fn uncertainty(&self) -> f64 {
        self.uncertainty
    }
}

/// How far two computed values of one dissimilarity can be apart.
///
/// A value between clusters of a and b members has gone through at most a + b − 2 updates. If each has a relative error
/// of at most r units of rounding, which average and weighted linkage keep (they are sums of what is not negative), it
/// is within `r (a + b − 2) u` of what exact arithmetic makes of the input, and two values of different order within
/// twice that. Complete and single linkage only choose: r = 0. All is rounded up by a hundredth for the second order.
///
/// Single, complete, average and weighted linkage are 1-Lipschitz in the input: its uncertainty is that of every value.
/// Ward's squares are `2ab/(a+b)` times differences of means of squared dissimilarities: with a greatest dissimilarity D
/// and an uncertainty e of each, a square is within `8 m D e` for m members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounding {
    /// r times the unit.
    each: f64,
    /// The absolute error of one update below the normal range.
    least: f64,
    /// The uncertainty of the input.
    input: f64,
    /// For Ward: the greatest dissimilarity.
    greatest: Option<f64>,
}

impl Rounding {
    /// `squares`: the update takes squares and a root, so that what is lost below the normal range are squares.
    pub(crate) fn new<T: Float>(roundings: u32, squares: bool) -> Self {
        let single = size_of::<T>() == size_of::<f32>();
        let (unit, normal) = if single {
            (f64::from(f32::EPSILON) / 2.0, f64::from(f32::MIN_POSITIVE))
        } else {
            (f64::EPSILON / 2.0, f64::MIN_POSITIVE)
        };
        let each = f64::from(roundings) * unit * 1.01;
        let least = if squares { each.sqrt() * normal.sqrt() } else { each * normal };
        Self { each, least, input: 0.0, greatest: None }
    }

    pub(crate) fn of_method<T: Float>(method: Method) -> Self {
        match method {
            Method::Average | Method::Weighted => Self::new::<T>(3, false),
            // Not proven; see `linkage_below`.
            Method::Ward => Self::new::<T>(24, true),
            _ => Self::new::<T>(0, false),
        }
    }

    /// Of an input that is uncertain; for Ward with its greatest dissimilarity.
    pub(crate) fn with_input(self, input: f64, greatest: Option<f64>) -> Self {
        Self { input, greatest, ..self }
    }

    /// Twice the error of a value that has gone through so many updates.
    pub(crate) fn of(self, updates: f64, value: f64) -> f64 {
        let input = match self.greatest {
            Some(greatest) if self.input > 0.0 => {
                let square = 8.0 * (updates + 2.0) * (greatest + self.input) * self.input;
                (square / value.max(f64::MIN_POSITIVE)).min(square.sqrt())
            }
            _ => self.input,
        };
        2.0 * (updates * (self.each * value + self.least) + input)
    }
}

/// Stops chains at the cutoff and looks for ambiguities below it.
pub(crate) struct Below<'a, T> {
    /// The greatest.
    cutoff: T,
    /// All that are of interest.
    cutoffs: Vec<T>,
    stop: Stop,
    rounding: Rounding,
    /// The most members of any cluster so far.
    largest: f64,
    repair: Option<Repair<'a>>,
    /// By slot: an observation that all members are equal to, equally far from every other, those that are left out too; `None` if they
    /// are not all equal. Known from the start where dissimilarities are taken at their word, else found as it is asked for.
    equal_to: Vec<Option<usize>>,
    /// By slot, if heights are not those of the table.
    made: Vec<Made>,
    /// If it is to be certain which of two nodes that merge above it was made first: the lowest cutoff.
    lowest: Option<f64>,
    /// Of such mergers that could not be told by the heights that are shown: the step, and the step of the first node.
    pub(crate) firsts: Vec<(usize, usize)>,
    pub(crate) found: Vec<Ambiguity<T>>,
    pub(crate) repaired: usize,
}

impl<'a, T: Float> Below<'a, T> {
    pub(crate) fn new(cutoffs: &[T], stop: Stop, rounding: Rounding) -> Result<Self, Error> {
        let greatest = cutoffs.iter().copied().reduce(|a, b| if b > a { b } else { a });
        match greatest {
            Some(cutoff) if !cutoffs.iter().any(|&cutoff| cutoff.into().is_nan()) => Ok(Self {
                cutoff,
                cutoffs: cutoffs.to_vec(),
                stop,
                rounding,
                largest: 1.0,
                repair: None,
                equal_to: Vec::new(),
                made: Vec::new(),
                lowest: None,
                firsts: Vec::new(),
                found: Vec::new(),
                repaired: 0,
            }),
            _ => Err(Error::Cutoff),
        }
    }

    /// With a more exact source, for n observations; of no use to a method that cannot be repaired from it.
    pub(crate) fn with_exact(self, exact: Option<&'a dyn Exact>, method: Method, n: usize) -> Self {
        let repair = exact.map(|exact| Repair::new(exact, method, n));
        let made = if repair.is_some() { Self::unmade(n) } else { Vec::new() };
        Self { repair, made, ..self }
    }

    /// Of the whole tree, for n observations: the order of the two nodes of every merger that is above one of the cutoffs is
    /// to be certain too, as SciPy's numbering takes it.
    pub(crate) fn with_whole_tree(self, n: usize) -> Self {
        let lowest = self.cutoffs.iter().map(|&cutoff| cutoff.into()).fold(f64::INFINITY, f64::min);
        Self { cutoff: T::INFINITY, lowest: Some(lowest), made: Self::unmade(n), ..self }
    }

    fn unmade(n: usize) -> Vec<Made> {
        vec![Made { step: None, height: 0.0 }; n]
    }

    pub(crate) fn cutoff(&self) -> T {
        self.cutoff
    }

    /// What heights that are dissimilarities of the input leave open.
    pub(crate) fn check_heights(&mut self, steps: &[Step<T>]) {
        let slack = self.rounding.of(0.0, 0.0);
        if slack > 0.0 {
            let near = steps.iter().filter(|step| self.at_cutoff(step.height.into(), slack).is_some());
            self.found =
                near.map(|&Step { a, b, height }| Ambiguity::Cutoff { a, b, distance: height }).collect();
        }
    }

    /// How much nearer than `value` mergers to come may be by rounding alone: after as many updates as there can be.
    fn to_come(&self, n: usize, value: f64) -> f64 {
        self.rounding.of(<f64 as Float>::from_count(n), value)
    }

    /// Clusters other than y that are as near to x as y is, within rounding; not all if there are more than enough.
    fn rivals(
        &self,
        table: &mut impl Table<T>,
        x: usize,
        y: usize,
        height: T,
        enough: usize,
    ) -> Vec<(usize, T)> {
        let (n_x, n_y, height) = (table.size(x).into(), table.size(y).into(), height.into());
        let rounding = self.rounding;
        // As wide as it can be for any third cluster; then as it is for the one that is found.
        let widest = |updates: f64, height: f64| height + 2.0 * rounding.of(updates, height);
        let own = n_x + n_y - 2.0;
        let bound = widest(own + n_x + self.largest - 2.0, height);
        let is_close = |size: T, distance: T| {
            let updates = own + n_x + size.into() - 2.0;
            distance.into() <= height + rounding.of(updates, distance.into())
        };
        table.rivals(x, y, T::from_f64(bound), enough, is_close)
    }

    /// What may be nearest to an end of the chain, rivals of y apart. That before it in the chain comes first: of equal ones it
    /// is the one to go to, so that every other step goes down and the chain cannot go round in a ring.
    fn near(before: Option<usize>, y: usize) -> Vec<usize> {
        before.filter(|&before| before != y).into_iter().chain([y]).collect()
    }

    /// The cutoff that a height may be on either side of.
    fn at_cutoff(&self, height: f64, slack: f64) -> Option<f64> {
        let cutoffs = self.cutoffs.iter().map(|&cutoff| cutoff.into());
        // Nothing is near an infinite cutoff.
        cutoffs.filter(|cutoff| cutoff.is_finite()).find(|cutoff| (cutoff - height).abs() <= slack)
    }

    /// The nearest of some clusters to x by the exact source, the first of equal ones, and whether another may be as near;
    /// `None` without such a source.
    fn nearest_of(&mut self, x: usize, among: &[usize]) -> Result<Option<(usize, Value, bool)>, Error> {
        let Some(repair) = &mut self.repair else { return Ok(None) };
        let Some(values) = repair.between(x, among)? else { return Ok(None) };
        let values: Vec<(usize, Value)> = among.iter().copied().zip(values).collect();
        let least = values.iter().copied().reduce(|a, b| if b.1.value < a.1.value { b } else { a });
        Ok(least.map(|(slot, least)| {
            let open = values.iter().any(|(other, value)| *other != slot && !least.is_below(*value));
            (slot, least, open)
        }))
    }

    /// Whether all members of two clusters are the same to the last bit: of such as are 0 apart the lowest merge, whatever the order.
    fn are_equal(&mut self, x: usize, y: usize) -> bool {
        let of = |slot: usize| self.equal_to.get(slot).copied().flatten();
        let (Some(of_x), Some(of_y)) = (of(x), of(y)) else { return false };
        if of_x == of_y {
            return true;
        }
        let equal = self.rounding.input > 0.0
            && self.repair.as_ref().is_some_and(|repair| repair.are_equal(of_x, of_y));
        if equal {
            [x, y].into_iter().for_each(|slot| self.equal_to[slot] = Some(of_x.min(of_y)));
        }
        equal
    }

    /// Finds equal observations, before any is left out. `O(n)` on a square unless some are 0 apart.
    fn find_equal(&mut self, table: &mut impl Table<T>, gate: &Gate<'_>) {
        for x in table.zero_apart() {
            if gate.is_closed() {
                return;
            }
            // At most one of the first ones is equal to it.
            let near = table.rivals(x, x, T::ZERO, usize::MAX, |_, _| true).into_iter().map(|near| near.0);
            let mut first = near.filter(|&other| other < x && self.equal_to[other] == Some(other));
            if let Some(equal) = first.find(|&other| table.same(x, other)) {
                self.equal_to[x] = Some(equal);
            }
        }
    }

    /// Whether x and y are each the nearest of the other, or who is nearer to which of them; a tie if that stays open.
    fn decide(&mut self, [x, y]: [usize; 2], rivals: [Vec<(usize, T)>; 2]) -> Result<Decision<T>, Error> {
        let mut tie = None;
        for ((from, to), rivals) in [(x, y), (y, x)].into_iter().zip(rivals) {
            let among: Vec<usize> = std::iter::once(to).chain(rivals.iter().map(|rival| rival.0)).collect();
            if among.len() == 1 {
                continue;
            }
            match self.nearest_of(from, &among)? {
                Some((at, _, false)) if at == to => self.repaired += 1,
                Some((at, _, false)) if !self.gave_up() => {
                    self.repaired += 1;
                    self.careful(true);
                    return Ok(Decision::Follow(from, at));
                }
                _ => tie = tie.or(rivals.first().copied()),
            }
        }
        Ok(tie.map_or(Decision::Nearest, |(other, distance)| Decision::Open { other, distance }))
    }

    /// The height of a merger that may be on either side of a cutoff; `None` if it stays open.
    fn exact_height(&mut self, x: usize, y: usize, cutoff: f64) -> Result<Option<f64>, Error> {
        let Some(repair) = &mut self.repair else { return Ok(None) };
        let value = repair.between(x, &[y])?.and_then(|values| values.first().copied());
        let decided = value.filter(|value| value.lower() > cutoff || value.upper() <= cutoff);
        self.repaired += usize::from(decided.is_some());
        Ok(decided.map(|value| value.value))
    }
}

impl<T: Float> Watch<T> for Below<'_, T> {
    fn begin(&mut self, table: &mut impl Table<T>, gate: &Gate<'_>) {
        self.equal_to = (0..table.n()).map(Some).collect();
        if self.rounding.input == 0.0 {
            self.find_equal(table, gate);
        }
        // Nothing is past an infinite cutoff; nor could be said by how much.
        if self.stop == Stop::Early && self.cutoff < T::INFINITY {
            // What is just past the cutoff is looked at one by one.
            let cutoff = self.cutoff.into();
            let beyond = cutoff + 2.0 * self.to_come(table.n(), cutoff);
            table.remove_beyond(T::from_f64(beyond), gate);
        }
    }

    fn next(
        &mut self,
        table: &mut impl Table<T>,
        x: usize,
        y: usize,
        height: T,
        before: Option<usize>,
    ) -> Result<Option<(usize, T)>, Error> {
        let cutoff = self.cutoff.into();
        // A chain that has been led elsewhere can hold clusters that have grown since, and are no longer near.
        let stale = self.repair.as_ref().is_some_and(Repair::decides);
        if (before.is_none() || stale) && self.stop == Stop::Early && height > self.cutoff {
            let slack = self.to_come(table.n(), height.into());
            if height.into() - cutoff > slack {
                return Ok(None);
            }
            let mut near = Self::near(before, y);
            let bound = T::from_f64(cutoff + 2.0 * slack);
            near.extend(table.rivals(x, y, bound, usize::MAX, |_, _| true).iter().map(|rival| rival.0));
            match self.nearest_of(x, &near)? {
                Some((to, value, _)) if value.upper() <= cutoff => {
                    self.careful(true);
                    self.repaired += 1;
                    return Ok(Some((to, T::from_f64(value.value))));
                }
                Some((_, value, _)) if value.lower() > cutoff => self.repaired += 1,
                _ => self.found.push(Ambiguity::Cutoff { a: x, b: y, distance: height }),
            }
            return Ok(None);
        }
        if self.repair.as_ref().is_some_and(|repair| repair.careful) {
            let mut near = Self::near(before, y);
            near.extend(self.rivals(table, x, y, height, usize::MAX).iter().map(|rival| rival.0));
            if near.len() > 1
                && let Some((to, value, _)) = self.nearest_of(x, &near)?
                && to != y
            {
                return Ok(Some((to, T::from_f64(value.value))));
            }
        }
        Ok(Some((y, height)))
    }

    fn merges(
        &mut self,
        table: &mut impl Table<T>,
        step: usize,
        x: usize,
        y: usize,
        height: T,
    ) -> Result<Verdict<T>, Error> {
        let both = table.size(x).into() + table.size(y).into();
        let slack = self.rounding.of(both - 2.0, height.into());
        let decides = self.repair.as_ref().is_some_and(Repair::decides);
        let (mut shown, mut tie) = (height, None);
        if height <= self.cutoff || (decides && height.into() - self.cutoff.into() <= slack) {
            // A tie that nobody decides is one, however many there are.
            let undecided = self.repair.is_none() && height.into() > slack;
            let enough = if undecided { 1 } else { usize::MAX };
            let mut rivals = [self.rivals(table, x, y, height, enough), Vec::new()];
            if !undecided || rivals[0].is_empty() {
                rivals[1] = self.rivals(table, y, x, height, enough);
            }
            let cutoff = if self.stop == Stop::Early { self.at_cutoff(height.into(), slack) } else { None };
            let open = cutoff.is_some() || rivals.iter().any(|rivals| !rivals.is_empty());
            let equal = open && height.into() <= slack && self.are_equal(x, y);
            if equal {
                rivals.iter_mut().for_each(|rivals| rivals.retain(|rival| !self.are_equal(x, rival.0)));
            }
            match self.decide([x, y], rivals)? {
                Decision::Nearest => {}
                Decision::Follow(from, to) => return Ok(Verdict::Follow(from, to)),
                Decision::Open { other, distance } => tie = Some((other, distance)),
            }
            if let Some(cutoff) = cutoff.filter(|_| !equal && slack > 0.0) {
                match self.exact_height(x, y, cutoff)? {
                    Some(exact) => shown = T::from_f64(exact),
                    None => self.found.push(Ambiguity::Cutoff { a: x, b: y, distance: height }),
                }
                if shown > self.cutoff {
                    self.careful(false);
                    return Ok(Verdict::Apart);
                }
            }
            if equal {
                shown = T::ZERO;
            }
        }
        if let Some((other, distance)) = tie {
            self.found.push(Ambiguity::Tie { row: step, other, distance });
        }
        self.careful(false);
        let made = [x, y].map(|slot| self.made.get(slot).copied());
        if let [Some(of_x), Some(of_y)] = made {
            // No height is below one under it.
            let height = of_x.height.max(of_y.height).max(shown.into());
            shown = T::from_f64(height);
            if self.lowest.is_some_and(|lowest| height > lowest) {
                self.order(step, [(x, of_x), (y, of_y)], both, shown)?;
            }
            self.made[y] = Made { step: Some(step), height };
        }
        if let Some(repair) = &mut self.repair {
            repair.merged(x, y);
        }
        if self.equal_to.get(x) != self.equal_to.get(y) {
            self.equal_to[y] = None;
        }
        self.largest = self.largest.max(both);
        Ok(Verdict::Merge(shown))
    }
}

/// The last merger of a slot.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// None of an observation.
    step: Option<usize>,
    height: f64,
}

impl<T: Float> Below<'_, T> {
    /// Two nodes merge: which of them was made at the lower height, where that is not certain as they are shown.
    fn order(&mut self, step: usize, nodes: [(usize, Made); 2], both: f64, height: T) -> Result<(), Error> {
        let [(x, of_x), (y, of_y)] = nodes;
        // An observation comes before every merger.
        let (Some(step_x), Some(step_y)) = (of_x.step, of_y.step) else { return Ok(()) };
        if (of_x.height - of_y.height).abs() > self.rounding.of(both, of_x.height.max(of_y.height)) {
            return Ok(());
        }
        if let Some(repair) = &mut self.repair
            && let (Some(exact_x), Some(exact_y)) = (repair.within(x)?, repair.within(y)?)
            && (exact_x.is_below(exact_y) || exact_y.is_below(exact_x))
        {
            self.repaired += 1;
            self.firsts.push((step, if exact_x.is_below(exact_y) { step_x } else { step_y }));
            return Ok(());
        }
        self.found.push(Ambiguity::Order { row: step, height });
        Ok(())
    }
}

/// Of two clusters that seem to be each other's nearest.
enum Decision<T> {
    /// They are.
    Nearest,
    /// The first of these has a nearer one: the second.
    Follow(usize, usize),
    /// Another may be as near.
    Open { other: usize, distance: T },
}

impl<T> Below<'_, T> {
    fn careful(&mut self, careful: bool) {
        if let Some(repair) = &mut self.repair {
            repair.steps = if careful { repair.steps + 1 } else { 0 };
            repair.careful = careful;
        }
    }

    /// Whether the chain has been led elsewhere more often since the last merger than can be.
    fn gave_up(&self) -> bool {
        self.repair.as_ref().is_some_and(|repair| repair.steps > repair.observations())
    }
}
