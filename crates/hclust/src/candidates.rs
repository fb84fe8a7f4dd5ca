//! The few pairs that a minimum spanning tree can take, sifted from all, and the tree of them.

use crate::condensed::row_offsets;
use crate::dendrogram::{Step, ascending};
use crate::kernels::{BLOCK, Check, lanes};
use crate::level::{Level, Work};
use crate::observer::{Gate, Observer};
use crate::spanning::{Nearest, grow};
use crate::union::UnionFind;
use crate::{CondensedView, Error, Float};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::atomic::{self, AtomicUsize};

/// Fewer observations are faster without.
const FEW: usize = 400;

/// Pairs an observation that a round is meant to find: enough to join random values in one round.
const WANTED: usize = 16;

/// Pairs an observation that may be found or kept: more are found among heavy ties only.
const MOST: usize = 64;

/// Rounds at most, and those at most that leave more than three quarters of the clusters: the tree of all pairs takes as
/// long as eight rounds.
const ROUNDS: usize = 10;
const POOR: usize = 2;

/// Samples of which the bound of a round is taken, at least.
const SAMPLES: usize = 4096;

/// Values that are looked at together.
const PIECE: usize = 64;

/// Rows that a thread takes at least.
const ROWS: usize = 16;

/// Two observations, the lower first.
#[derive(Debug, Clone, Copy)]
struct Pair<T> {
    i: u32,
    j: u32,
    distance: T,
}

/// Bytes that pairs and tree take at most.
pub(crate) fn bytes_needed<T: Float>(n: usize) -> u64 {
    // As they are found, in one piece to be sorted, and from either end.
    let pair = size_of::<Pair<T>>().saturating_mul(4) as u64;
    if n < FEW { 0 } else { (n as u64).saturating_mul(MOST as u64).saturating_mul(pair) }
}

/// The minimum spanning tree, as Prim's algorithm grows it over all pairs; `None` where this way does not pay: for few
/// observations, and where too many pairs tie.
///
/// A pair can be in such a tree only if nothing that is nearer joins its observations. Each round takes the pairs up to
/// a bound, of which a sample says that they are a few for each observation, unless nearer ones have joined them; until
/// all are joined. Of those, Kruskal's algorithm (1956), taking equal ones together, keeps all that are in any minimum
/// spanning tree. The nearest observation outside of a growing tree is always reached by such a pair, so Prim's
/// algorithm takes the same steps over these pairs as over all: ties too. About three reads of each value.
///
/// # Errors
/// [`Error::Value`] and [`Error::Cancelled`]. Where the result is `None`, the values have not been checked.
pub(crate) fn sifted_tree<T: Float>(
    condensed: CondensedView<'_, T>,
    level: Level,
    observer: &dyn Observer,
) -> Result<Option<Vec<Step<T>>>, Error> {
    let pairs = candidates(condensed, level, observer)?;
    pairs.map(|pairs| tree(condensed.n(), &pairs, observer)).transpose()
}

/// All pairs that are in any minimum spanning tree.
fn candidates<T: Float>(
    condensed: CondensedView<'_, T>,
    level: Level,
    observer: &dyn Observer,
) -> Result<Option<Vec<Pair<T>>>, Error> {
    let n = condensed.n();
    if n < FEW {
        return Ok(None);
    }
    let starts: Vec<usize> =
        row_offsets(n).into_iter().enumerate().map(|(i, at)| at.wrapping_add(i + 1)).collect();
    let mut clusters = UnionFind::new(n);
    let mut left = n;
    let mut kept = Vec::new();
    let mut poor = 0;
    for _ in 0..ROUNDS {
        let begun = left;
        #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
        let labels: Vec<u32> = (0..n).map(|i| clusters.find(i) as u32).collect();
        let bound = bound(condensed.values(), &starts, &labels);
        let sieve = Sieve { condensed, starts: &starts, labels: &labels, bound };
        let Some(mut found) = sieve.sift(level, observer)? else { return Ok(None) };
        found.par_sort_unstable_by(|a, b| ascending(a.distance, b.distance));
        for equal in found.chunk_by(|a, b| a.distance == b.distance) {
            let before = kept.len();
            kept.extend(
                equal
                    .iter()
                    .copied()
                    .filter(|pair| clusters.find(pair.i as usize) != clusters.find(pair.j as usize)),
            );
            for pair in &kept[before..] {
                let (x, y) = (clusters.find(pair.i as usize), clusters.find(pair.j as usize));
                if x != y {
                    clusters.union(x, y);
                    left -= 1;
                }
            }
        }
        poor += usize::from(left > begun / 4 * 3);
        if poor == POOR || kept.len() > n * MOST {
            break;
        }
        if left == 1 {
            return Ok(Some(kept));
        }
    }
    Ok(None)
}

/// A distance that about [`WANTED`] pairs an observation do not exceed, of those in different clusters.
fn bound<T: Float>(values: &[T], starts: &[usize], labels: &[u32]) -> T {
    let n = labels.len();
    let samples = n.max(SAMPLES);
    // Multiples of the golden ratio are spread evenly, and in step with nothing in the matrix.
    let at = |k: u64| (u128::from(k.wrapping_mul(0x9E37_79B9_7F4A_7C15)) * values.len() as u128) >> 64;
    let mut sample = Vec::with_capacity(samples);
    for k in 1..=samples as u64 {
        let place = at(k) as usize;
        let i = starts.partition_point(|&start| start <= place).saturating_sub(1);
        let j = i + 1 + (place - starts[i]);
        if j < n && labels[i] != labels[j] {
            sample.push(values[place]);
        }
    }
    // So many of the samples stand for the pairs that are wanted; if there are not so many, all are wanted.
    let rank = 2 * WANTED * samples / n;
    if rank < sample.len() {
        *sample.select_nth_unstable_by(rank, |&a, &b| ascending(a, b)).1
    } else {
        T::INFINITY
    }
}

/// Looks through all pairs.
struct Sieve<'a, T: Float> {
    condensed: CondensedView<'a, T>,
    /// Where each row starts.
    starts: &'a [usize],
    labels: &'a [u32],
    bound: T,
}

impl<T: Float> Sieve<'_, T> {
    /// The pairs up to the bound whose labels differ, by rows; `None` if they are too many.
    fn sift(&self, level: Level, observer: &dyn Observer) -> Result<Option<Vec<Pair<T>>>, Error> {
        let n = self.labels.len();
        let gate = Gate::new(observer, n - 1);
        let (count, most) = (AtomicUsize::new(0), n * MOST);
        let row = |(good, mut pairs): (bool, Vec<Pair<T>>), i: usize| {
            if count.load(atomic::Ordering::Relaxed) > most || gate.is_closed() {
                return (good, pairs);
            }
            let before = pairs.len();
            let row = &self.condensed.values()[self.starts[i]..][..n - 1 - i];
            let found = Row { i, row, labels: self.labels, bound: self.bound, pairs: &mut pairs };
            let good = level.run(found) & good;
            count.fetch_add(pairs.len() - before, atomic::Ordering::Relaxed);
            (good, pairs)
        };
        let rows = (0..n - 1).into_par_iter().with_min_len(ROWS);
        let parts: Vec<(bool, Vec<Pair<T>>)> = rows.fold(|| (true, Vec::new()), row).collect();
        gate.result()?;
        let count = count.into_inner();
        if count > most {
            return Ok(None);
        }
        if !parts.iter().all(|(good, _)| *good) {
            self.condensed.check()?;
        }
        let mut all = Vec::with_capacity(count);
        parts.into_iter().for_each(|(_, pairs)| all.extend(pairs));
        Ok(Some(all))
    }
}

/// Looks through the row of an observation; whether all of its values are finite and not negative.
struct Row<'a, T> {
    i: usize,
    row: &'a [T],
    labels: &'a [u32],
    bound: T,
    pairs: &'a mut Vec<Pair<T>>,
}

impl<T: Float> Work for Row<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { i, bound, pairs, .. } = self;
        let own = self.labels[i];
        let wanted = |value: T, label: u32| (value <= bound) & (label != own);
        let mut good = true;
        let pieces = self.row.chunks(PIECE).zip(self.labels[i + 1..].chunks(PIECE));
        for (piece, (row, labels)) in pieces.enumerate() {
            good &= Check(row).run();
            // `wanted`, as two masks: one condition of both would become a branch.
            let mut any = T::Mask::from(false);
            for (&value, &label) in row.iter().zip(labels) {
                any = any | (T::Mask::from(value <= bound) & T::Mask::from(label != own));
            }
            if any == T::Mask::from(false) {
                continue;
            }
            let first = i + 1 + piece * PIECE;
            let mut take = |at: usize| {
                #[expect(clippy::cast_possible_truncation, reason = "observations are numbered in 32 bits")]
                let (i, j) = (i as u32, (first + at) as u32);
                pairs.push(Pair { i, j, distance: row[at] });
            };
            let (blocks, rest) = row.as_chunks::<BLOCK>();
            for (block, (row, labels)) in blocks.iter().zip(labels.as_chunks::<BLOCK>().0).enumerate() {
                for lane in lanes::<T>(|lane| wanted(row[lane], labels[lane])) {
                    take(block * BLOCK + lane);
                }
            }
            for at in row.len() - rest.len()..row.len() {
                if wanted(row[at], labels[at]) {
                    take(at);
                }
            }
        }
        good
    }
}

/// The tree that Prim's algorithm grows over some pairs, from observation 0; ties as SciPy. `O(m log m)` for m pairs.
fn tree<T: Float>(n: usize, pairs: &[Pair<T>], observer: &dyn Observer) -> Result<Vec<Step<T>>, Error> {
    // The pairs of each observation side by side.
    let mut ends = vec![0_usize; n + 1];
    for pair in pairs {
        ends[pair.i as usize + 1] += 1;
        ends[pair.j as usize + 1] += 1;
    }
    for i in 0..n {
        ends[i + 1] += ends[i];
    }
    let starts = ends.clone();
    let mut near = vec![Near { distance: T::ZERO, place: 0 }; 2 * pairs.len()];
    for &Pair { i, j, distance } in pairs {
        for (from, place) in [(i, j), (j, i)] {
            let end = &mut ends[from as usize];
            near[*end] = Near { distance, place };
            *end += 1;
        }
    }
    let mut distances = vec![T::INFINITY; n];
    let mut heap = BinaryHeap::new();
    grow(n, observer, |x| {
        distances[x] = T::NEG_INFINITY;
        for &Near { distance, place } in &near[starts[x]..starts[x + 1]] {
            if distance < distances[place as usize] {
                distances[place as usize] = distance;
                heap.push(Near { distance, place });
            }
        }
        while let Some(Near { distance, place }) = heap.pop() {
            // One that has gone inside since, or come nearer, is no longer it.
            if distance == distances[place as usize] {
                return Ok(Nearest { place: place as usize, distance });
            }
        }
        Ok(Nearest::NONE)
    })
}

/// An observation and how far it is; the nearest, the lowest on ties, is the greatest, as a heap wants it.
#[derive(Debug, Clone, Copy)]
struct Near<T> {
    distance: T,
    place: u32,
}

impl<T: Float> Ord for Near<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        ascending(other.distance, self.distance).then(other.place.cmp(&self.place))
    }
}

impl<T: Float> PartialOrd for Near<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Float> PartialEq for Near<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T: Float> Eq for Near<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spanning::spanning;
    use crate::{Condensed, Scratch};

    /// Condensed values by a function of the pair and a number that looks random.
    fn made(n: usize, value: impl Fn(usize, usize, f64) -> f64) -> Condensed<f64> {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from((state >> 40) as u32) / f64::from(1 << 24)
        };
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        Condensed::new(n, pairs.map(|(i, j)| value(i, j, random())).collect()).unwrap()
    }

    /// Whether the sieve found the tree; that it is the one of all pairs, at every level.
    fn finds(condensed: &Condensed<f64>) -> bool {
        let condensed = condensed.view();
        let bits = |steps: Vec<Step<f64>>| -> Vec<_> {
            steps.into_iter().map(|step| (step.a, step.b, step.height.to_bits())).collect()
        };
        let expected = bits(spanning(condensed, &Scratch::new(), &()).unwrap());
        let found = |level| sifted_tree(condensed, level, &()).unwrap().map(bits);
        for level in Level::available() {
            assert!(found(level).is_none_or(|steps| steps == expected), "{}", level.name());
        }
        found(Level::detect()).is_some()
    }

    #[test]
    fn the_sieve_gives_prims_steps_whatever_ties_and_whatever_lies_apart() {
        for n in [FEW, FEW + 1, 463, 640] {
            assert!(finds(&made(n, |_, _, v| v)));
            // Ties in plenty: on the whole range, near the bottom, between zeros of either sign.
            assert!(finds(&made(n, |_, _, v| (v * 1000.0).floor())));
            assert!(finds(&made(n, |_, _, v| (v * 30.0).floor())));
            assert!(finds(&made(n, |_, _, v| if v < 0.01 {
                -0.0
            } else if v < 0.02 {
                0.0
            } else {
                v
            })));
            // Groups far apart, some of one observation, each round joining some.
            assert!(finds(&made(n, |i, j, v| if i % 10 == j % 10 { v } else { 100.0 + (i % 10) as f64 + v })));
            assert!(finds(&made(n, |i, j, v| v + if i.min(j) % 50 == 0 { (i * j) as f64 } else { 0.0 })));
            // A chain, and duplicates.
            assert!(finds(&made(n, |i, j, _| (j - i) as f64)));
            assert!(finds(&made(n, |i, j, _| ((i / 3).abs_diff(j / 3)) as f64)));
        }
    }

    #[test]
    fn what_the_sieve_is_slow_at_is_left_to_the_matrix() {
        for n in [FEW, 700] {
            assert!(!finds(&made(n, |_, _, _| 1.0)));
            assert!(!finds(&made(n, |_, _, v| (v * 1.5).floor())));
            // Not by ties, but one observation after the other.
            assert!(!finds(&made(n, |i, j, v| v + i.max(j) as f64)));
        }
        assert!(!finds(&made(FEW - 1, |_, _, v| v)));
    }

    #[test]
    fn a_value_that_is_none_is_an_error_and_a_break_ends_the_sieve() {
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            let condensed = made(FEW, |i, j, v| if (i, j) == (17, 392) { bad } else { v });
            let error = sifted_tree(condensed.view(), Level::detect(), &()).unwrap_err();
            assert!(matches!(error, Error::Value { i: 17, j: 392, .. }), "{error}");
        }
        let stop = |_: usize, _: usize| std::ops::ControlFlow::Break(());
        let condensed = made(FEW, |_, _, v| v);
        assert_eq!(sifted_tree(condensed.view(), Level::detect(), &stop).unwrap_err(), Error::Cancelled);
    }
}
