//! The product of all pairs of standardised columns, tile by tile, block of tokens after block, where the result will stand
//! (`NOTE.md` says why so).

use crate::go_on::GoOn;
use crate::kernels::{Ahead, Factors};
use crate::standardize::{Block, panel_of};
use crate::tile_sums::{SumIn, TileSums};
use crate::{Error, NEURON_BLOCK, Precision};
use faer::{ColRef, MatMut};
use rayon::prelude::*;
use std::ops::Range;

/// Where products with later neurons stand while they are summed: a neuron's on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The upper triangle by rows: the lines of a panel tight at the start of the panel's rows.
    Condensed,
    /// n × n: the lines where they belong.
    Square,
}

/// The products of one panel of neurons with all neurons behind the panel.
pub(crate) struct Lines<'a, P> {
    pub(crate) panel: Range<usize>,
    /// All of the result that belongs to the panel's rows.
    pub(crate) rows: &'a mut [P],
    /// Where the first line begins, how far lines are apart, and how long they are.
    pub(crate) first: usize,
    pub(crate) stride: usize,
    pub(crate) length: usize,
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

/// Space for the products of each panel with itself: 192 values a neuron.
pub(crate) fn diagonal_values(neurons: usize) -> usize {
    neurons.saturating_mul(NEURON_BLOCK.min(neurons))
}

/// How many of those belong to a panel (the last may have fewer): width x width products, by column, then row.
pub(crate) fn panel_values(neurons: usize) -> usize {
    (NEURON_BLOCK * NEURON_BLOCK.min(neurons)).max(1)
}

/// One tile: rows of a left panel, columns of a right one, column-major.
struct Job<'a, P: Precision> {
    target: MatMut<'a, P>,
    panels: Panels,
}

#[derive(Clone, Copy)]
struct Panels {
    left: usize,
    right: usize,
    /// Whether only the lower triangle is wanted.
    triangle: bool,
}

/// The tiles of all pairs of one matrix.
fn triangle_jobs<'a, P: Precision>(
    layout: Layout,
    out: &'a mut [P],
    diagonals: &'a mut [P],
    neurons: usize,
) -> Vec<Job<'a, P>> {
    let mut jobs = Vec::new();
    let diagonals = diagonals.chunks_mut(panel_values(neurons));
    for (right, (lines, diagonal)) in layout.lines(out, neurons).into_iter().zip(diagonals).enumerate() {
        let width = lines.panel.len();
        let target = MatMut::from_column_major_slice_mut(&mut diagonal[..width * width], width, width);
        jobs.push(Job { target, panels: Panels { left: right, right, triangle: true } });
        push_column(&mut jobs, lines, right, right + 1);
    }
    jobs
}

/// The tiles of one panel of columns with the panels of rows from `left` on.
fn push_column<'a, P: Precision>(jobs: &mut Vec<Job<'a, P>>, lines: Lines<'a, P>, right: usize, left: usize) {
    let Lines { panel, rows, first, stride, length } = lines;
    if length == 0 || panel.is_empty() {
        return;
    }
    let values = rows.get_mut(first..).unwrap_or_default();
    let mut rest = MatMut::from_column_major_slice_with_stride_mut(values, length, panel.len(), stride);
    for left in left.. {
        if rest.nrows() == 0 {
            break;
        }
        let rows = NEURON_BLOCK.min(rest.nrows());
        let (target, after) = rest.split_at_row_mut(rows);
        rest = after;
        jobs.push(Job { target, panels: Panels { left, right, triangle: false } });
    }
}

/// Tiles of the triangle of so many neurons.
pub(crate) fn triangle_tiles(neurons: usize) -> usize {
    let panels = neurons.div_ceil(NEURON_BLOCK);
    panels * (panels + 1) / 2
}

/// Adds the products of a block's tokens for all pairs of its neurons; `replace` begins anew.
pub(crate) fn add_triangle<P: Precision, Q: SumIn<P>>(
    block: &Block<Q>,
    layout: Layout,
    out: &mut [P],
    diagonals: &mut [P],
    replace: bool,
    go_on: &GoOn<'_>,
) -> Result<(), Error> {
    run(triangle_jobs(layout, out, diagonals, block.neurons()), block, block, replace, go_on)
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
        push_column(&mut jobs, Lines { panel, rows, first: 0, stride: length, length }, right, 0);
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
    jobs.into_par_iter().for_each_init(TileSums::default, |sums, Job { target, panels }| {
        if go_on.was_broken() {
            return;
        }
        let (rows, columns) = (target.nrows(), target.ncols());
        let triangle = panels.triangle;
        sums.begin(left.kernel(), rows, columns);
        let pieces = left.pieces();
        // Where the sums will go: pages apart, so that the processor would find each place too late.
        let column =
            |column: ColRef<'_, P>| column.try_as_col_major().map(|column| Ahead::of(column.as_slice()));
        let soon: Vec<Ahead> = target.as_ref().col_iter().filter_map(column).flat_map(Ahead::parts).collect();
        for piece in 0..pieces {
            // The next tile has the same panel on the right, most often.
            let ahead = right.piece(panels.right, (piece + 1) % pieces, columns).values;
            let (left, right) =
                (left.piece(panels.left, piece, rows), right.piece(panels.right, piece, columns));
            let soon = if piece + 1 == pieces { soon.as_slice() } else { &[] };
            sums.add::<P>(Factors { left, right, triangle, ahead, soon });
        }
        sums.add_to(target, triangle, replace);
        go_on.add(1);
    });
    go_on.check()
}
