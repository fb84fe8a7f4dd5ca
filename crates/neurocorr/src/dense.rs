//! The product of all pairs of standardised columns, tile by tile, block of tokens after block, where the result will stand
//! (`NOTE.md` says why so).

use crate::go_on::GoOn;
use crate::kernels::{Ahead, Factors};
use crate::standardize::{Block, panel_of};
use crate::tile_sums::{SumIn, Target, TileSums, slice_of};
use crate::{Error, NEURON_BLOCK, Precision};
use faer::MatMut;
use rayon::prelude::*;
use std::ops::Range;

/// Where products with later neurons stand while they are summed: a neuron's on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The upper triangle by rows: the lines of a panel tight at the start of the panel's rows, behind them what its neurons have with each
    /// other.
    Condensed,
    /// n × n: the lines where they belong.
    Square,
}

/// The products of one panel of neurons with each other and with all neurons behind the panel.
pub(crate) struct Lines<'a, P> {
    pub(crate) panel: Range<usize>,
    /// All of the result that belongs to the panel's rows.
    pub(crate) rows: &'a mut [P],
    /// Where the first line of products with neurons behind the panel begins, how far lines are apart, and how long they are.
    pub(crate) first: usize,
    pub(crate) stride: usize,
    pub(crate) length: usize,
}

impl<'a, P: Precision> Lines<'a, P> {
    /// The lines of products with neurons behind the panel, a column each; and, for each neuron of the panel, those with the later ones of it.
    pub(crate) fn split(self) -> (MatMut<'a, P>, Vec<&'a mut [P]>) {
        let Self { panel, rows, first, stride, length } = self;
        let width = panel.len();
        // The lines of a square begin behind the panel.
        if first == 0 {
            let (lines, mut rest) = rows.split_at_mut(width * length);
            let mut inside = Vec::with_capacity(width);
            for at in 0..width {
                let (own, after) = rest.split_at_mut(width - 1 - at);
                inside.push(own);
                rest = after;
            }
            (MatMut::from_column_major_slice_mut(lines, length, width), inside)
        } else {
            let (up_to_panel, lines) =
                MatMut::from_column_major_slice_mut(rows, stride, width).split_at_row_mut(first);
            let (_, panel) = up_to_panel.split_at_row_mut(first - width);
            let later = |(at, column)| slice_of(column).and_then(|column| column.get_mut(at + 1..));
            (lines, panel.col_iter_mut().enumerate().filter_map(later).collect())
        }
    }
}

impl Layout {
    /// Values of a result.
    pub(crate) fn values(self, neurons: usize) -> usize {
        match self {
            Self::Condensed => crate::condensed::pairs(neurons),
            Self::Square => neurons.saturating_mul(neurons),
        }
    }

    /// The result, panel by panel; `out` must have the layout's length.
    pub(crate) fn lines<P>(self, out: &mut [P], neurons: usize) -> Vec<Lines<'_, P>> {
        let mut rest = out;
        let panels = (0..neurons.div_ceil(NEURON_BLOCK)).map(|index| panel_of(index, neurons));
        let lines = panels.map(|panel| {
            let length = neurons - panel.end;
            let (first, stride, values) = match self {
                Self::Condensed => (
                    0,
                    length,
                    crate::condensed::pairs(neurons - panel.start) - crate::condensed::pairs(length),
                ),
                Self::Square => (panel.end, neurons, panel.len() * neurons),
            };
            let (rows, after) = std::mem::take(&mut rest).split_at_mut(values);
            rest = after;
            Lines { panel, rows, first, stride, length }
        });
        lines.collect()
    }
}

/// One tile: rows of a left panel, columns of a right one.
struct Job<'a, P: Precision> {
    target: Target<'a, P>,
    panels: Panels,
}

#[derive(Clone, Copy)]
struct Panels {
    left: usize,
    right: usize,
}

/// The tiles of all pairs of one matrix.
fn triangle_jobs<'a, P: Precision>(
    layout: Layout,
    out: &'a mut [P],
    squares: &'a mut [P],
    neurons: usize,
) -> Vec<Job<'a, P>> {
    let mut jobs = Vec::new();
    let squares = squares.chunks_mut(NEURON_BLOCK);
    for (right, (lines, squares)) in layout.lines(out, neurons).into_iter().zip(squares).enumerate() {
        let (behind, inside) = lines.split();
        jobs.push(Job { target: Target::Diagonal { inside, squares }, panels: Panels { left: right, right } });
        push_column(&mut jobs, behind, right, right + 1);
    }
    jobs
}

/// The tiles of one panel of columns with the panels of rows from `left` on.
fn push_column<'a, P: Precision>(
    jobs: &mut Vec<Job<'a, P>>,
    mut rest: MatMut<'a, P>,
    right: usize,
    left: usize,
) {
    for left in left.. {
        if rest.nrows() == 0 {
            break;
        }
        let rows = NEURON_BLOCK.min(rest.nrows());
        let (target, after) = rest.split_at_row_mut(rows);
        rest = after;
        jobs.push(Job { target: Target::Tile(target), panels: Panels { left, right } });
    }
}

/// Tiles of the triangle of so many neurons.
pub(crate) fn triangle_tiles(neurons: usize) -> usize {
    let panels = neurons.div_ceil(NEURON_BLOCK);
    panels * (panels + 1) / 2
}

/// Adds the products of a block's tokens for all pairs of its neurons, and of each with itself to `squares`; `replace` begins anew.
pub(crate) fn add_triangle<P: Precision, Q: SumIn<P>>(
    block: &Block<Q>,
    layout: Layout,
    out: &mut [P],
    squares: &mut [P],
    replace: bool,
    go_on: &GoOn<'_>,
) -> Result<(), Error> {
    run(triangle_jobs(layout, out, squares, block.neurons()), block, block, replace, go_on)
}

/// Adds the products of the same tokens of two matrices: `out` has a row for each neuron of `x`, a column for each of `y`.
pub(crate) fn add_rectangle<P: Precision>(
    x: &Block<P>,
    y: &Block<P>,
    out: &mut [P],
    replace: bool,
    go_on: &GoOn<'_>,
) -> Result<(), Error> {
    let mut jobs = Vec::new();
    let length = y.neurons();
    for (right, rows) in out.chunks_mut((NEURON_BLOCK * length).max(1)).enumerate() {
        let panel = panel_of(right, x.neurons());
        push_column(&mut jobs, MatMut::from_column_major_slice_mut(rows, length, panel.len()), right, 0);
    }
    run(jobs, y, x, replace, go_on)
}

/// Every tile by one thread, pieces of tokens in order: the bits do not depend on the number of threads.
fn run<P: Precision, Q: SumIn<P>>(
    jobs: Vec<Job<'_, P>>,
    left: &Block<Q>,
    right: &Block<Q>,
    replace: bool,
    go_on: &GoOn<'_>,
) -> Result<(), Error> {
    jobs.into_par_iter().for_each_init(TileSums::default, |sums, Job { mut target, panels }| {
        if go_on.was_broken() {
            return;
        }
        let (rows, columns) = target.size();
        let triangle = matches!(target, Target::Diagonal { .. });
        sums.begin(left.kernel(), rows, columns);
        let pieces = left.pieces();
        // Where the sums will go: pages apart, so that the processor would find each place too late.
        let soon: Vec<Ahead> =
            target.columns().iter().flat_map(|(_, column)| Ahead::of(column).parts()).collect();
        for piece in 0..pieces {
            // The next tile has the same panel on the right, and the next on the left, most often.
            let next = (piece + 1) % pieces;
            let left_ahead = left.piece(panels.left + usize::from(next == 0), next, rows);
            let ahead = Some([left_ahead, right.piece(panels.right, next, columns)]);
            let (left, right) =
                (left.piece(panels.left, piece, rows), right.piece(panels.right, piece, columns));
            let soon = if piece + 1 == pieces { soon.as_slice() } else { &[] };
            sums.add::<P>(Factors { left, right, triangle, ahead, soon });
        }
        sums.add_to(target, replace);
        go_on.add(1);
    });
    go_on.check()
}
