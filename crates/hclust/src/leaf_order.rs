//! Optimal leaf ordering (Bar-Joseph, Gifford and Jaakkola, 2001; the faster form of Bar-Joseph et al., 2003).

use crate::condensed::{place, row_offsets};
use crate::kernels::each_lane;
use crate::level::{Level, Work};
use crate::memory::Memory;
use crate::observer::{Gate, Observer, observe};
use crate::scipy_order::scipy_swaps;
use crate::{Condensed, Dendrogram, Error, Float, Merge};
use rayon::prelude::*;
use std::ops::Range;

/// Which of the orders that are called optimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LeafOrder {
    /// No other order of the tree has a shorter way from leaf to leaf.
    #[default]
    Optimal,
    /// That of `scipy.cluster.hierarchy.optimal_leaf_ordering`, which sums in single precision and turns every node by the
    /// best ends of its parent alone; it is often not the shortest (scipy#11227). `O(n⁴)` at worst.
    Scipy,
}

/// Turns the nodes of a dendrogram so that neighbouring leaves are as near as can be: of all 2ⁿ⁻¹ orders that the tree
/// allows, one with the least sum of dissimilarities from each leaf to the next.
///
/// The merges stay as they are but for their `left` and `right`; [`leaves_list`](Dendrogram::leaves_list) and the drawing
/// follow these. `O(n³)` time on rayon's threads and `O(n²)` memory (2.25 n² values). SciPy's function of this name gives
/// another order, which is often longer: [`LeafOrder::Scipy`].
///
/// # Errors
/// [`Error::Length`] if the dissimilarities are of another number of observations; [`Error::Value`] for one that is NaN,
/// infinite or negative; [`Error::OutOfMemory`].
///
/// ```
/// use hclust::{Condensed, Method, linkage, optimal_leaf_ordering};
/// let d = Condensed::new(4, vec![1.0, 9.0, 8.0, 2.0, 9.0, 1.5])?; // 1 and 2 are near
/// let tree = linkage(d.clone(), Method::Average)?;
/// assert_eq!(optimal_leaf_ordering(&tree, &d)?.leaves_list(), [0, 1, 2, 3]);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn optimal_leaf_ordering<T: Float>(
    tree: &Dendrogram<T>,
    condensed: &Condensed<T>,
) -> Result<Dendrogram<T>, Error> {
    optimal_leaf_ordering_with(tree, condensed, LeafOrder::Optimal, &())
}

/// As [`optimal_leaf_ordering`], in an order of your choice, telling `observer` of every node.
///
/// # Errors
/// As [`optimal_leaf_ordering`]; [`Error::Cancelled`] after a break.
pub fn optimal_leaf_ordering_with<T: Float>(
    tree: &Dendrogram<T>,
    condensed: &Condensed<T>,
    order: LeafOrder,
    observer: &dyn Observer,
) -> Result<Dendrogram<T>, Error> {
    let n = tree.n();
    if condensed.n() != n {
        return Err(Error::Length { n: Some(n), found: condensed.values().len(), square: false });
    }
    condensed.view().check()?;
    let ordered = Ordered::new(tree, condensed)?;
    let swaps = match order {
        LeafOrder::Optimal => ordered.optimal(Level::detect(), observer)?,
        LeafOrder::Scipy => scipy_swaps(&ordered, observer)?,
    };
    let turn = |(merge, swap): (&Merge<T>, bool)| match swap {
        true => Merge { left: merge.right, right: merge.left, ..*merge },
        false => *merge,
    };
    Ok(Dendrogram::known(n, tree.merges().iter().zip(swaps).map(turn).collect()))
}

/// A tree over leaves in the order of its drawing: every node is a range of them.
pub(crate) struct Ordered<T> {
    pub(crate) n: usize,
    /// Of each node, the leaves under it.
    ranges: Vec<Range<usize>>,
    /// Of each merge, its two nodes.
    pub(crate) children: Vec<[usize; 2]>,
    /// Dissimilarities of leaves, n × n.
    pub(crate) distances: Memory<T>,
}

impl<T: Float> Ordered<T> {
    fn new(tree: &Dendrogram<T>, condensed: &Condensed<T>) -> Result<Self, Error> {
        let n = tree.n();
        let leaves = tree.leaves_list();
        let mut ranges = vec![0..0; (2 * n).saturating_sub(1)];
        for (at, &leaf) in leaves.iter().enumerate() {
            ranges[leaf] = at..at + 1;
        }
        for (row, merge) in tree.merges().iter().enumerate() {
            ranges[n + row] = ranges[merge.left].start..ranges[merge.right].end;
        }
        let (offsets, values) = (row_offsets(n), condensed.values());
        let mut distances = Memory::zeroed(n.saturating_mul(n))?;
        distances.par_chunks_mut(n.max(1)).zip(&leaves).enumerate().for_each(|(at, (row, &leaf))| {
            for (to, (value, &other)) in row.iter_mut().zip(&leaves).enumerate() {
                if to != at {
                    *value = values[place(&offsets, leaf, other)];
                }
            }
        });
        let children = tree.merges().iter().map(|merge| [merge.left, merge.right]).collect();
        Ok(Self { n, ranges, children, distances })
    }

    pub(crate) fn range(&self, node: usize) -> Range<usize> {
        self.ranges[node].clone()
    }

    /// The two parts of a node; of a leaf, itself twice: it is the other end of itself.
    pub(crate) fn parts(&self, node: usize) -> [Range<usize>; 2] {
        let [a, b] = node.checked_sub(self.n).map_or([node; 2], |row| self.children[row]);
        [self.range(a), self.range(b)]
    }

    /// Where the other end of a node can be, given one of its leaves as an end: the part that the leaf is not in.
    fn opposite(&self, node: usize, end: usize) -> Range<usize> {
        let [a, b] = self.parts(node);
        if a.contains(&end) { b } else { a }
    }

    /// For each merge, whether its nodes are to be exchanged.
    fn optimal(&self, level: Level, observer: &dyn Observer) -> Result<Vec<bool>, Error> {
        let n = self.n;
        // The least way through a node from one end to the other. Two leaves are the ends of one node at most: that in
        // which they meet; so all are kept in one square.
        let mut ways: Memory<T> = Memory::zeroed(n * n)?;
        let mut half_ways: Memory<T> = Memory::zeroed((n / 2) * n.div_ceil(2))?;
        let merges = self.children.len();
        for (row, &[left, right]) in self.children.iter().enumerate() {
            self.meet(left, right, &mut ways, &mut half_ways, level, &Gate::new(observer, merges))?;
            observe(observer, row + 1, merges)?;
        }
        Ok(self.trace(&ways))
    }

    /// The least ways through the node that joins two: from i in the left over k, its other end, and l to j in the right.
    /// First the best k for each i and l, then the best l for each i and j: so no four ends are ever tried together.
    fn meet(
        &self,
        left: usize,
        right: usize,
        ways: &mut [T],
        half_ways: &mut [T],
        level: Level,
        gate: &Gate<'_>,
    ) -> Result<(), Error> {
        let (n, (a, b)) = (self.n, (self.range(left), self.range(right)));
        let width = b.len();
        let half_ways = &mut half_ways[..a.len() * width];
        let (low, high) = ways.split_at_mut(b.start * n);
        let [a_first, a_second] = self.parts(left);
        if a.len() == 1 {
            half_ways.copy_from_slice(&self.distances[a.start * n..][b.clone()]);
        } else {
            let (first, second) = half_ways.split_at_mut(a_first.len() * width);
            for (rows, ends, out) in [(&a_first, &a_second, first), (&a_second, &a_first, second)] {
                MinPlus {
                    left: Matrix { values: low, pitch: n, row: rows.start, column: ends.start },
                    inner: ends.len(),
                    right: Matrix { values: &self.distances, pitch: n, row: ends.start, column: b.start },
                    width,
                }
                .run(out, width, 0, level, gate);
            }
        }
        let rows = &mut low[a.start * n..];
        let [b_first, b_second] = self.parts(right);
        if width == 1 {
            rows.chunks_mut(n).zip(half_ways.iter()).for_each(|(row, &way)| row[b.start] = way);
        } else {
            for (columns, ends) in [(&b_first, &b_second), (&b_second, &b_first)] {
                MinPlus {
                    left: Matrix { values: half_ways, pitch: width, row: 0, column: ends.start - b.start },
                    inner: ends.len(),
                    right: Matrix { values: high, pitch: n, row: ends.start - b.start, column: columns.start },
                    width: columns.len(),
                }
                .run(&mut rows[..a.len() * n], n, columns.start, level, gate);
            }
        }
        gate.result()?;
        // The way back is as long.
        for (i, row) in a.clone().zip(rows.chunks(n)) {
            for (&way, back) in row[b.clone()].iter().zip(high.chunks_mut(n)) {
                back[i] = way;
            }
        }
        Ok(())
    }

    /// From the best two ends of the whole, down: which ends each node has, and so which of its parts comes first.
    fn trace(&self, ways: &[T]) -> Vec<bool> {
        let n = self.n;
        let mut swaps = vec![false; self.children.len()];
        let Some(&[left, right]) = self.children.last() else { return swaps };
        let mut best = (T::INFINITY, [self.range(left).start, self.range(right).start]);
        for i in self.range(left) {
            for j in self.range(right) {
                if ways[i * n + j] < best.0 {
                    best = (ways[i * n + j], [i, j]);
                }
            }
        }
        let mut pending = vec![(2 * n - 2, best.1)];
        while let Some((node, [first, last])) = pending.pop() {
            let Some(row) = node.checked_sub(n) else { continue };
            let [left, right] = self.children[row];
            // The end in the left part, and that in the right.
            let swap = self.range(right).contains(&first);
            let (i, j) = if swap { (last, first) } else { (first, last) };
            let mut best = (T::INFINITY, [i, j]);
            for k in self.opposite(left, i) {
                let half = ways[i * n + k];
                for l in self.opposite(right, j) {
                    let way = half + self.distances[k * n + l] + ways[l * n + j];
                    if way < best.0 {
                        best = (way, [k, l]);
                    }
                }
            }
            let [k, l] = best.1;
            swaps[row] = swap;
            pending.extend(if swap {
                [(right, [j, l]), (left, [k, i])]
            } else {
                [(left, [i, k]), (right, [l, j])]
            });
        }
        swaps
    }
}

/// A part of a matrix.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    values: &'a [T],
    /// Values from one row to the next.
    pitch: usize,
    /// The first row and column of the part.
    row: usize,
    column: usize,
}

impl<T> Matrix<'_, T> {
    fn row(&self, row: usize, length: usize) -> &[T] {
        &self.values[(self.row + row) * self.pitch + self.column..][..length]
    }
}

/// The product of two matrices in which + stands for × and the minimum for the sum: `O(rows · inner · width)`.
#[derive(Clone, Copy)]
struct MinPlus<'a, T> {
    left: Matrix<'a, T>,
    inner: usize,
    right: Matrix<'a, T>,
    width: usize,
}

/// Rows and columns that are kept in registers.
const HEIGHT: usize = 4;
const WIDTH: usize = 32;

impl<T: Float> MinPlus<'_, T> {
    /// Writes the product into rows of `pitch` values, from `column` on.
    fn run(self, out: &mut [T], pitch: usize, column: usize, level: Level, gate: &Gate<'_>) {
        // Below this a thread is not worth its while.
        const MANY: usize = 1 << 16;
        let some = |(chunk, out): (usize, &mut [T])| {
            if !gate.is_closed() {
                level.run(Rows { product: self, first: chunk * HEIGHT, out, pitch, column });
            }
        };
        if out.len() / pitch * self.inner * self.width < MANY {
            out.chunks_mut(HEIGHT * pitch).enumerate().for_each(some);
        } else {
            out.par_chunks_mut(HEIGHT * pitch).enumerate().for_each(some);
        }
    }
}

/// A few rows of a product.
struct Rows<'a, 'b, T> {
    product: MinPlus<'a, T>,
    first: usize,
    out: &'b mut [T],
    pitch: usize,
    column: usize,
}

impl<T: Float> Work for Rows<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let count = self.out.len() / self.pitch;
        let MinPlus { left, inner, right, width } = self.product;
        // Fewer rows than fit are made up by the last: what it gives is written once.
        let rows: [&[T]; HEIGHT] = std::array::from_fn(|row| left.row(self.first + row.min(count - 1), inner));
        for start in (0..width).step_by(WIDTH) {
            let columns = WIDTH.min(width - start);
            let mut least = [[T::INFINITY; WIDTH]; HEIGHT];
            for k in 0..inner {
                let mut values = [T::INFINITY; WIDTH];
                let from = &right.row(k, width)[start..];
                match from.first_chunk::<WIDTH>() {
                    Some(from) => values = *from,
                    None => values[..columns].copy_from_slice(from),
                }
                for (least, row) in least.iter_mut().zip(rows) {
                    let way = row[k];
                    *least = each_lane(|lane| {
                        let sum = way + values[lane];
                        if sum < least[lane] { sum } else { least[lane] }
                    });
                }
            }
            for (out, least) in self.out.chunks_mut(self.pitch).zip(&least) {
                out[self.column + start..][..columns].copy_from_slice(&least[..columns]);
            }
        }
    }
}
