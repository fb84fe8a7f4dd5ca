//! Activations that are already in memory.

use crate::source::check_range;
use crate::{Block, Dtype, Error, Layer, Layout, Scratch, Source, Stored, Values, Whole};
use half::slice::HalfFloatSliceExt;
use std::ops::Range;

/// A matrix in memory, borrowed, as a [`Source`].
#[derive(Debug, Clone)]
pub struct InMemory<'a> {
    values: Stored<'a>,
    layout: Layout,
    tokens: usize,
    layer: [Layer; 1],
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`.
pub trait Float: sealed::Sealed + Copy {
    /// The slice as [`Stored`].
    fn stored(slice: &[Self]) -> Stored<'_>;
}

impl Float for f32 {
    fn stored(slice: &[Self]) -> Stored<'_> {
        Stored::F32(slice)
    }
}

impl Float for f64 {
    fn stored(slice: &[Self]) -> Stored<'_> {
        Stored::F64(slice)
    }
}

impl<'a> InMemory<'a> {
    /// From `values[token * neurons + neuron]`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are `tokens * neurons` values.
    pub fn new<T: Float>(values: &'a [T], tokens: usize, neurons: usize) -> Result<Self, Error> {
        let layout = Layout::RowMajor { stride: neurons };
        Self::stored(T::stored(values), tokens, neurons, layout)
    }

    /// From values of any type, in either order, side by side.
    ///
    /// ```
    /// use activations::{InMemory, Layout, Scratch, Source, Stored};
    /// let columns = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // 3 tokens × 2 neurons
    /// let layout = Layout::ColumnMajor { stride: 3 };
    /// let source = InMemory::stored(Stored::F64(&columns), 3, 2, layout)?;
    /// assert_eq!(source.block(1..2, &mut Scratch::default())?.get(0, 1), Some(5.0));
    /// # Ok::<(), activations::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are `tokens * neurons` values, and the stride is that of such a matrix.
    pub fn stored(values: Stored<'a>, tokens: usize, neurons: usize, layout: Layout) -> Result<Self, Error> {
        let expected = tokens.saturating_mul(neurons);
        let (stride, tight) = match layout {
            Layout::RowMajor { stride } => (stride, neurons),
            Layout::ColumnMajor { stride } => (stride, tokens),
        };
        let found = values.len();
        if expected != found || (stride != tight && found > 0) {
            return Err(Error::Shape { tokens, neurons, expected, found });
        }
        Ok(Self { values, layout, tokens, layer: [Layer { name: String::new(), neurons: 0..neurons }] })
    }
}

impl Source for InMemory<'_> {
    fn tokens(&self) -> usize {
        self.tokens
    }

    fn layers(&self) -> &[Layer] {
        &self.layer
    }

    fn dtype(&self) -> Dtype {
        match self.values {
            Stored::F16(_) => Dtype::F16,
            Stored::BF16(_) => Dtype::BF16,
            Stored::F32(_) => Dtype::F32,
            Stored::F64(_) => Dtype::F64,
        }
    }

    fn whole(&self) -> Option<Whole<'_>> {
        Some(Whole { values: self.values, layout: self.layout })
    }

    fn block<'a>(&'a self, tokens: Range<usize>, scratch: &'a mut Scratch) -> Result<Block<'a>, Error> {
        check_range(&tokens, self.tokens)?;
        match self.values {
            Stored::F32(values) => Ok(self.borrowed(&tokens, |range| Values::F32(&values[range]))),
            Stored::F64(values) => Ok(self.borrowed(&tokens, |range| Values::F64(&values[range]))),
            Stored::F16(values) => Ok(self.widened(&tokens, values, scratch)),
            Stored::BF16(values) => Ok(self.widened(&tokens, values, scratch)),
        }
    }
}

impl InMemory<'_> {
    /// A block where it lies: in columns all from its first token to its last, with what lies between.
    fn borrowed<'b>(
        &self,
        tokens: &Range<usize>,
        values: impl FnOnce(Range<usize>) -> Values<'b>,
    ) -> Block<'b> {
        let (neurons, count) = (self.neurons(), tokens.len());
        let range = match self.layout {
            Layout::RowMajor { stride } => tokens.start * stride..tokens.end * stride,
            Layout::ColumnMajor { .. } if count == 0 || neurons == 0 => 0..0,
            Layout::ColumnMajor { stride } => tokens.start..(neurons - 1) * stride + tokens.end,
        };
        Block { values: values(range), layout: self.layout, tokens: count, neurons }
    }

    /// A block in single precision, tight in the order in which it lies.
    fn widened<'b, H>(&self, tokens: &Range<usize>, values: &[H], scratch: &'b mut Scratch) -> Block<'b>
    where
        [H]: HalfFloatSliceExt,
    {
        let (neurons, count) = (self.neurons(), tokens.len());
        // Values side by side, where the first of them begin, and how far they are apart.
        let (run, first, step, layout) = match self.layout {
            Layout::RowMajor { stride } => {
                (neurons, tokens.start * stride, stride, Layout::RowMajor { stride: neurons })
            }
            Layout::ColumnMajor { stride } => {
                (count, tokens.start, stride, Layout::ColumnMajor { stride: count })
            }
        };
        scratch.single.resize(neurons * count, 0.0);
        for (at, to) in scratch.single.chunks_mut(run.max(1)).enumerate() {
            values[first + at * step..][..run].convert_to_f32_slice(to);
        }
        Block { values: Values::F32(&scratch.single), layout, tokens: count, neurons }
    }
}
