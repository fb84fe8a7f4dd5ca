//! One pass: co-moments of tokens that come in chunks of any size; mergeable, saved and resumed.

use crate::dense::{Layout, add_triangle, triangle_tiles};
use crate::go_on::GoOn;
use crate::moments::{Moments, Standard, power_of_two_over};
use crate::standardize::Block;
use crate::tile_sums::slice_of;
use crate::{Columns, Correlations, Error, Float, NonFinite, Order, TOKEN_BLOCK};
use rayon::prelude::*;
use std::ops::{ControlFlow, Range};

/// Tokens that are taken together: with one row for the block's mean they are what one product takes.
pub(crate) const TOKENS: usize = TOKEN_BLOCK - 1;

/// Correlations of a stream that is seen once: co-moments of all pairs, about means that follow the stream.
///
/// Where the tokens can be read twice, [`CrossProducts`](crate::CrossProducts) is the simpler way and needs no copy of them. Here
/// 1,023 tokens at a time are centred by their own mean, and the difference of that mean from the mean so far enters as one
/// token more (the update of Chan, Golub and LeVeque, 1983), so neither a large mean nor a drifting one costs digits. Tokens are
/// gathered into such blocks whatever the chunks that are pushed: **chunking changes no bit**. [`merge`](Self::merge) does, within
/// [`error_bound`](Self::error_bound). All arithmetic is `f64`.
///
/// `neurons² × tokens` operations; memory 4 n² + 17 kB a neuron, most of it what the result will be.
///
/// ```
/// use neurocorr::{Columns, Correlator, Measure, NonFinite};
/// let mut correlator = Correlator::new(2);
/// correlator.push(&Columns::row_major(&[1.0, 2.0, 2.0, 4.0], 2, 2)?)?;
/// let mut elsewhere = Correlator::new(2);
/// elsewhere.push(&Columns::row_major(&[5.0, 9.0], 1, 2)?)?;
/// correlator.merge(elsewhere)?;
/// let r = correlator.finish(NonFinite::Error)?.into_condensed(Measure::Correlation);
/// assert!((r[0] - 0.99926).abs() < 1e-5);
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Correlator {
    /// Of all tokens.
    pub(crate) moments: Moments,
    /// Tokens that wait for their block to be full, row after row.
    pub(crate) pending: Vec<f64>,
    /// Tokens in the products.
    pub(crate) counted: usize,
    pub(crate) means: Vec<Mean>,
    /// As [`Layout::Condensed`] has them, in units of the neurons' scales.
    pub(crate) products: Vec<f64>,
    /// Of every neuron with itself.
    pub(crate) squares: Vec<f64>,
}

/// What the counted tokens say of one neuron.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// The first finite value; NaN before there is one.
    pub(crate) shift: f64,
    /// Sum of (value − shift) over the counted tokens, and what rounding has taken from it.
    pub(crate) sum: f64,
    pub(crate) lost: f64,
    /// A power of two that brings the neuron's first spread to about one; 0 before it has any.
    pub(crate) scale: f64,
}

impl Mean {
    pub(crate) const NONE: Self = Self { shift: f64::NAN, sum: 0.0, lost: 0.0, scale: 0.0 };

    /// The mean of so many tokens, as a difference from the shift.
    fn offset(&self, tokens: f64) -> f64 {
        (self.sum + self.lost) / tokens
    }

    /// Adds without losing what rounds away (Knuth's two-sum).
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let back = sum - self.sum;
        self.lost += (self.sum - (sum - back)) + (value - back);
        self.sum = sum;
    }
}

/// A part of the stream that was not pushed by reference.
fn rows(values: &[f64], neurons: usize) -> Columns<'_, f64> {
    Columns::of_rows(values, values.len().checked_div(neurons).unwrap_or(0), neurons)
}

impl Correlator {
    /// Nothing read yet, of `neurons` neurons.
    #[must_use]
    pub fn new(neurons: usize) -> Self {
        Self {
            moments: Moments::new(neurons),
            pending: Vec::new(),
            counted: 0,
            means: vec![Mean::NONE; neurons],
            products: vec![0.0; Layout::Condensed.values(neurons)],
            squares: vec![0.0; neurons],
        }
    }

    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> usize {
        self.moments.neurons()
    }

    /// Tokens read so far.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.moments.tokens()
    }

    /// What was found of each neuron: constants, ranges, non-finite values.
    #[must_use]
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Reads the next tokens, as few or as many as there are.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the chunk has another number of neurons.
    pub fn push<T: Float>(&mut self, chunk: &Columns<'_, T>) -> Result<(), Error> {
        self.push_observed(chunk, &|_, _| ControlFlow::Continue(()))
    }

    /// As [`push`](Self::push), calling `observe(tiles done, tiles in this chunk)` from any thread after each tile. Break ends
    /// the work early; the accumulation is then of no further use.
    ///
    /// # Errors
    /// As [`push`](Self::push), and [`Error::Cancelled`] after a break.
    pub fn push_observed<T: Float>(
        &mut self,
        chunk: &Columns<'_, T>,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<(), Error> {
        let neurons = self.neurons();
        chunk.check_neurons(neurons)?;
        self.moments.push(chunk)?;
        if neurons == 0 {
            return Ok(());
        }
        let waiting = self.pending.len() / neurons;
        let go_on = GoOn::observed(observe, triangle_tiles(neurons) * ((waiting + chunk.tokens()) / TOKENS));
        let mut block = None;
        let mut start = 0;
        while start < chunk.tokens() {
            let waiting = self.pending.len() / neurons;
            let end = chunk.tokens().min(start + TOKENS - waiting);
            if waiting == 0 && end - start == TOKENS {
                self.count(
                    &chunk.part(&(start..end)),
                    block.get_or_insert_with(|| Block::new(neurons, TOKEN_BLOCK)),
                    &go_on,
                )?;
            } else {
                self.keep(chunk, &(start..end));
                if self.pending.len() == TOKENS * neurons {
                    let pending = std::mem::take(&mut self.pending);
                    let block = block.get_or_insert_with(|| Block::new(neurons, TOKEN_BLOCK));
                    self.count(&rows(&pending, neurons), block, &go_on)?;
                    self.pending = pending;
                    self.pending.clear();
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Puts tokens aside until their block is full.
    fn keep<T: Float>(&mut self, chunk: &Columns<'_, T>, tokens: &Range<usize>) {
        let neurons = self.neurons();
        for token in tokens.clone() {
            match chunk.order() {
                Order::RowMajor => {
                    self.pending.extend(chunk.row(token, &(0..neurons)).iter().map(|&value| value.into()));
                }
                Order::ColumnMajor => {
                    let values = (0..neurons).map(|neuron| chunk.column(neuron, &(token..token + 1)));
                    self.pending.extend(values.flatten().map(|&value| value.into()));
                }
            }
        }
    }

    /// Adds a block's tokens, centred by their mean, and what their mean adds to the co-moments.
    fn count<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        block: &mut Block<f64>,
        go_on: &GoOn<'_>,
    ) -> Result<(), Error> {
        let own = Moments::of(part);
        let (before, tokens) = (count(self.counted), count(part.tokens()));
        // Weight of the squared difference of two means in the co-moments of both together.
        let root = (before * tokens / (before + tokens)).sqrt();
        let mut row = Vec::with_capacity(self.means.len());
        let mut standards = Vec::with_capacity(self.means.len());
        for (neuron, mean) in self.means.iter_mut().enumerate() {
            let Some((shift, offset)) = own.centre(neuron) else {
                standards.push(Standard::ZERO);
                row.push(0.0);
                continue;
            };
            if mean.shift.is_nan() {
                mean.shift = shift;
            }
            if mean.scale == 0.0 {
                let (low, high) = own.range(neuron).unwrap_or((shift, shift));
                let spread = high.max(mean.shift) - low.min(mean.shift);
                mean.scale = if spread > 0.0 { power_of_two_over(spread) } else { 0.0 };
            }
            let difference = (shift - mean.shift) + offset;
            let step = if self.counted == 0 { 0.0 } else { difference - mean.offset(before) };
            row.push(step * mean.scale * root);
            mean.add(difference * tokens);
            let standard = Standard { shift, offset, scale: mean.scale };
            standards.push(if own.non_finite_at(neuron).is_some() { Standard::ZERO } else { standard });
        }
        block.fill(part, &(0..part.tokens()), &standards, None);
        if self.counted > 0 {
            block.append(&row);
        }
        let Self { products, squares, .. } = self;
        add_triangle(block, Layout::Condensed, products, squares, self.counted == 0, go_on)?;
        self.counted += part.tokens();
        Ok(())
    }

    /// Counts the tokens that wait, whether or not they fill a block.
    fn flush(&mut self) -> Result<(), Error> {
        if !self.pending.is_empty() {
            let (pending, neurons) = (std::mem::take(&mut self.pending), self.neurons());
            let go_on = GoOn::always();
            self.count(&rows(&pending, neurons), &mut Block::new(neurons, TOKEN_BLOCK), &go_on)?;
        }
        Ok(())
    }

    /// Adds what was read of other, later tokens.
    ///
    /// `O(n²)` time. The tokens that wait in either for a full block are counted as they are, so that later bits depend on
    /// where accumulations were merged.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the numbers of neurons differ.
    pub fn merge(&mut self, mut later: Self) -> Result<(), Error> {
        let neurons = self.neurons();
        self.moments.merge(&later.moments)?;
        self.flush()?;
        later.flush()?;
        if later.counted == 0 {
            return Ok(());
        }
        if self.counted == 0 {
            let moments = std::mem::replace(&mut self.moments, Moments::new(0));
            *self = Self { moments, ..later };
            return Ok(());
        }
        let (before, tokens) = (count(self.counted), count(later.counted));
        let root = (before * tokens / (before + tokens)).sqrt();
        let (mut steps, mut factors) = (vec![0.0; neurons], vec![0.0; neurons]);
        for (neuron, (own, other)) in self.means.iter_mut().zip(&later.means).enumerate() {
            if own.shift.is_nan() || other.shift.is_nan() {
                // A neuron without a finite value in one of them: it correlates with nothing.
                *own = if own.shift.is_nan() { *other } else { *own };
                continue;
            }
            if own.scale == 0.0 {
                let (low, high) = self.moments.range(neuron).unwrap_or((0.0, 0.0));
                own.scale = match other.scale {
                    0.0 if high > low => power_of_two_over(high - low),
                    scale => scale,
                };
            }
            factors[neuron] = if other.scale == 0.0 { 0.0 } else { own.scale / other.scale };
            let difference = (other.shift - own.shift) + other.offset(tokens);
            steps[neuron] = (difference - own.offset(before)) * own.scale * root;
            own.add((other.shift - own.shift) * tokens);
            own.add(other.sum);
            own.lost += other.lost;
        }
        let mine = Layout::Condensed.lines(&mut self.products, neurons).into_par_iter();
        let theirs = Layout::Condensed.lines(&mut later.products, neurons);
        mine.zip(theirs).for_each(|(mine, theirs)| {
            let panel = mine.panel.clone();
            let ((mine, mine_inside), (theirs, theirs_inside)) = (mine.split(), theirs.split());
            let lines =
                mine.col_iter_mut().filter_map(slice_of).zip(theirs.col_iter_mut().filter_map(slice_of));
            for ((mine, theirs), a) in lines.zip(panel.clone()) {
                add_line(mine, theirs, a, &factors, &steps, panel.end);
            }
            for ((mine, theirs), a) in mine_inside.into_iter().zip(theirs_inside).zip(panel) {
                add_line(mine, theirs, a, &factors, &steps, a + 1);
            }
        });
        for (a, (mine, theirs)) in self.squares.iter_mut().zip(&later.squares).enumerate() {
            add_line(std::slice::from_mut(mine), std::slice::from_ref(theirs), a, &factors, &steps, a);
        }
        self.counted += later.counted;
        Ok(())
    }

    /// The correlations of all tokens that were read.
    ///
    /// # Errors
    /// [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::NonFinite`] under [`NonFinite::Error`], [`Error::Overflow`].
    pub fn finish(mut self, non_finite: NonFinite) -> Result<Correlations, Error> {
        self.flush()?;
        let neurons = self.neurons();
        let standards = self.moments.standards(non_finite)?;
        for (neuron, (square, standard)) in self.squares.iter_mut().zip(standards).enumerate() {
            if !square.is_finite() {
                let (minimum, maximum) = self.moments.range(neuron).unwrap_or_default();
                return Err(Error::Overflow { neuron, minimum, maximum });
            }
            if standard == Standard::ZERO {
                *square = 0.0;
            }
        }
        Ok(Correlations::new(neurons, self.products, self.squares))
    }

    /// How far a result can lie from the exact correlation, after `merges` merges.
    ///
    /// As [`error_bound`](crate::error_bound) for the products; and for each block of 1,023 tokens (or merge) the difference of two
    /// means, each off by at most 132 roundings of the neuron's range R ≤ √2 ‖x‖: over all tokens 2 · 132 u √(2 tokens) for
    /// each of two neurons.
    #[must_use]
    pub fn error_bound(tokens: usize, merges: usize) -> f64 {
        let unit = f64::EPSILON / 2.0;
        let blocks = count(tokens.div_ceil(TOKENS) + merges);
        crate::error_bound(tokens) + unit * (4.0 * 132.0 * (2.0 * count(tokens)).sqrt() + 8.0 * blocks)
    }
}

/// Adds one line of co-moments of neuron `a` with those from `from` on.
fn add_line(mine: &mut [f64], theirs: &[f64], a: usize, factors: &[f64], steps: &[f64], from: usize) {
    let (factor, step) = (factors[a], steps[a]);
    let others = factors[from..].iter().zip(&steps[from..]);
    for ((mine, &theirs), (&other, &along)) in mine.iter_mut().zip(theirs).zip(others) {
        *mine += theirs * factor * other + step * along;
    }
}

#[expect(clippy::cast_precision_loss, reason = "2^53 tokens are more than anybody reads")]
fn count(tokens: usize) -> f64 {
    tokens as f64
}
