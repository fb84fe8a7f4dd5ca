//! The part of a dendrogram under a cutoff: chains that stop there, and what was not certain.

use crate::chain::Watch;
use crate::dendrogram::Step;
use crate::observer::Gate;
use crate::run::{Input, by_chain, steps_of};
use crate::table::Table;
use crate::{Condensed, Dendrogram, Error, Float, Linkage, Merge, Method, Observer, Reducible, Scratch};

/// Whether a run looks past the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stop {
    /// A cluster whose nearest neighbour is past the cutoff is final (the linkage being reducible) and is left alone
    /// from then on.
    #[default]
    Early,
    /// All merges are made, and those past the cutoff left out: the bits and rows of the full run.
    Never,
}

/// What another order of merges, as correct as this, could have made otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Ambiguity<T> {
    /// Of the two clusters that a merge joins, one was as near to a third, within rounding.
    Tie {
        /// The row of the merge in [`Forest::merges`].
        row: usize,
        /// An observation in the third cluster.
        other: usize,
        /// How near it was.
        distance: T,
    },
    /// Two nearest clusters were at the cutoff, within rounding: merged or left apart, it could be the other way.
    Cutoff {
        /// An observation in the one.
        a: usize,
        /// An observation in the other.
        b: usize,
        /// How far from each other they were.
        distance: T,
    },
}

/// The merges of a dendrogram that are not above a cutoff, and what was ambiguous about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest<T> {
    n: usize,
    merges: Vec<Merge<T>>,
    ambiguities: Vec<Ambiguity<T>>,
}

impl<T: Float> Forest<T> {
    /// From steps in any order, those past the cutoff among them.
    pub(crate) fn new(n: usize, steps: &[Step<T>], cutoff: T, found: Vec<Ambiguity<T>>) -> Self {
        let mut order: Vec<usize> = (0..steps.len()).filter(|&step| steps[step].height <= cutoff).collect();
        order.sort_by(|&a, &b| steps[a].by_height(&steps[b]));
        let mut ambiguities = found;
        if !ambiguities.is_empty() {
            let mut rows = vec![0; steps.len()];
            order.iter().enumerate().for_each(|(row, &step)| rows[step] = row);
            for ambiguity in &mut ambiguities {
                if let Ambiguity::Tie { row, .. } = ambiguity {
                    *row = rows[*row];
                }
            }
        }
        let steps: Vec<Step<T>> = order.iter().map(|&step| steps[step]).collect();
        Self { n, merges: Dendrogram::in_order(n, &steps).into_merges(), ambiguities }
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The merges, ascending by height, numbered as in a dendrogram: row r makes node n + r.
    #[must_use]
    pub fn merges(&self) -> &[Merge<T>] {
        &self.merges
    }

    /// What was ambiguous; nothing if the forest is the only one that there is.
    #[must_use]
    pub fn ambiguities(&self) -> &[Ambiguity<T>] {
        &self.ambiguities
    }

    /// The nodes that no merge joins, ascending: observations that are left alone, and the tops of the trees.
    #[must_use]
    pub fn roots(&self) -> Vec<usize> {
        let mut joined = vec![false; self.n + self.merges.len()];
        for merge in &self.merges {
            joined[merge.left] = true;
            joined[merge.right] = true;
        }
        (0..joined.len()).filter(|&node| !joined[node]).collect()
    }
}

/// The merges of [`linkage`](crate::linkage) up to a cutoff only, without the work above it.
///
/// A cluster whose nearest neighbour is past the cutoff is final, the linkage being reducible, and is left alone from
/// then on. The order of merges is therefore another than in the full run, so:
///
/// - The clusters are those of the full run's merges at heights of at most the cutoff, wherever those are the only
///   possible ones; where they are not (ties), [`Forest::ambiguities`] says so. Merges of equal height may come in
///   another order. Single linkage has none: its rows are the full run's.
/// - Heights have the bits of the full run for complete and single linkage. For average and weighted a height over a
///   cluster of m members is within `6.1 m u` of it, relatively (u: the unit of rounding, 1.1e-16 for `f64`): a value
///   that has gone through m updates of at most three roundings each, in either run. Ward's updates take differences;
///   its bound is taken as `48 m u` of the squares, held by the tests and not proven: take [`Stop::Never`] where it matters.
///
/// # Errors
/// As [`linkage`](crate::linkage); [`Error::NotReducible`] for centroid and median; [`Error::Cutoff`] if the cutoff is NaN.
///
/// ```
/// use hclust::{Condensed, Method, linkage_below};
/// let d = Condensed::new(4, vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.2])?;
/// let forest = linkage_below(d, Method::Average, 0.5)?;
/// assert_eq!(forest.merges().iter().map(|m| m.height).collect::<Vec<_>>(), [0.1, 0.2]);
/// assert_eq!(forest.roots(), [4, 5]);
/// assert!(forest.ambiguities().is_empty());
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_below<T: Float>(condensed: Condensed<T>, method: Method, cutoff: T) -> Result<Forest<T>, Error> {
    linkage_below_with(&mut Scratch::new(), condensed, method, cutoff, Stop::Early, &())
}

/// As [`linkage_below`], in the memory of `scratch` and as it says, telling `observer` of every merge and of every
/// cluster that is left alone. With [`Stop::Never`] merges and rows are those of the full run, in bits.
///
/// # Errors
/// As [`linkage_below`] and [`linkage_with`](crate::linkage_with).
pub fn linkage_below_with<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    method: Method,
    cutoff: T,
    stop: Stop,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error> {
    let rounding = match method {
        Method::Average | Method::Weighted => Rounding::new::<T>(3, false),
        // Not proven; see `linkage_below`.
        Method::Ward => Rounding::new::<T>(24, true),
        _ => Rounding::new::<T>(0, false),
    };
    let mut watch = Below::new(cutoff, stop, rounding)?;
    let (n, steps) = steps_of(scratch, Input::Condensed(condensed), method, &mut watch, observer)?;
    Ok(Forest::new(n, &steps, cutoff, watch.found))
}

/// As [`linkage_below_with`], by a reducible linkage of your own. `roundings` is the relative error of one `update` in
/// units of rounding, by which ties are told from near ones; 0 if it only chooses among its inputs.
///
/// # Errors
/// As [`linkage_below_with`].
pub fn linkage_below_by<T, L>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    linkage: &L,
    roundings: u32,
    cutoff: T,
    stop: Stop,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error>
where
    T: Float,
    L: Linkage<T> + Reducible + ?Sized,
{
    let mut watch = Below::new(cutoff, stop, Rounding::new::<T>(roundings, false))?;
    let (n, steps) = by_chain(scratch, Input::Condensed(condensed), linkage, &mut watch, observer)?;
    Ok(Forest::new(n, &steps, cutoff, watch.found))
}

/// How far two computed values of one dissimilarity can be apart.
///
/// A value between clusters of a and b members has gone through at most a + b − 2 updates. If each has a relative error
/// of at most r units of rounding, which average and weighted linkage keep (they are sums of what is not negative), it
/// is within `r (a + b − 2) u` of what exact arithmetic makes of the input, and two values of different order within
/// twice that. Complete and single linkage only choose: r = 0. All is rounded up by a hundredth for the second order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounding {
    /// r times the unit.
    each: f64,
    /// The absolute error of one update below the normal range.
    least: f64,
}

impl Rounding {
    /// `squares`: the update takes squares and a root, so that what is lost below the normal range are squares.
    fn new<T: Float>(roundings: u32, squares: bool) -> Self {
        let single = size_of::<T>() == size_of::<f32>();
        let (unit, normal) = if single {
            (f64::from(f32::EPSILON) / 2.0, f64::from(f32::MIN_POSITIVE))
        } else {
            (f64::EPSILON / 2.0, f64::MIN_POSITIVE)
        };
        let each = f64::from(roundings) * unit * 1.01;
        Self { each, least: if squares { each.sqrt() * normal.sqrt() } else { each * normal } }
    }

    /// Twice the error of a value that has gone through so many updates.
    fn of(self, updates: f64, value: f64) -> f64 {
        2.0 * updates * (self.each * value + self.least)
    }
}

/// Stops chains at the cutoff and looks for ambiguities below it.
pub(crate) struct Below<T> {
    cutoff: T,
    stop: Stop,
    rounding: Rounding,
    /// The most members of any cluster so far.
    largest: f64,
    pub(crate) found: Vec<Ambiguity<T>>,
}

impl<T: Float> Below<T> {
    fn new(cutoff: T, stop: Stop, rounding: Rounding) -> Result<Self, Error> {
        if cutoff.into().is_nan() {
            return Err(Error::Cutoff);
        }
        Ok(Self { cutoff, stop, rounding, largest: 1.0, found: Vec::new() })
    }

    /// How much nearer than `value` mergers to come may be by rounding alone: after as many updates as there can be.
    fn to_come(&self, n: usize, value: f64) -> f64 {
        self.rounding.of(<f64 as Float>::from_count(n), value)
    }

    /// Some cluster other than y that is as near to x as y is, within rounding.
    fn rival(&self, table: &mut impl Table<T>, x: usize, y: usize, height: T) -> Option<(usize, T)> {
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
        table.rival(x, y, T::from_f64(bound), is_close)
    }
}

impl<T: Float> Watch<T> for Below<T> {
    fn begin(&mut self, table: &mut impl Table<T>, gate: &Gate<'_>) {
        if self.stop == Stop::Early {
            // What is just past the cutoff is looked at one by one.
            let cutoff = self.cutoff.into();
            let beyond = cutoff + 2.0 * self.to_come(table.n(), cutoff);
            table.remove_beyond(T::from_f64(beyond), gate);
        }
    }

    fn is_final(&mut self, table: &mut impl Table<T>, x: usize, y: usize, height: T) -> bool {
        if self.stop == Stop::Never || height <= self.cutoff {
            return false;
        }
        if height.into() - self.cutoff.into() <= self.to_come(table.n(), height.into()) {
            self.found.push(Ambiguity::Cutoff { a: x, b: y, distance: height });
        }
        true
    }

    fn merges(&mut self, table: &mut impl Table<T>, step: usize, x: usize, y: usize, height: T) {
        let both = table.size(x).into() + table.size(y).into();
        if height <= self.cutoff {
            if self.stop == Stop::Early {
                let (cutoff, slack) = (self.cutoff.into(), self.rounding.of(both - 2.0, self.cutoff.into()));
                // Nothing is near an infinite cutoff.
                if slack > 0.0 && cutoff - height.into() <= slack && cutoff.is_finite() {
                    self.found.push(Ambiguity::Cutoff { a: x, b: y, distance: height });
                }
            }
            let rival = self.rival(table, x, y, height).or_else(|| self.rival(table, y, x, height));
            // Equal observations are one whatever the order.
            if let Some((other, distance)) = rival
                && !(height == T::ZERO && table.same(x, y))
            {
                self.found.push(Ambiguity::Tie { row: step, other, distance });
            }
        }
        self.largest = self.largest.max(both);
    }
}
