//! Activations that are already in memory.

use crate::source::check_range;
use crate::{Block, Dtype, Error, Layer, Layout, Scratch, Source, Stored, Values, Whole};
use std::ops::Range;

/// A row-major matrix in memory, borrowed, as a [`Source`].
#[derive(Debug, Clone)]
pub struct InMemory<'a> {
    values: Values<'a>,
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
    /// The slice as [`Values`].
    fn values(slice: &[Self]) -> Values<'_>;
}

impl Float for f32 {
    fn values(slice: &[Self]) -> Values<'_> {
        Values::F32(slice)
    }
}

impl Float for f64 {
    fn values(slice: &[Self]) -> Values<'_> {
        Values::F64(slice)
    }
}

impl<'a> InMemory<'a> {
    /// From `values[token * neurons + neuron]`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are `tokens * neurons` values.
    pub fn new<T: Float>(values: &'a [T], tokens: usize, neurons: usize) -> Result<Self, Error> {
        let expected = tokens.saturating_mul(neurons);
        if expected != values.len() {
            return Err(Error::Shape { tokens, neurons, expected, found: values.len() });
        }
        Ok(Self {
            values: T::values(values),
            tokens,
            layer: [Layer { name: String::new(), neurons: 0..neurons }],
        })
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
            Values::F32(_) => Dtype::F32,
            Values::F64(_) => Dtype::F64,
        }
    }

    fn whole(&self) -> Option<Whole<'_>> {
        let values = match self.values {
            Values::F32(values) => Stored::F32(values),
            Values::F64(values) => Stored::F64(values),
        };
        Some(Whole { values, layout: Layout::RowMajor { stride: self.neurons() } })
    }

    fn block<'a>(&'a self, tokens: Range<usize>, _: &'a mut Scratch) -> Result<Block<'a>, Error> {
        check_range(&tokens, self.tokens)?;
        let neurons = self.neurons();
        let range = tokens.start * neurons..tokens.end * neurons;
        let values = match self.values {
            Values::F32(values) => Values::F32(&values[range]),
            Values::F64(values) => Values::F64(&values[range]),
        };
        Ok(Block { values, layout: Layout::RowMajor { stride: neurons }, tokens: tokens.len(), neurons })
    }
}
