//! The whole input as columns: where it lies, or copied into memory where it does not lie as one matrix.

use crate::observer::report;
use crate::{Error, Observer, Stage};
use activations::{Block, Layout, Scratch, Source, Stored, Values};
use neurocorr::{Columns, Float, Order, TOKEN_BLOCK};

/// What is done with columns of whatever type.
pub(crate) trait Visit {
    type Output;

    fn visit<T: Float>(self, columns: &Columns<'_, T>) -> Result<Self::Output, Error>;
}

/// Bytes of the copy that [`with_columns`] makes; 0 where the source lies as one matrix.
pub(crate) fn copied_bytes(source: &dyn Source) -> u64 {
    if source.whole().is_some() {
        return 0;
    }
    let size = source.dtype().size().max(size_of::<f32>()) as u64;
    (source.tokens() as u64).saturating_mul(source.neurons() as u64).saturating_mul(size)
}

/// Does something with all values of a source.
pub(crate) fn with_columns<V: Visit>(
    source: &dyn Source,
    observer: &dyn Observer,
    visit: V,
) -> Result<V::Output, Error> {
    let (tokens, neurons) = (source.tokens(), source.neurons());
    if let Some(whole) = source.whole() {
        let (order, stride) = order(whole.layout);
        return match whole.values {
            Stored::F16(values) => visit.visit(&Columns::with_stride(values, tokens, neurons, order, stride)?),
            Stored::BF16(values) => visit.visit(&Columns::with_stride(values, tokens, neurons, order, stride)?),
            Stored::F32(values) => visit.visit(&Columns::with_stride(values, tokens, neurons, order, stride)?),
            Stored::F64(values) => visit.visit(&Columns::with_stride(values, tokens, neurons, order, stride)?),
            _ => copied(source, observer, visit),
        };
    }
    copied(source, observer, visit)
}

/// As [`with_columns`], of a copy.
fn copied<V: Visit>(source: &dyn Source, observer: &dyn Observer, visit: V) -> Result<V::Output, Error> {
    let (tokens, neurons) = (source.tokens(), source.neurons());
    let (mut single, mut double): (Vec<f32>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut scratch = Scratch::default();
    for start in (0..tokens).step_by(TOKEN_BLOCK) {
        let block = source.block(start..tokens.min(start + TOKEN_BLOCK), &mut scratch)?;
        match block.values {
            Values::F32(values) => append(&mut single, values, &block, tokens)?,
            Values::F64(values) => append(&mut double, values, &block, tokens)?,
        }
        report(observer, Stage::Moments, 0, 1)?;
    }
    if double.is_empty() {
        visit.visit(&Columns::row_major(&single, tokens, neurons)?)
    } else {
        visit.visit(&Columns::row_major(&double, tokens, neurons)?)
    }
}

/// Appends a block's rows; the first makes room for all tokens.
fn append<T: Float>(all: &mut Vec<T>, values: &[T], block: &Block<'_>, tokens: usize) -> Result<(), Error> {
    if all.is_empty() {
        let count = tokens.saturating_mul(block.neurons);
        let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
        all.try_reserve_exact(count).map_err(|_| neurocorr::Error::OutOfMemory { bytes })?;
    }
    let (order, stride) = order(block.layout);
    for token in 0..block.tokens {
        match order {
            Order::RowMajor => all.extend(values.iter().skip(token * stride).take(block.neurons)),
            Order::ColumnMajor => all.extend(values.iter().skip(token).step_by(stride).take(block.neurons)),
        }
    }
    Ok(())
}

pub(crate) fn order(layout: Layout) -> (Order, usize) {
    match layout {
        Layout::RowMajor { stride } => (Order::RowMajor, stride),
        Layout::ColumnMajor { stride } => (Order::ColumnMajor, stride),
    }
}
