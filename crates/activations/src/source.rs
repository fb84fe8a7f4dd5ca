//! What every format gives: a shape, names, and blocks of tokens.

use crate::{Dtype, Error};
use std::ops::Range;

/// Activations, tokens × neurons, from which blocks of tokens can be read in any order and from any thread.
pub trait Source: Send + Sync {
    /// Number of tokens (rows).
    fn tokens(&self) -> usize;

    /// The layers whose neurons lie side by side, in order of their neurons.
    fn layers(&self) -> &[Layer];

    /// The type of the values as they are stored.
    fn dtype(&self) -> Dtype;

    /// The values of some tokens. They are borrowed from the file where its layout allows, else converted into
    /// `scratch`: f16, bf16 and f32 to `f32`, f64 as it is. `O(values)` time.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    fn block<'a>(&'a self, tokens: Range<usize>, scratch: &'a mut Scratch) -> Result<Block<'a>, Error>;

    /// All values, as they lie in the file or in memory: if that is one matrix in this machine's byte order, aligned.
    fn whole(&self) -> Option<Whole<'_>> {
        None
    }

    /// Number of neurons (columns) of all layers.
    fn neurons(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.neurons.end)
    }

    /// A neuron's name: its number, and its layer and place in it if there are several layers.
    ///
    /// ```
    /// use activations::{InMemory, Source};
    /// assert_eq!(InMemory::new(&[1.0_f32, 2.0], 1, 2)?.neuron_name(1), "1");
    /// # Ok::<(), activations::Error>(())
    /// ```
    fn neuron_name(&self, neuron: usize) -> String {
        match self.layers() {
            [] | [_] => neuron.to_string(),
            layers => match layers.iter().find(|layer| layer.neurons.contains(&neuron)) {
                Some(layer) => format!("{neuron} ({}[{}])", layer.name, neuron - layer.neurons.start),
                None => neuron.to_string(),
            },
        }
    }
}

/// Neurons that were recorded together: a tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The tensor's name; empty where the format has none.
    pub name: String,
    /// The columns that it fills.
    pub neurons: Range<usize>,
}

/// Memory for [`Source::block`], to be used again from block to block.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) single: Vec<f32>,
    pub(crate) double: Vec<f64>,
}

/// Which index runs fastest in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A token's neurons side by side, tokens `stride` values apart.
    RowMajor {
        /// Values from one token to the next.
        stride: usize,
    },
    /// A neuron's tokens side by side, neurons `stride` values apart.
    ColumnMajor {
        /// Values from one neuron to the next.
        stride: usize,
    },
}

/// The values of a block, as native floats.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// Single precision (also for f16 and bf16, which it holds exactly).
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

/// All values of a source, where they lie.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// The values, in the order of `layout`.
    pub values: Stored<'a>,
    /// How they lie.
    pub layout: Layout,
}

/// Values in the type in which they are stored.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Stored<'a> {
    /// IEEE half precision.
    F16(&'a [half::f16]),
    /// The upper half of an `f32`.
    BF16(&'a [half::bf16]),
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Stored<'_> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F16(values) => values.len(),
            Self::BF16(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Some tokens of a source.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The values, in the order of `layout`.
    pub values: Values<'a>,
    /// How they lie.
    pub layout: Layout,
    /// Number of tokens.
    pub tokens: usize,
    /// Number of neurons.
    pub neurons: usize,
}

impl Block<'_> {
    /// One value as `f64`; `None` outside the block.
    #[must_use]
    pub fn get(&self, token: usize, neuron: usize) -> Option<f64> {
        if token >= self.tokens || neuron >= self.neurons {
            return None;
        }
        let at = match self.layout {
            Layout::RowMajor { stride } => token * stride + neuron,
            Layout::ColumnMajor { stride } => neuron * stride + token,
        };
        match self.values {
            Values::F32(values) => values.get(at).map(|&v| v.into()),
            Values::F64(values) => values.get(at).copied(),
        }
    }
}

/// `Err` unless the tokens are there.
pub(crate) fn check_range(tokens: &Range<usize>, available: usize) -> Result<(), Error> {
    if tokens.start <= tokens.end && tokens.end <= available {
        return Ok(());
    }
    Err(Error::OutOfRange { start: tokens.start, end: tokens.end, tokens: available })
}
