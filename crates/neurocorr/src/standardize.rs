//! A block of standardised tokens, laid out as the product takes it: standardising is the packing.

use crate::level::{Level, Work};
use crate::moments::{Standard, Standards};
use crate::{Columns, Float, NEURON_BLOCK, Order, Precision, TOKEN_BLOCK};
use rayon::prelude::*;
use std::ops::Range;

/// Tokens of one product: two panels of 192 neurons and their tile of results stay in a core's second cache.
pub(crate) const PRODUCT_TOKENS: usize = 128;

const _: () = assert!(TOKEN_BLOCK.is_multiple_of(PRODUCT_TOKENS));

/// Values between two rows beside the panel's own, so that a row is not a whole number of pages long.
const PAD: usize = 8;

/// Up to 1,024 tokens of all neurons: panel after panel, in a panel a row for each token.
#[derive(Debug)]
pub(crate) struct Block<P> {
    values: Vec<P>,
    neurons: usize,
    stride: usize,
    tokens: usize,
}

impl<P: Precision> Block<P> {
    pub(crate) fn new(neurons: usize) -> Self {
        let stride = Self::stride_of(neurons);
        let values = vec![P::default(); neurons.div_ceil(NEURON_BLOCK) * TOKEN_BLOCK * stride];
        Self { values, neurons, stride, tokens: 0 }
    }

    fn stride_of(neurons: usize) -> usize {
        neurons.min(NEURON_BLOCK) + PAD
    }

    /// Bytes of it.
    pub(crate) fn bytes(neurons: usize) -> u64 {
        let row = (neurons.div_ceil(NEURON_BLOCK) as u64).saturating_mul(Self::stride_of(neurons) as u64);
        row.saturating_mul((TOKEN_BLOCK * size_of::<P>()) as u64)
    }

    pub(crate) fn neurons(&self) -> usize {
        self.neurons
    }

    /// Standardises some tokens, at most 1,024. `roots` holds the square root of each token's weight.
    pub(crate) fn fill<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        tokens: &Range<usize>,
        standards: &[Standard],
        roots: Option<&[f64]>,
    ) {
        self.fill_among(part, tokens, standards, roots, None);
    }

    /// As [`fill`](Self::fill), of some neurons of the matrix, each with its standard.
    pub(crate) fn fill_among<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        tokens: &Range<usize>,
        standards: &[Standard],
        roots: Option<&[f64]>,
        among: Option<&[usize]>,
    ) {
        let (stride, level) = (self.stride, Level::detect());
        self.tokens = tokens.len();
        let pieces = TOKEN_BLOCK / PRODUCT_TOKENS;
        self.values.par_chunks_mut(PRODUCT_TOKENS * stride).enumerate().for_each(|(index, out)| {
            let (panel, piece) = (index / pieces, index % pieces);
            let start = tokens.end.min(tokens.start + piece * PRODUCT_TOKENS);
            let tokens = start..tokens.end.min(start + PRODUCT_TOKENS);
            let neurons = panel_of(panel, self.neurons);
            let standards = &standards[neurons.clone()];
            let fill = Fill { part, tokens, standards, roots, out, stride };
            match among {
                None => level.run(Neighbours { fill, neurons }),
                Some(among) => level.run(Named { fill, neurons: &among[neurons] }),
            }
        });
    }

    /// Puts one more token behind those that are there, from its standardised values; none if there are 1,024.
    pub(crate) fn append(&mut self, row: &[f64]) {
        let panels = self.values.chunks_mut(TOKEN_BLOCK * self.stride);
        for (panel, values) in panels.zip(row.chunks(NEURON_BLOCK)) {
            let Some(out) = panel.chunks_mut(self.stride).nth(self.tokens) else { return };
            out.iter_mut().zip(values).for_each(|(to, &value)| *to = P::of(value));
        }
        self.tokens += 1;
    }

    /// Adds Σ x² of every neuron, in `f64`.
    pub(crate) fn add_squares(&self, squares: &mut [f64]) {
        let panels =
            self.values.par_chunks(TOKEN_BLOCK * self.stride).zip(squares.par_chunks_mut(NEURON_BLOCK));
        panels.for_each(|(rows, squares)| {
            let mut sums = [0.0; NEURON_BLOCK];
            for row in rows.chunks(self.stride).take(self.tokens) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    let value: f64 = value.into();
                    *sum += value * value;
                }
            }
            squares.iter_mut().zip(sums).for_each(|(square, sum)| *square += sum);
        });
    }

    /// How many products a block takes.
    pub(crate) fn pieces(&self) -> usize {
        self.tokens.div_ceil(PRODUCT_TOKENS)
    }

    /// One product's share of a panel: rows of tokens, their number, and the distance between them.
    pub(crate) fn piece(&self, panel: usize, piece: usize) -> (&[P], usize, usize) {
        let tokens = self.tokens.saturating_sub(piece * PRODUCT_TOKENS).min(PRODUCT_TOKENS);
        let start = (panel * TOKEN_BLOCK + piece * PRODUCT_TOKENS) * self.stride;
        (&self.values[start..start + tokens * self.stride], tokens, self.stride)
    }
}

/// The neurons of panel `index`.
pub(crate) fn panel_of(index: usize, neurons: usize) -> Range<usize> {
    index * NEURON_BLOCK..((index + 1) * NEURON_BLOCK).min(neurons)
}

/// What is filled, but for the neurons.
struct Fill<'a, 'b, T, P> {
    part: &'a Columns<'b, T>,
    tokens: Range<usize>,
    standards: &'a [Standard],
    roots: Option<&'a [f64]>,
    out: &'a mut [P],
    stride: usize,
}

impl<'b, T: Float, P: Precision> Fill<'_, 'b, T, P> {
    /// By the values of one token, or by the column of one neuron and its place.
    #[inline(always)]
    fn run<R: Iterator<Item = T>>(
        self,
        row: impl Fn(&Columns<'b, T>, usize) -> R,
        neurons: impl Iterator<Item = usize>,
    ) {
        let Self { part, tokens, standards, roots, out, stride } = self;
        let standards = Standards::<NEURON_BLOCK>::of(standards);
        let root = |token: usize| roots.map_or(1.0, |roots| roots[token]);
        match part.order() {
            Order::RowMajor => {
                for (out, token) in out.chunks_mut(stride).zip(tokens) {
                    let root = root(token);
                    for (at, (to, value)) in out.iter_mut().zip(row(part, token)).enumerate() {
                        *to = P::of(weighted(standards.apply(at, value.into()), root));
                    }
                }
            }
            Order::ColumnMajor => {
                for (at, neuron) in neurons.enumerate() {
                    let places = out.iter_mut().skip(at).step_by(stride);
                    for ((to, &value), token) in places.zip(part.column(neuron, &tokens)).zip(tokens.clone()) {
                        *to = P::of(weighted(standards.apply(at, value.into()), root(token)));
                    }
                }
            }
        }
    }
}

/// Of neurons that lie side by side.
struct Neighbours<'a, 'b, T, P> {
    fill: Fill<'a, 'b, T, P>,
    neurons: Range<usize>,
}

impl<T: Float, P: Precision> Work for Neighbours<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let neurons = self.neurons.clone();
        self.fill.run(|part, token| part.row(token, &neurons).iter().copied(), self.neurons);
    }
}

/// Of neurons by name.
struct Named<'a, 'b, T, P> {
    fill: Fill<'a, 'b, T, P>,
    neurons: &'a [usize],
}

impl<'b, T: Float, P: Precision> Work for Named<'_, 'b, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let neurons = self.neurons;
        let all = 0..self.fill.part.neurons();
        let row = |part: &Columns<'b, T>, token| {
            let row = part.row(token, &all);
            neurons.iter().map(move |&neuron| row[neuron])
        };
        self.fill.run(row, neurons.iter().copied());
    }
}

/// A token without weight is as if it were not there, whatever its values.
#[inline(always)]
fn weighted(value: f64, root: f64) -> f64 {
    if root == 0.0 { 0.0 } else { value * root }
}
