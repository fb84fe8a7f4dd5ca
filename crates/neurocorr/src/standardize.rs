//! A block of standardised tokens, laid out as the product takes it: standardising is the packing.

use crate::kernels::{Kernel, LINE_BYTES, Line, Rows, Shape, fence, prefetch, write_past_caches};
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

const _: () =
    assert!((TOKEN_BLOCK / 2).is_multiple_of(PRODUCT_TOKENS) && PRODUCT_TOKENS.is_multiple_of(SINGLE_TOKENS));

/// Memory that a block takes whatever the matrix: so small matrices go through in few blocks.
const BLOCK_BYTES: usize = 4 << 20;

/// What a block takes of the memory of its input (in `f32`) and its result, at most: one part in so many.
const PART_OF_ALL: usize = 12;

/// How many of a matrix's tokens are standardised together, for products in `Q` whose sums stand in `P`: 1,024, or, where their memory
/// would be felt beside that of the matrix and the result, fewer, down to 512. It depends on the shape alone, as bits depend on it.
pub(crate) fn tokens_together<P: Precision, Q: Precision>(neurons: usize, tokens: usize) -> usize {
    let (input, result) = (size_of::<f32>().saturating_mul(tokens), size_of::<P>().saturating_mul(neurons) / 2);
    let bytes = (input.saturating_add(result) / PART_OF_ALL).max(BLOCK_BYTES / neurons.max(1));
    let fit = bytes / size_of::<Q>() / PRODUCT_TOKENS * PRODUCT_TOKENS;
    fit.clamp(TOKEN_BLOCK / 2, TOKEN_BLOCK)
}

/// Values between two rows beside the panel's own, where faer multiplies, so that a row is not a whole number of pages long.
const PAD: usize = 8;

/// Some tokens, at most 1,024, of all neurons: panel after panel of 192 neurons, in a panel piece after piece of 128 tokens, in a piece line
/// after line of a few neurons, in a line a token's values after those of the one before.
#[derive(Debug)]
pub(crate) struct Block<P> {
    values: Pages<P>,
    neurons: usize,
    form: Form,
    tokens: usize,
}

/// How a panel is laid out.
#[derive(Debug, Clone, Copy)]
struct Form {
    kernel: Option<Kernel>,
    /// Neurons of a line: those of 64 bytes, where there is a kernel of ours; else all of the panel.
    line: usize,
    /// Values from one token of a line to the next.
    stride: usize,
    /// Lines of a panel.
    lines: usize,
    /// Pieces of a panel.
    pieces: usize,
}

impl Form {
    fn of<P: Precision>(kernel: Option<Kernel>, neurons: usize, tokens: usize) -> Self {
        let pieces = tokens.div_ceil(PRODUCT_TOKENS).max(1);
        let width = neurons.clamp(1, NEURON_BLOCK);
        if let Some(own) = kernel {
            let line = LINE_BYTES / size_of::<P>();
            // Whole strips of the left, and of the right.
            let Shape { high, wide } = own.shape();
            let lines = width.next_multiple_of(high).max(width.next_multiple_of(wide)).div_ceil(line);
            Self { kernel, line, stride: line, lines, pieces }
        } else {
            Self { kernel, line: width, stride: width + PAD, lines: 1, pieces }
        }
    }

    /// Values of a line in a piece.
    fn apart(self) -> usize {
        PRODUCT_TOKENS * self.stride
    }

    fn piece(self) -> usize {
        self.lines * self.apart()
    }

    fn panel(self) -> usize {
        self.pieces * self.piece()
    }
}

impl<P: Precision> Block<P> {
    /// For so many neurons and tokens at a time, as the best kernel of this processor takes them.
    pub(crate) fn new(neurons: usize, tokens: usize) -> Self {
        Self::with_kernel(Kernel::of::<P>(Level::detect()), neurons, tokens)
    }

    /// For the other side of products with this one.
    pub(crate) fn beside(&self, neurons: usize) -> Self {
        Self::with_kernel(self.form.kernel, neurons, self.form.pieces * PRODUCT_TOKENS)
    }

    fn with_kernel(kernel: Option<Kernel>, neurons: usize, tokens: usize) -> Self {
        let form = Form::of::<P>(kernel, neurons, tokens);
        let values = Pages::zeroed(neurons.div_ceil(NEURON_BLOCK) * form.panel());
        Self { values, neurons, form, tokens: 0 }
    }

    /// Bytes of it at most, in the layout of any kernel, for 1,024 tokens.
    pub(crate) fn bytes(neurons: usize) -> u64 {
        let kernels = Level::available().map(Kernel::of::<P>).chain([None]);
        let panel =
            kernels.map(|kernel| Form::of::<P>(kernel, neurons, TOKEN_BLOCK).panel() * size_of::<P>()).max();
        (neurons.div_ceil(NEURON_BLOCK) as u64).saturating_mul(panel.unwrap_or(0) as u64)
    }

    pub(crate) fn kernel(&self) -> Option<Kernel> {
        self.form.kernel
    }

    pub(crate) fn neurons(&self) -> usize {
        self.neurons
    }

    /// Standardises some tokens, as many as there is room for. `roots` holds the square root of each token's weight.
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
        let form = self.form;
        let chunks = PRODUCT_TOKENS / rows;
        let mut parts: Vec<Vec<&mut [P]>> = (0..tokens.len().div_ceil(rows)).map(|_| Vec::new()).collect();
        // The tokens of one line that are in one part, from one end of memory to the other.
        for (index, chunk) in self.values.chunks_mut(rows * form.stride).enumerate() {
            let (piece, chunk_of_line) = (index / chunks / form.lines, index % chunks);
            if let Some(part) = parts.get_mut(piece % form.pieces * chunks + chunk_of_line) {
                part.push(chunk);
            }
        }
        parts.into_par_iter().enumerate().for_each(|(index, out)| {
            let start = tokens.start + index * rows;
            let tokens = start..tokens.end.min(start + rows);
            level.run(Fill { part, tokens, panels: &panels, roots, out, form });
            fence();
        });
    }

    /// Puts one more token behind those that are there, from its standardised values; none if there is no room.
    pub(crate) fn append(&mut self, row: &[f64]) {
        let (form, token) = (self.form, self.tokens % PRODUCT_TOKENS);
        let start = self.tokens / PRODUCT_TOKENS * form.piece() + token * form.stride;
        for (panel, values) in self.values.chunks_mut(form.panel()).zip(row.chunks(NEURON_BLOCK)) {
            let lines = panel.get_mut(start..).unwrap_or_default().chunks_mut(form.apart());
            for (line, values) in lines.zip(values.chunks(form.line)) {
                line.iter_mut().zip(values).for_each(|(to, &value)| *to = P::of(value));
            }
        }
        self.tokens += 1;
    }

    /// Adds Σ x² of every neuron, in `f64`.
    pub(crate) fn add_squares(&self, squares: &mut [f64]) {
        let panels = self.values.par_chunks(self.form.panel()).zip(squares.par_chunks_mut(NEURON_BLOCK));
        let (level, form, tokens) = (Level::detect(), self.form, self.tokens);
        panels.for_each(|(values, squares)| level.run(Squares { values, form, tokens, squares }));
    }

    /// How many products a block takes.
    pub(crate) fn pieces(&self) -> usize {
        self.tokens.div_ceil(PRODUCT_TOKENS)
    }

    /// One product's share of a panel, which has so many neurons.
    pub(crate) fn piece(&self, panel: usize, piece: usize, neurons: usize) -> Rows<'_, P> {
        let tokens = self.tokens.saturating_sub(piece * PRODUCT_TOKENS).min(PRODUCT_TOKENS);
        let Form { line, stride, .. } = self.form;
        let start = panel * self.form.panel() + piece * self.form.piece();
        let values = self.values.get(start..start + self.form.piece()).unwrap_or_default();
        Rows { values, line, stride, apart: self.form.apart(), tokens, neurons }
    }
}

/// The neurons of panel `index`.
pub(crate) fn panel_of(index: usize, neurons: usize) -> Range<usize> {
    index * NEURON_BLOCK..((index + 1) * NEURON_BLOCK).min(neurons)
}

/// Adds Σ x² of a panel's neurons.
struct Squares<'a, P> {
    values: &'a [P],
    form: Form,
    tokens: usize,
    squares: &'a mut [f64],
}

impl<P: Precision> Work for Squares<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { values, form, tokens, squares } = self;
        for (piece, lines) in values.chunks(form.piece()).enumerate() {
            let tokens = tokens.saturating_sub(piece * PRODUCT_TOKENS).min(PRODUCT_TOKENS);
            for (line, squares) in lines.chunks(form.apart()).zip(squares.chunks_mut(form.line)) {
                let mut sums = [0.0; NEURON_BLOCK];
                for row in line.chunks(form.stride).take(tokens) {
                    for (sum, &value) in sums.iter_mut().zip(&row[..form.line]) {
                        let value: f64 = value.into();
                        *sum += value * value;
                    }
                }
                squares.iter_mut().zip(sums).for_each(|(square, sum)| *square += sum);
            }
        }
    }
}

/// Whether a choice is of all neurons in order.
fn are_all(among: &[usize], neurons: usize) -> bool {
    among.len() == neurons && among.iter().enumerate().all(|(at, &neuron)| at == neuron)
}

/// Rows that are read at a time.
const ROWS: usize = 32;

/// Rows of which a panel's share is standardised before the next panel's: so many lines are written side by side, and the same share of the next rows
/// is asked for ahead.
const TOGETHER: usize = 4;

/// The neurons of a panel: side by side in the matrix, or by name.
struct Panel<'a> {
    standards: Standards<NEURON_BLOCK>,
    neurons: Range<usize>,
    named: Option<&'a [usize]>,
}

impl Panel<'_> {
    /// The values of a token.
    #[inline(always)]
    fn values<'v, T: Float>(&self, row: &'v [T], buffer: &'v mut [T; NEURON_BLOCK]) -> &'v [T] {
        match self.named {
            None => &row[self.neurons.clone()],
            // First side by side, so that what is done to them is done to many at once.
            Some(named) => {
                buffer.iter_mut().zip(named).for_each(|(to, &neuron)| *to = row[neuron]);
                &buffer[..named.len().min(NEURON_BLOCK)]
            }
        }
    }
}

/// Some tokens of all panels.
struct Fill<'a, 'b, T, P> {
    part: &'a Columns<'b, T>,
    tokens: Range<usize>,
    panels: &'a [Panel<'a>],
    roots: Option<&'a [f64]>,
    /// For each panel its lines.
    out: Vec<&'a mut [P]>,
    form: Form,
}

impl<T: Float, P: Precision> Work for Fill<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let root = |token: usize| self.roots.map_or(1.0, |roots| roots[token]);
        let form = self.form;
        let Form { line, stride, lines, .. } = form;
        match self.part.order() {
            Order::RowMajor => {
                let all = 0..self.part.neurons();
                let mut buffer = [T::default(); NEURON_BLOCK];
                let mut standardized = [P::default(); NEURON_BLOCK];
                let (count, last) = (self.tokens.len(), self.part.tokens().saturating_sub(1));
                for start in (0..count).step_by(TOGETHER) {
                    for (panel, out) in self.panels.iter().zip(self.out.chunks_mut(lines)) {
                        for at in start..count.min(start + TOGETHER) {
                            let token = self.tokens.start + at;
                            let (row, root) = (self.part.row(token, &all), root(token));
                            if panel.named.is_none() {
                                let next = self.part.row(last.min(token + TOGETHER), &all);
                                prefetch(&next[panel.neurons.clone()]);
                            }
                            let values = panel.values(row, &mut buffer);
                            for (at, (to, &value)) in standardized.iter_mut().zip(values).enumerate() {
                                *to = P::of(weighted(panel.standards.apply(at, value.into()), root));
                            }
                            if form.kernel.is_some() {
                                standardized[values.len()..].fill(P::default());
                                copy_lines(&standardized, out, at);
                            } else if let [out] = &mut out[..] {
                                out[at * stride..][..values.len()]
                                    .copy_from_slice(&standardized[..values.len()]);
                            }
                        }
                    }
                }
            }
            Order::ColumnMajor => {
                for (panel, out) in self.panels.iter().zip(self.out.chunks_mut(lines)) {
                    for at in 0..panel.neurons.len() {
                        let neuron = panel.named.map_or(panel.neurons.start + at, |named| named[at]);
                        let places = out[at / line].iter_mut().skip(at % line).step_by(stride);
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

/// Copies values into place `at` of as many lines as there are. (A length that the compiler does not know would be a call.)
#[inline(always)]
fn copy_lines<P: Precision>(from: &[P; NEURON_BLOCK], lines: &mut [&mut [P]], at: usize) {
    let from: &[Line] = bytemuck::cast_slice(from);
    for (line, from) in lines.iter_mut().zip(from) {
        let line: &mut [Line] = bytemuck::cast_slice_mut(line);
        write_past_caches(&mut line[at], from);
    }
}

/// A token without weight is as if it were not there, whatever its values.
#[inline(always)]
fn weighted(value: f64, root: f64) -> f64 {
    if root == 0.0 { 0.0 } else { value * root }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_stays_within_a_twelfth_of_input_and_result_unless_it_is_small_or_has_512_tokens() {
        for (neurons, tokens, wide, single) in [
            (2_688, 10_000, 512, 896),
            (2_688, 30_000, 1_024, 1_024),
            (9_984, 10_000, 768, 1_024),
            (9_984, 30_000, 1_024, 1_024),
            (2_688, 100, 512, 512),
            (500, 700, 1_024, 1_024),
            (0, 0, 1_024, 1_024),
            (usize::MAX, usize::MAX, 1_024, 1_024),
            (usize::MAX, 1, 1_024, 1_024),
            (1, usize::MAX, 1_024, 1_024),
        ] {
            assert_eq!(tokens_together::<f64, f64>(neurons, tokens), wide, "{neurons} x {tokens}");
            assert_eq!(tokens_together::<f32, f32>(neurons, tokens), single, "{neurons} x {tokens}");
        }
        // Its products are in `f32`, its result in `f64`.
        assert_eq!(tokens_together::<f64, f32>(2_688, 10_000), 1_024);
    }
}
