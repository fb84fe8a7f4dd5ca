//! `.safetensors`: one 2-D tensor, or several over the same tokens, taken side by side as layers.

use crate::dtype::{Encoding, convert};
use crate::mapped::Bytes;
use crate::source::check_range;
use crate::{Block, Dtype, Error, Layer, Layout, Scratch, Source, Whole};
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;
use std::cmp::Ordering;
use std::ops::Range;
use std::path::Path;

/// A mapped `.safetensors` file. Layers are in the order of their names, numbers in them compared as numbers
/// (`layer2` before `layer10`), whatever their order in the file.
#[derive(Debug)]
pub struct Safetensors {
    bytes: Bytes,
    tokens: usize,
    layers: Vec<Layer>,
    /// Of each layer, where its data starts and its dtype.
    parts: Vec<(usize, Dtype)>,
    dtype: Dtype,
}

impl Safetensors {
    /// Maps a file and checks its header and length (the format's own crate does); reads no value.
    ///
    /// # Errors
    /// [`Error::Header`], [`Error::Truncated`], [`Error::Dtype`], [`Error::NotTwoDimensional`],
    /// [`Error::TokensDiffer`], [`Error::NoTensor`], and those of opening.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::from_bytes(path, Bytes::open(path)?)
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Bytes) -> Result<Self, Error> {
        let broken = |what: String| Error::Header { path: path.to_owned(), offset: 0, what };
        let found = bytes.len() as u64;
        let Some(length) = bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
            return Err(Error::Truncated { path: path.to_owned(), expected: 8, found });
        };
        // The crate's own message for a short file does not say how short: look first.
        let data = length.saturating_add(8);
        if data > found && bytes.get(8) == Some(&b'{') {
            return Err(Error::Truncated { path: path.to_owned(), expected: data, found });
        }
        let (_, metadata) =
            SafeTensors::read_metadata(&bytes).map_err(|error| match promised(&bytes, data) {
                Some(expected) if expected > found => {
                    Error::Truncated { path: path.to_owned(), expected, found }
                }
                _ => broken(error.to_string()),
            })?;

        let start = usize::try_from(data).unwrap_or(usize::MAX);
        let mut tensors: Vec<(String, _)> = metadata.tensors().into_iter().collect();
        tensors.sort_by(|a, b| natural_order(&a.0, &b.0));
        let (mut layers, mut parts, mut first): (Vec<Layer>, Vec<_>, Option<(String, usize)>) =
            Default::default();
        for (name, info) in tensors {
            let tensor = Some(name.clone());
            let Some(dtype) = dtype(info.dtype) else {
                let dtype = info.dtype.to_string();
                return Err(Error::Dtype { path: path.to_owned(), tensor, dtype });
            };
            let &[tokens, neurons] = info.shape.as_slice() else {
                let shape = info.shape.clone();
                return Err(Error::NotTwoDimensional { path: path.to_owned(), tensor, shape });
            };
            let (first_name, expected) = first.get_or_insert_with(|| (name.clone(), tokens)).clone();
            if tokens != expected {
                let path = path.to_owned();
                return Err(Error::TokensDiffer {
                    path,
                    first: first_name,
                    tensor: name,
                    expected,
                    found: tokens,
                });
            }
            let before = layers.last().map_or(0, |layer| layer.neurons.end);
            layers.push(Layer { name, neurons: before..before + neurons });
            parts.push((start + info.data_offsets.0, dtype));
        }
        let Some((_, tokens)) = first else { return Err(Error::NoTensor { path: path.to_owned() }) };
        let dtype = parts.iter().map(|part| part.1).max().unwrap_or(Dtype::F32);
        Ok(Self { bytes, tokens, layers, parts, dtype })
    }

    /// The bytes of some tokens of a layer.
    fn raw(&self, layer: usize, tokens: &Range<usize>) -> (Encoding, &[u8]) {
        let (start, dtype) = self.parts[layer];
        let row = self.layers[layer].neurons.len() * dtype.size();
        (
            Encoding { dtype, big_endian: false },
            &self.bytes[start + tokens.start * row..start + tokens.end * row],
        )
    }
}

impl Source for Safetensors {
    fn tokens(&self) -> usize {
        self.tokens
    }

    fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The widest of the layers' types.
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn whole(&self) -> Option<Whole<'_>> {
        if self.layers.len() != 1 {
            return None;
        }
        let (encoding, raw) = self.raw(0, &(0..self.tokens));
        Some(Whole { values: encoding.stored(raw)?, layout: Layout::RowMajor { stride: self.neurons() } })
    }

    fn block<'a>(&'a self, tokens: Range<usize>, scratch: &'a mut Scratch) -> Result<Block<'a>, Error> {
        check_range(&tokens, self.tokens)?;
        let neurons = self.neurons();
        let (count, layout) = (tokens.len(), Layout::RowMajor { stride: neurons });
        if self.layers.len() == 1 {
            let (encoding, raw) = self.raw(0, &tokens);
            if let Some(values) = encoding.borrow(raw) {
                return Ok(Block { values, layout, tokens: count, neurons });
            }
        }
        let layers = 0..self.layers.len();
        let runs =
            tokens.flat_map(|token| layers.clone().map(move |layer| self.raw(layer, &(token..token + 1))));
        let values = convert(self.dtype, runs, scratch);
        Ok(Block { values, layout, tokens: count, neurons })
    }
}

/// Bytes that a header promises in all, if it can be read; its data begins at byte `data`. The format's crate checks
/// this too, but does not say how much is missing.
fn promised(bytes: &[u8], data: u64) -> Option<u64> {
    let header = bytes.get(8..usize::try_from(data).ok()?)?;
    let metadata: Metadata = serde_json::from_slice(header).ok()?;
    data.checked_add(metadata.data_len() as u64)
}

fn dtype(dtype: safetensors::Dtype) -> Option<Dtype> {
    match dtype {
        safetensors::Dtype::F16 => Some(Dtype::F16),
        safetensors::Dtype::BF16 => Some(Dtype::BF16),
        safetensors::Dtype::F32 => Some(Dtype::F32),
        safetensors::Dtype::F64 => Some(Dtype::F64),
        _ => None,
    }
}

/// Text as text, runs of digits as numbers.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) {
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (take_digits(&mut left), take_digits(&mut right));
            let order = m.len().cmp(&n.len()).then(m.cmp(n));
            if order.is_ne() {
                return order;
            }
        } else {
            if x != y {
                return x.cmp(&y);
            }
            left = &left[x.len_utf8()..];
            right = &right[y.len_utf8()..];
        }
    }
    left.len().cmp(&right.len()).then(a.cmp(b))
}

/// Takes the leading digits off, without their leading zeros.
fn take_digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_numbers_are_compared_as_numbers() {
        let mut names =
            ["layer10.mlp", "layer2.mlp", "layer2.attn", "b", "layer02.mlp", "a1b10", "a1b9", "layer"];
        names.sort_by(|a, b| natural_order(a, b));
        let expected =
            ["a1b9", "a1b10", "b", "layer", "layer2.attn", "layer02.mlp", "layer2.mlp", "layer10.mlp"];
        assert_eq!(names, expected);
    }
}
