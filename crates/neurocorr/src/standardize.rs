//! A block of standardised tokens, laid out as the product takes it: standardising is the packing.

use crate::kernels::Rows;
use crate::level::{Level, Work};
use crate::moments::{Standard, Standards};
use crate::pages::Pages;
use crate::{Columns, Float, NEURON_BLOCK, Order, Precision, TOKEN_BLOCK};
use rayon::prelude::*;
use std::ops::Range;

/// Tokens of one product: two panels of 192 neurons and their tile of results stay in a core's second cache.
pub(crate) const PRODUCT_TOKENS: usize = 128;

/// As [`PRODUCT_TOKENS`], of products in `f32` that are summed in `f64`.
pub(crate) const SINGLE_TOKENS: usize = 64;

const _: () = assert!(TOKEN_BLOCK.is_multiple_of(PRODUCT_TOKENS) && TOKEN_BLOCK.is_multiple_of(SINGLE_TOKENS));

/// Values between two rows beside the panel's own, so that a row is not a whole number of pages long.
const PAD: usize = 8;

/// Up to 1,024 tokens of all neurons: panel after panel, in a panel a row for each token.
#[derive(Debug)]
pub(crate) struct Block<P> {
    values: Pages<P>,
    neurons: usize,
    stride: usize,
    tokens: usize,
}

impl<P: Precision> Block<P> {
    pub(crate) fn new(neurons: usize) -> Self {
        let stride = Self::stride_of(neurons);
        let values = Pages::zeroed(neurons.div_ceil(NEURON_BLOCK) * TOKEN_BLOCK * stride);
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
        let level = Level::detect();
        self.tokens = tokens.len();
        let among = among.filter(|among| !are_all(among, part.neurons()));
        let panels: Vec<Panel<'_>> = standards
            .chunks(NEURON_BLOCK)
            .enumerate()
            .map(|(index, standards)| {
                let neurons = panel_of(index, self.neurons);
                let named = among.and_then(|among| among.get(neurons.clone()));
                Panel { standards: Standards::of(standards), neurons, named }
            })
            .collect();
        // All panels of some tokens by one thread: rows are read from end to end, columns some way.
        let rows = match part.order() {
            Order::RowMajor => ROWS,
            Order::ColumnMajor => PRODUCT_TOKENS,
        };
        let chunks = TOKEN_BLOCK / rows;
        let mut parts: Vec<Vec<&mut [P]>> = (0..tokens.len().div_ceil(rows)).map(|_| Vec::new()).collect();
        for (index, chunk) in self.values.chunks_mut(rows * self.stride).enumerate() {
            if let Some(part) = parts.get_mut(index % chunks) {
                part.push(chunk);
            }
        }
        let stride = self.stride;
        parts.into_par_iter().enumerate().for_each(|(index, out)| {
            let start = tokens.start + index * rows;
            let tokens = start..tokens.end.min(start + rows);
            level.run(Fill { part, tokens, panels: &panels, roots, out, stride });
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
        let (level, stride, tokens) = (Level::detect(), self.stride, self.tokens);
        panels.for_each(|(rows, squares)| level.run(Squares { rows, stride, tokens, squares }));
    }

    /// How many products a block takes.
    pub(crate) fn pieces(&self) -> usize {
        self.tokens.div_ceil(PRODUCT_TOKENS)
    }

    /// One product's share of a panel, which has so many neurons.
    pub(crate) fn piece(&self, panel: usize, piece: usize, neurons: usize) -> Rows<'_, P> {
        let tokens = self.tokens.saturating_sub(piece * PRODUCT_TOKENS).min(PRODUCT_TOKENS);
        let start = (panel * TOKEN_BLOCK + piece * PRODUCT_TOKENS) * self.stride;
        let values = &self.values[start..start + tokens * self.stride];
        Rows { values, stride: self.stride, tokens, neurons }
    }
}

/// The neurons of panel `index`.
pub(crate) fn panel_of(index: usize, neurons: usize) -> Range<usize> {
    index * NEURON_BLOCK..((index + 1) * NEURON_BLOCK).min(neurons)
}

/// Adds Σ x² of a panel's neurons.
struct Squares<'a, P> {
    rows: &'a [P],
    stride: usize,
    tokens: usize,
    squares: &'a mut [f64],
}

impl<P: Precision> Work for Squares<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut sums = [0.0; NEURON_BLOCK];
        for row in self.rows.chunks(self.stride).take(self.tokens) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                let value: f64 = value.into();
                *sum += value * value;
            }
        }
        self.squares.iter_mut().zip(sums).for_each(|(square, sum)| *square += sum);
    }
}

/// Whether a choice is of all neurons in order.
fn are_all(among: &[usize], neurons: usize) -> bool {
    among.len() == neurons && among.iter().enumerate().all(|(at, &neuron)| at == neuron)
}

/// Rows that are read at a time.
const ROWS: usize = 32;

/// The neurons of a panel: side by side in the matrix, or by name.
struct Panel<'a> {
    standards: Standards<NEURON_BLOCK>,
    neurons: Range<usize>,
    named: Option<&'a [usize]>,
}

/// Some tokens of all panels.
struct Fill<'a, 'b, T, P> {
    part: &'a Columns<'b, T>,
    tokens: Range<usize>,
    panels: &'a [Panel<'a>],
    roots: Option<&'a [f64]>,
    /// A piece for each panel.
    out: Vec<&'a mut [P]>,
    stride: usize,
}

impl<T: Float, P: Precision> Work for Fill<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let root = |token: usize| self.roots.map_or(1.0, |roots| roots[token]);
        match self.part.order() {
            Order::RowMajor => {
                let all = 0..self.part.neurons();
                let mut buffer = [T::default(); NEURON_BLOCK];
                for (at, token) in self.tokens.clone().enumerate() {
                    let (row, root) = (self.part.row(token, &all), root(token));
                    for (panel, out) in self.panels.iter().zip(&mut self.out) {
                        let values = match panel.named {
                            None => &row[panel.neurons.clone()],
                            // First side by side, so that what is done to them is done to many at once.
                            Some(named) => {
                                buffer.iter_mut().zip(named).for_each(|(to, &neuron)| *to = row[neuron]);
                                &buffer[..named.len().min(NEURON_BLOCK)]
                            }
                        };
                        let out = &mut out[at * self.stride..][..values.len()];
                        for (at, (to, &value)) in out.iter_mut().zip(values).enumerate() {
                            *to = P::of(weighted(panel.standards.apply(at, value.into()), root));
                        }
                    }
                }
            }
            Order::ColumnMajor => {
                for (panel, out) in self.panels.iter().zip(&mut self.out) {
                    for at in 0..panel.neurons.len() {
                        let neuron = panel.named.map_or(panel.neurons.start + at, |named| named[at]);
                        let places = out.iter_mut().skip(at).step_by(self.stride);
                        let values = self.part.column(neuron, &self.tokens);
                        for ((to, &value), token) in places.zip(values).zip(self.tokens.clone()) {
                            *to = P::of(weighted(panel.standards.apply(at, value.into()), root(token)));
                        }
                    }
                }
            }
        }
    }
}

/// A token without weight is as if it were not there, whatever its values.
#[inline(always)]
fn weighted(value: f64, root: f64) -> f64 {
    if root == 0.0 { 0.0 } else { value * root }
}
