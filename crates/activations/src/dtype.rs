//! Element types on disk, and their conversion to native floats.

use crate::{Scratch, Stored, Values};
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// The type of a file's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dtype {
    /// IEEE half precision.
    F16,
    /// The upper half of an `f32`.
    BF16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl Dtype {
    /// Bytes of one value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// How values lie in a file: their type and whether their bytes are in the other order than this machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) dtype: Dtype,
    pub(crate) big_endian: bool,
}

impl Encoding {
    /// The bytes as values, if they are `T`s of this machine's byte order and alignment.
    fn native<T: bytemuck::AnyBitPattern>(self, dtype: Dtype, bytes: &[u8]) -> Option<&[T]> {
        let native_order = self.big_endian == cfg!(target_endian = "big");
        if self.dtype == dtype && native_order { bytemuck::try_cast_slice(bytes).ok() } else { None }
    }

    /// The bytes as values without a copy, if they are `f32` or `f64` of this machine's byte order and alignment.
    pub(crate) fn borrow(self, bytes: &[u8]) -> Option<Values<'_>> {
        let single = self.native(Dtype::F32, bytes).map(Values::F32);
        single.or_else(|| self.native(Dtype::F64, bytes).map(Values::F64))
    }

    /// The bytes as values of their own type, if they are of this machine's byte order and aligned.
    pub(crate) fn stored(self, bytes: &[u8]) -> Option<Stored<'_>> {
        match self.dtype {
            Dtype::F16 => self.native(Dtype::F16, bytes).map(Stored::F16),
            Dtype::BF16 => self.native(Dtype::BF16, bytes).map(Stored::BF16),
            Dtype::F32 => self.native(Dtype::F32, bytes).map(Stored::F32),
            Dtype::F64 => self.native(Dtype::F64, bytes).map(Stored::F64),
        }
    }

    /// Appends the values as `f32`. `f64` is not narrowed here: such sources are read as `f64`.
    fn append_f32(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self.dtype {
            Dtype::F16 => {
                if let Some(values) = self.native::<f16>(Dtype::F16, bytes) {
                    // The slice conversion uses the processor's, where there is one.
                    let start = out.len();
                    out.resize(start + values.len(), 0.0);
                    values.convert_to_f32_slice(&mut out[start..]);
                } else {
                    out.extend(self.chunks(bytes).map(|b: [u8; 2]| f16::from_le_bytes(b).to_f32()));
                }
            }
            Dtype::BF16 => out.extend(self.chunks(bytes).map(|b: [u8; 2]| bf16::from_le_bytes(b).to_f32())),
            Dtype::F32 => out.extend(self.chunks(bytes).map(f32::from_le_bytes)),
            #[expect(clippy::cast_possible_truncation, reason = "see above: not reached")]
            Dtype::F64 => out.extend(self.chunks(bytes).map(|b| f64::from_le_bytes(b) as f32)),
        }
    }

    /// Appends the values as `f64`, which holds all of them exactly.
    fn append_f64(self, bytes: &[u8], out: &mut Vec<f64>) {
        match self.dtype {
            Dtype::F16 => out.extend(self.chunks(bytes).map(|b: [u8; 2]| f16::from_le_bytes(b).to_f64())),
            Dtype::BF16 => out.extend(self.chunks(bytes).map(|b: [u8; 2]| bf16::from_le_bytes(b).to_f64())),
            Dtype::F32 => out.extend(self.chunks(bytes).map(|b| f64::from(f32::from_le_bytes(b)))),
            Dtype::F64 => out.extend(self.chunks(bytes).map(f64::from_le_bytes)),
        }
    }

    /// Each value's bytes in little-endian order.
    fn chunks<const N: usize>(self, bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
        bytes.as_chunks::<N>().0.iter().map(move |&chunk| {
            let mut chunk = chunk;
            if self.big_endian {
                chunk.reverse();
            }
            chunk
        })
    }
}

/// Converts runs of values, one after the other, into the scratch: to `f64` if `widest` is, else to `f32`.
pub(crate) fn convert<'a>(
    widest: Dtype,
    runs: impl Iterator<Item = (Encoding, &'a [u8])>,
    scratch: &mut Scratch,
) -> Values<'_> {
    if widest == Dtype::F64 {
        scratch.double.clear();
        runs.for_each(|(encoding, run)| encoding.append_f64(run, &mut scratch.double));
        Values::F64(&scratch.double)
    } else {
        scratch.single.clear();
        runs.for_each(|(encoding, run)| encoding.append_f32(run, &mut scratch.single));
        Values::F32(&scratch.single)
    }
}
