//! What a more exact source says of clusters, by their members.

use crate::certain::{Exact, Rounding};
use crate::{Error, Float, Method};
use std::collections::HashMap;

/// Members of a cluster that the exact source is asked about at a time.
const ROWS: usize = 256;

/// A dissimilarity of two clusters by the exact source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub(crate) value: f64,
    error: f64,
}

impl Value {
    pub(crate) fn lower(self) -> f64 {
        self.value - self.error
    }

    pub(crate) fn upper(self) -> f64 {
        self.value + self.error
    }

    /// Certainly less.
    pub(crate) fn is_below(self, other: Self) -> bool {
        self.upper() < other.lower()
    }
}

/// How a cluster's dissimilarity follows from its members'.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fold {
    Greatest,
    Mean,
    /// Weights halve with every merger.
    Weighted,
}

/// Clusters by their members, and what the exact source has said of them.
pub(crate) struct Repair<'a> {
    exact: &'a dyn Exact,
    /// Unless only equal observations can be told.
    fold: Option<Fold>,
    /// By slot: those of the two clusters that it was last made of one after the other.
    members: Vec<Vec<usize>>,
    /// By slot: how many of them are of the first of the two.
    split: Vec<usize>,
    /// By observation: mergers that it has gone through.
    depths: Vec<i32>,
    /// By pair of slots with their sizes.
    known: HashMap<[(usize, usize); 2], Value>,
    /// Whether every step of the chain is to be decided exactly, since one has been.
    pub(crate) careful: bool,
    /// Turns of the chain since the last merger.
    pub(crate) steps: usize,
}

impl<'a> Repair<'a> {
    pub(crate) fn new(exact: &'a dyn Exact, method: Method, n: usize) -> Self {
        let fold = match method {
            Method::Complete => Some(Fold::Greatest),
            Method::Average => Some(Fold::Mean),
            Method::Weighted => Some(Fold::Weighted),
            _ => None,
        };
        Self {
            exact,
            fold,
            members: (0..n).map(|slot| vec![slot]).collect(),
            split: vec![0; n],
            depths: vec![0; n],
            known: HashMap::new(),
            careful: false,
            steps: 0,
        }
    }

    /// Whether it can decide anything.
    pub(crate) fn decides(&self) -> bool {
        self.fold.is_some()
    }

    pub(crate) fn observations(&self) -> usize {
        self.members.len()
    }

    /// Whether two observations are the same.
    pub(crate) fn are_equal(&self, a: usize, b: usize) -> bool {
        self.exact.are_equal(a, b)
    }

    /// x has merged into y.
    pub(crate) fn merged(&mut self, x: usize, y: usize) {
        let members = std::mem::take(&mut self.members[x]);
        self.split[y] = self.members[y].len();
        self.members[y].extend(members);
        if self.fold == Some(Fold::Weighted) {
            self.members[y].iter().for_each(|&member| self.depths[member] += 1);
        }
    }

    /// How far a cluster is from some others; `None` if that does not follow from their members.
    pub(crate) fn between(&mut self, x: usize, others: &[usize]) -> Result<Option<Vec<Value>>, Error> {
        let Some(fold) = self.fold else { return Ok(None) };
        let mut unknown = others.to_vec();
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|&y| !self.known.contains_key(&self.key(x, y)));
        let parts: Vec<&[usize]> = unknown.iter().map(|&y| self.members[y].as_slice()).collect();
        let values = self.fold_of(fold, &self.members[x], &parts)?;
        let keys: Vec<_> = unknown.iter().map(|&y| self.key(x, y)).collect();
        self.known.extend(keys.into_iter().zip(values));
        Ok(others.iter().map(|&y| self.known.get(&self.key(x, y)).copied()).collect())
    }

    /// How far the two clusters were from each other that a cluster was last made of.
    pub(crate) fn within(&mut self, x: usize) -> Result<Option<Value>, Error> {
        let Some(fold) = self.fold else { return Ok(None) };
        // Of members that have gone through one merger more, all of them: no weight changes against another.
        let (first, second) = self.members[x].split_at(self.split[x]);
        Ok(self.fold_of(fold, first, &[second])?.first().copied())
    }

    /// What is known is known of these very members: clusters only grow.
    fn key(&self, x: usize, y: usize) -> [(usize, usize); 2] {
        [x.min(y), x.max(y)].map(|slot| (slot, self.members[slot].len()))
    }

    /// How far a cluster is from some others, all asked for together.
    fn fold_of(&self, fold: Fold, x: &[usize], others: &[&[usize]]) -> Result<Vec<Value>, Error> {
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let weight =
            |member: usize| if fold == Fold::Weighted { 0.5_f64.powi(self.depths[member]) } else { 1.0 };
        // Members with the cluster that they are of, in order: a source may read them from rows of all.
        let sorted = |clusters: &[&[usize]]| {
            let mut all: Vec<(usize, usize)> = clusters
                .iter()
                .enumerate()
                .flat_map(|(part, members)| members.iter().map(move |&member| (member, part)))
                .collect();
            all.sort_unstable();
            all
        };
        let (rows, columns) = (sorted(&[x]), sorted(others));
        // A row for each of the fewer.
        let turned = columns.len() < rows.len();
        let (rows, columns) = if turned { (columns, rows) } else { (rows, columns) };
        let names = |of: &[(usize, usize)]| of.iter().map(|&(member, _)| member).collect::<Vec<_>>();
        let weights = |of: &[(usize, usize)]| of.iter().map(|&(member, _)| weight(member)).collect::<Vec<_>>();
        let (column_names, column_weights) = (names(&columns), weights(&columns));
        let (mut sums, mut greatest) = (vec![0.0; others.len()], vec![0.0_f64; others.len()]);
        for rows in rows.chunks(ROWS) {
            let values = self.exact.dissimilarities(&names(rows), &column_names).ok_or(Error::Cancelled)?;
            for (&(row, of_row), values) in rows.iter().zip(values.chunks(columns.len())) {
                let mut row_sums = vec![0.0; others.len()];
                for ((&value, &(_, of_column)), weight) in values.iter().zip(&columns).zip(&column_weights) {
                    let part = of_row.max(of_column);
                    row_sums[part] += weight * value;
                    greatest[part] = greatest[part].max(value);
                }
                sums.iter_mut().zip(row_sums).for_each(|(sum, row_sum)| *sum += weight(row) * row_sum);
            }
        }
        let count = |members: &[usize]| members.iter().map(|&member| weight(member)).sum::<f64>();
        let of_x = count(x);
        let value = |((&members, sum), greatest): ((&&[usize], f64), f64)| {
            let value = if fold == Fold::Greatest { greatest } else { sum / (of_x * count(members)) };
            let updates = <f64 as Float>::from_count(x.len() + members.len());
            // What is decided against it may have gone through as many updates; its own sums are shorter.
            let rounding = Rounding::new::<f64>(if fold == Fold::Greatest { 0 } else { 3 }, false);
            let error = 2.0 * self.exact.uncertainty() + 2.0 * rounding.of(updates, value);
            Value { value, error }
        };
        Ok(others.iter().zip(sums).zip(greatest).map(value).collect())
    }
}
