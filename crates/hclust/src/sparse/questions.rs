//! Which pairs must be known better, for a decision that their bounds leave open.

use super::clusters::{Clusters, Fold, Value};
use super::{Known, Unlisted};
use std::collections::HashMap;

/// Pairs by their lower observation.
struct Listed<'a> {
    known: &'a [Known],
    /// Where an observation's begin; one more at the end.
    rows: Vec<usize>,
}

impl<'a> Listed<'a> {
    fn new(n: usize, known: &'a [Known]) -> Self {
        let mut rows = vec![0; n + 1];
        known.iter().for_each(|pair| rows[pair.a as usize + 1] += 1);
        for row in 0..n {
            rows[row + 1] += rows[row];
        }
        Self { known, rows }
    }

    fn get(&self, a: u32, b: u32) -> Option<&Known> {
        let (a, b) = (a.min(b), a.max(b));
        let row = self.known.get(self.rows[a as usize]..self.rows[a as usize + 1])?;
        row.binary_search_by_key(&b, |known| known.b).ok().and_then(|at| row.get(at))
    }
}

/// What must be known better.
pub(super) struct Questions<'a> {
    listed: Listed<'a>,
    /// By pair of clusters: how far apart the bounds of the least known of their pairs are, and of the best known that was asked
    /// for.
    blocks: HashMap<(u32, u32), (f64, f64)>,
    pub(super) pairs: Vec<(u32, u32)>,
    /// Whether something stays open that cannot be known better.
    pub(super) tied: bool,
}

/// Pairs that are known so much better than the worst known are not asked for with it.
const BETTER: f64 = 8.0;

impl<'a> Questions<'a> {
    pub(super) fn new(n: usize, known: &'a [Known]) -> Self {
        Self { listed: Listed::new(n, known), blocks: HashMap::new(), pairs: Vec::new(), tied: false }
    }

    /// A decision is open between two clusters, or between the first and either of two: asks for what is known worst.
    pub(super) fn open(&mut self, clusters: &Clusters, x: usize, others: [Option<Value>; 2]) {
        let others = || others.iter().flatten();
        let widest = others().map(|other| self.widest(clusters, x, other)).fold(0.0, f64::max);
        if widest == 0.0 {
            self.tied = true;
            return;
        }
        others().for_each(|other| self.ask(clusters, x, other, widest / BETTER));
    }

    /// The pairs of two clusters on which their dissimilarity depends, with how far apart the bounds of each are.
    fn visit(
        clusters: &Clusters,
        listed: &Listed<'_>,
        [x, y]: [usize; 2],
        value: &Value,
        mut visit: impl FnMut((u32, u32), f64),
    ) {
        let Unlisted { lower, upper, .. } = clusters.unlisted;
        for &a in &clusters.members[x] {
            for &b in &clusters.members[y] {
                let known = listed.get(a, b).map(|known| (known.lower, known.upper));
                let (lower, upper) = known.unwrap_or((lower, upper));
                let matters = match clusters.fold {
                    Fold::Least => lower <= value.upper,
                    Fold::Greatest => upper >= value.lower,
                    Fold::Mean | Fold::Weighted => true,
                };
                if matters {
                    visit((a.min(b), a.max(b)), upper - lower);
                }
            }
        }
    }

    fn widest(&mut self, clusters: &Clusters, x: usize, value: &Value) -> f64 {
        let (listed, y) = (&self.listed, value.node as usize);
        let block = self.blocks.entry(key(x, y)).or_insert_with(|| {
            let mut widest = 0.0_f64;
            Self::visit(clusters, listed, [x, y], value, |_, width| widest = widest.max(width));
            (widest, f64::INFINITY)
        });
        block.0
    }

    /// Asks for all such pairs whose bounds are at least so far apart.
    fn ask(&mut self, clusters: &Clusters, x: usize, value: &Value, least: f64) {
        let y = value.node as usize;
        let Some((widest, asked)) = self.blocks.get_mut(&key(x, y)) else { return };
        if *widest < least || *asked <= least {
            return;
        }
        *asked = least;
        let (listed, pairs) = (&self.listed, &mut self.pairs);
        Self::visit(clusters, listed, [x, y], value, |pair, width| {
            if width >= least {
                pairs.push(pair);
            }
        });
    }
}

#[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
fn key(x: usize, y: usize) -> (u32, u32) {
    (x.min(y) as u32, x.max(y) as u32)
}
