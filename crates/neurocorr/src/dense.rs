//! The product of all pairs of standardised columns, tile by tile, where the result will stand (`NOTE.md` says why so). But
//! for the screen's directions, the one file that names faer.

use crate::go_on::GoOn;
use crate::kernels::{Multiply, Rows, multiplies, multiply};
use crate::level::{Level, Work};
use crate::standardize::{Block, SINGLE_TOKENS, panel_of};
use crate::{Error, NEURON_BLOCK, Precision};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use rayon::prelude::*;
use std::ops::Range;

/// What faer multiplies.
pub trait Product: faer::traits::ComplexField + Multiply {}

impl Product for f32 {}
impl Product for f64 {}

/// A precision in which products over a block of tokens are made; sums of blocks stand in `P`.
pub(crate) trait SumIn<P: Precision>: Precision {
    /// Adds the products of some pieces to `target`, or puts their sum there. `own` is memory to be used again.
    fn sum<'a>(
        target: MatMut<'_, P>,
        pieces: impl Iterator<Item = Factors<'a, Self>>,
        replace: bool,
        own: &mut Vec<Self>,
    );
}

/// The two sides of a product.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a, P> {
    left: Rows<'a, P>,
    right: Rows<'a, P>,
    /// Whether only the lower triangle is wanted.
    triangle: bool,
}

impl<P: Product> Factors<'_, P> {
    /// Of some of their tokens.
    fn of(self, start: usize, tokens: usize) -> Self {
        Self { left: self.left.of(start, tokens), right: self.right.of(start, tokens), ..self }
    }
}

impl<P: Precision> SumIn<P> for P {
    fn sum<'a>(
        mut target: MatMut<'_, P>,
        pieces: impl Iterator<Item = Factors<'a, P>>,
        replace: bool,
        _: &mut Vec<P>,
    ) {
        for (piece, factors) in pieces.enumerate() {
            let accumulate = if replace && piece == 0 { Accum::Replace } else { Accum::Add };
            add(target.as_mut(), factors, accumulate);
        }
    }
}

/// Products of a block in `f32`, at twice the speed; all sums of blocks in `f64`.
impl SumIn<f64> for f32 {
    fn sum<'a>(
        mut target: MatMut<'_, f64>,
        pieces: impl Iterator<Item = Factors<'a, f32>>,
        replace: bool,
        own: &mut Vec<f32>,
    ) {
        let (rows, columns) = (target.nrows(), target.ncols());
        own.resize(rows * columns, 0.0);
        let apart = MatMut::from_column_major_slice_mut(own, rows, columns);
        // Shorter products, since what is lost grows with their length.
        let parts = pieces.flat_map(|factors| {
            let tokens = factors.right.tokens;
            (0..tokens)
                .step_by(SINGLE_TOKENS)
                .map(move |start| factors.of(start, SINGLE_TOKENS.min(tokens - start)))
        });
        <f32 as SumIn<f32>>::sum(apart, parts, true, &mut Vec::new());
        for (column, from) in own.chunks(rows.max(1)).enumerate() {
            let to = target.as_mut().col_mut(column);
            // A single row has been put apart: its values do not touch.
            match to.try_as_col_major_mut() {
                Some(to) => Level::detect().run(Widen { to: to.as_slice_mut(), from, replace }),
                None => {
                    for (row, &value) in from.iter().enumerate() {
                        let to = &mut target[(row, column)];
                        *to = if replace { f64::from(value) } else { *to + f64::from(value) };
                    }
                }
            }
        }
    }
}

struct Widen<'a> {
    to: &'a mut [f64],
    from: &'a [f32],
    replace: bool,
}

impl Work for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pairs = self.to.iter_mut().zip(self.from);
        if self.replace {
            pairs.for_each(|(to, &from)| *to = f64::from(from));
        } else {
            pairs.for_each(|(to, &from)| *to += f64::from(from));
        }
    }
}

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
struct Job<'a, P: Product> {
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
    jobs.into_par_iter().for_each_init(Vec::new, |own, mut job| {
        if go_on.was_broken() {
            return;
        }
        if job.target.nrows() == 1 {
            // How faer multiplies a single row depends on whether its values touch, and that on the layout.
            let columns = job.target.ncols();
            let mut line = vec![P::default(); columns * APART];
            let mut apart = MatMut::from_column_major_slice_with_stride_mut(&mut line, 1, columns, APART);
            apart.copy_from(job.target.as_ref());
            add_pieces(apart.as_mut(), job.panels, [left, right], replace, own);
            job.target.copy_from(apart);
        } else {
            add_pieces(job.target, job.panels, [left, right], replace, own);
        }
        go_on.add(1);
    });
    go_on.check()
}

/// Distance between the values of a single row.
const APART: usize = 2;

/// Adds all tokens of the blocks to a tile, piece by piece.
fn add_pieces<P: Precision, Q: SumIn<P>>(
    target: MatMut<'_, P>,
    panels: Panels,
    [left, right]: [&Block<Q>; 2],
    replace: bool,
    own: &mut Vec<Q>,
) {
    let (rows, columns) = (target.nrows(), target.ncols());
    let factors = |piece| Factors {
        left: left.piece(panels.left, piece, rows),
        right: right.piece(panels.right, piece, columns),
        triangle: panels.triangle,
    };
    Q::sum(target, (0..left.pieces()).map(factors), replace, own);
}

fn add<'a, P: Precision>(mut target: MatMut<'_, P>, factors: Factors<'a, P>, accumulate: Accum) {
    let Factors { left, right, triangle } = factors;
    let level = Level::detect();
    if multiplies::<P>(level, left.neurons, right.neurons) && target.row_stride() == 1 {
        let columns = target.as_mut().col_iter_mut().filter_map(|column| column.try_as_col_major_mut());
        let mut tile: Vec<&mut [P]> = columns.map(|column| column.as_slice_mut()).collect();
        if multiply(level, left, right, &mut tile, triangle, matches!(accumulate, Accum::Replace)) {
            return;
        }
    }
    let matrix = |rows: Rows<'a, P>| {
        MatRef::from_row_major_slice_with_stride(rows.values, rows.tokens, rows.neurons, rows.stride)
    };
    let (lhs, rhs, one) = (matrix(left).transpose(), matrix(right), P::of(1.0));
    if triangle {
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(target, lower, accumulate, lhs, full, rhs, full, one, Par::Seq);
    } else {
        matmul(target, accumulate, lhs, rhs, one, Par::Seq);
    }
}
