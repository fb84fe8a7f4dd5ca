//! Clusters by the listed pairs of their members. A cluster's pairs with others are a list that is added up when it is asked
//! for; a merge joins two lists and touches no other.

use super::{Known, Unlisted};

/// How a dissimilarity of clusters follows from those of their pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fold {
    Least,
    Greatest,
    Mean,
    /// A pair's weight halves with every merge of either of its observations.
    Weighted,
}

/// The listed pairs of two clusters: sums (or the least, or the greatest) of bounds, and how many they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// A node that the other cluster was when this was written.
    node: u32,
    weight: f64,
    lower: f64,
    upper: f64,
    guess: f64,
}

impl Entry {
    fn scaled(self, by: f64) -> Self {
        let Self { node, weight, lower, upper, guess } = self;
        Self { node, weight: weight * by, lower: lower * by, upper: upper * by, guess: guess * by }
    }

    fn add(&mut self, other: Self, fold: Fold) {
        let of = |a: f64, b: f64| match fold {
            Fold::Least => a.min(b),
            Fold::Greatest => a.max(b),
            Fold::Mean | Fold::Weighted => a + b,
        };
        self.weight += other.weight;
        self.lower = of(self.lower, other.lower);
        self.upper = of(self.upper, other.upper);
        self.guess = of(self.guess, other.guess);
    }
}

/// A dissimilarity of two clusters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) node: u32,
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) guess: f64,
    /// How far two computed values of it can be apart.
    pub(super) slack: f64,
}

/// Clusters as nodes: observations, then merges.
pub(super) struct Clusters {
    pub(super) fold: Fold,
    pub(super) unlisted: Unlisted,
    parents: Vec<u32>,
    /// Of a node's weights, what is left in its parent.
    factors: Vec<f64>,
    pub(super) members: Vec<Vec<u32>>,
    lists: Vec<Vec<Entry>>,
    pub(super) heights: Vec<f64>,
    /// Clusters without a neighbour under the cutoff.
    pub(super) last: Vec<bool>,
    /// By node: its place among the neighbours that are being added up, and one more.
    places: Vec<u32>,
    /// Nodes on the way to the top.
    path: Vec<usize>,
}

impl Clusters {
    pub(super) fn new(n: usize, known: &[Known], unlisted: Unlisted, fold: Fold) -> Self {
        let mut counts = vec![0_usize; n];
        for pair in known {
            counts[pair.a as usize] += 1;
            counts[pair.b as usize] += 1;
        }
        let mut lists: Vec<Vec<Entry>> = counts.into_iter().map(Vec::with_capacity).collect();
        for &Known { a, b, lower, upper } in known {
            let entry = |node| Entry { node, weight: 1.0, lower, upper, guess: f64::midpoint(lower, upper) };
            lists[a as usize].push(entry(b));
            lists[b as usize].push(entry(a));
        }
        #[expect(clippy::cast_possible_truncation, reason = "n < 2^31")]
        let observations = 0..n as u32;
        Self {
            fold,
            unlisted,
            parents: observations.clone().collect(),
            factors: vec![1.0; n],
            members: observations.map(|observation| vec![observation]).collect(),
            lists,
            heights: vec![0.0; n],
            last: vec![false; n],
            places: vec![0; n],
            path: Vec::new(),
        }
    }

    pub(super) fn is_top(&self, node: usize) -> bool {
        self.parents[node] as usize == node
    }

    /// The topmost node above a node, and what is left there of its weights.
    fn top(&mut self, node: usize) -> (usize, f64) {
        let mut root = node;
        self.path.clear();
        while !self.is_top(root) {
            self.path.push(root);
            root = self.parents[root] as usize;
        }
        // Everything on the way points there from now on; downwards, since factors of the lowest may be too small for a float.
        let mut factor = 1.0;
        while let Some(at) = self.path.pop() {
            factor *= self.factors[at];
            #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
            let parent = root as u32;
            (self.parents[at], self.factors[at]) = (parent, factor);
        }
        (root, factor)
    }

    /// The clusters with which x has listed pairs, each once: the list in place, then their values.
    pub(super) fn neighbours(&mut self, x: usize, values: &mut Vec<Value>) {
        let mut list = std::mem::take(&mut self.lists[x]);
        let mut count = 0;
        for read in 0..list.len() {
            let (top, factor) = self.top(list[read].node as usize);
            if top == x {
                continue;
            }
            let entry = if self.fold == Fold::Weighted { list[read].scaled(factor) } else { list[read] };
            match (self.places[top] as usize).checked_sub(1) {
                Some(place) => list[place].add(entry, self.fold),
                None => {
                    #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
                    let (node, place) = (top as u32, count as u32 + 1);
                    list[count] = Entry { node, ..entry };
                    self.places[top] = place;
                    count += 1;
                }
            }
        }
        list.truncate(count);
        list.iter().for_each(|entry| self.places[entry.node as usize] = 0);
        values.clear();
        values.extend(list.iter().map(|entry| self.value(x, entry)));
        self.lists[x] = list;
    }

    /// What listed pairs and the rest come to.
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
    fn value(&self, x: usize, entry: &Entry) -> Value {
        let (own, other) = (self.members[x].len() as f64, self.members[entry.node as usize].len() as f64);
        let Unlisted { lower, upper, guess } = self.unlisted;
        let total = if self.fold == Fold::Weighted { 1.0 } else { own * other };
        let missing = (total - entry.weight).max(0.0);
        let of = |listed: f64, rest: f64| match self.fold {
            Fold::Least if missing > 0.0 => listed.min(rest),
            Fold::Greatest if missing > 0.0 => listed.max(rest),
            Fold::Least | Fold::Greatest => listed,
            Fold::Mean | Fold::Weighted => (listed + missing * rest) / total,
        };
        let (lower, upper, guess) = (of(entry.lower, lower), of(entry.upper, upper), of(entry.guess, guess));
        // A sum of so many terms, weights of as many factors as there are members; and whoever makes the whole
        // matrix updates it as often.
        let roundings = match self.fold {
            Fold::Least | Fold::Greatest => 0.0,
            Fold::Mean | Fold::Weighted => own * other + 8.0 * (own + other),
        };
        Value { node: entry.node, lower, upper, guess, slack: 2.0 * roundings * f64::EPSILON * upper }
    }

    /// Two become one; gives its node.
    pub(super) fn merge(&mut self, x: usize, y: usize, height: f64) -> usize {
        let node = self.parents.len();
        let factor = if self.fold == Fold::Weighted { 0.5 } else { 1.0 };
        let (mut long, mut short) = (std::mem::take(&mut self.lists[x]), std::mem::take(&mut self.lists[y]));
        if self.fold == Fold::Weighted {
            long.iter_mut().chain(&mut short).for_each(|entry| *entry = entry.scaled(factor));
        }
        if long.len() < short.len() {
            std::mem::swap(&mut long, &mut short);
        }
        long.append(&mut short);
        let (mut members, mut others) =
            (std::mem::take(&mut self.members[x]), std::mem::take(&mut self.members[y]));
        if members.len() < others.len() {
            std::mem::swap(&mut members, &mut others);
        }
        members.append(&mut others);
        #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
        let parent = node as u32;
        for child in [x, y] {
            (self.parents[child], self.factors[child]) = (parent, factor);
        }
        self.parents.push(parent);
        self.factors.push(1.0);
        self.members.push(members);
        self.lists.push(long);
        self.heights.push(height);
        self.last.push(false);
        self.places.push(0);
        node
    }
}
