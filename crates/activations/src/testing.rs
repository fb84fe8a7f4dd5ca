//! Strategies of matrices and naive writers of every layout, for property tests of readers (feature `proptest`).

use crate::Dtype;
use half::{bf16, f16};
use proptest::prelude::*;
use std::fmt::Write as _;

/// A matrix whose values every dtype holds exactly: `values[token * neurons + neuron]`.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Row-major values: multiples of 1/8 of small size, and NaN and infinities.
    pub values: Vec<f64>,
    /// Rows.
    pub tokens: usize,
    /// Columns.
    pub neurons: usize,
}

/// Matrices of 0 to `max` tokens and neurons.
pub fn matrices(max: usize) -> impl Strategy<Value = Matrix> {
    let value = prop_oneof![
        20 => (-120_i16..120).prop_map(|v| f64::from(v) / 8.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-0.0),
    ];
    (0..=max, 0..=max).prop_flat_map(move |(tokens, neurons)| {
        proptest::collection::vec(value.clone(), tokens * neurons).prop_map(move |values| Matrix {
            values,
            tokens,
            neurons,
        })
    })
}

/// Any dtype.
pub fn dtypes() -> impl Strategy<Value = Dtype> {
    prop_oneof![Just(Dtype::F16), Just(Dtype::BF16), Just(Dtype::F32), Just(Dtype::F64)]
}

/// One value in the file's bytes.
#[must_use]
pub fn encode(value: f64, dtype: Dtype, big_endian: bool) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "test values fit")]
    let mut bytes = match dtype {
        Dtype::F16 => f16::from_f64(value).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f64(value).to_le_bytes().to_vec(),
        Dtype::F32 => (value as f32).to_le_bytes().to_vec(),
        Dtype::F64 => value.to_le_bytes().to_vec(),
    };
    if big_endian {
        bytes.reverse();
    }
    bytes
}

/// A `.npy` file of the matrix. bf16 has no name there: `None`.
#[must_use]
pub fn npy_bytes(
    matrix: &Matrix,
    dtype: Dtype,
    fortran_order: bool,
    big_endian: bool,
    version: u8,
) -> Option<Vec<u8>> {
    let kind = match dtype {
        Dtype::F16 => "f2",
        Dtype::BF16 => return None,
        Dtype::F32 => "f4",
        Dtype::F64 => "f8",
    };
    let order = if big_endian { '>' } else { '<' };
    let python = if fortran_order { "True" } else { "False" };
    let mut header = String::new();
    let (tokens, neurons) = (matrix.tokens, matrix.neurons);
    let _ = write!(
        header,
        "{{'descr': '{order}{kind}', 'fortran_order': {python}, 'shape': ({tokens}, {neurons}), }}"
    );
    let prefix = if version == 1 { 10 } else { 12 };
    while !(prefix + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let length = u32::try_from(header.len()).ok()?.to_le_bytes();
    bytes.extend(if version == 1 { &length[..2] } else { &length[..] });
    bytes.extend(header.bytes());
    let row_major = (0..tokens).flat_map(|t| (0..neurons).map(move |n| (t, n)));
    let column_major = (0..neurons).flat_map(|n| (0..tokens).map(move |t| (t, n)));
    let places: Vec<(usize, usize)> = if fortran_order { column_major.collect() } else { row_major.collect() };
    for (token, neuron) in places {
        bytes.extend(encode(matrix.values[token * neurons + neuron], dtype, big_endian));
    }
    Some(bytes)
}

/// A `.safetensors` file of layers; `pad` spaces more in the header move the data off any alignment.
#[must_use]
pub fn safetensors_bytes(layers: &[(&str, &Matrix, Dtype)], pad: usize) -> Vec<u8> {
    let (mut header, mut data) = (String::from("{"), Vec::new());
    for (index, (name, matrix, dtype)) in layers.iter().enumerate() {
        let start = data.len();
        data.extend(matrix.values.iter().flat_map(|&value| encode(value, *dtype, false)));
        let comma = if index == 0 { "" } else { "," };
        let kind = dtype.to_string().to_uppercase();
        let (tokens, neurons, end) = (matrix.tokens, matrix.neurons, data.len());
        let _ = write!(
            header,
            "{comma}\"{name}\":{{\"dtype\":\"{kind}\",\"shape\":[{tokens},{neurons}],\"data_offsets\":[{start},{end}]}}"
        );
    }
    header.push('}');
    header.extend(std::iter::repeat_n(' ', pad));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}
