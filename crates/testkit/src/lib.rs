//! Fixture reading and data generators, shared by the tests of all crates. Depends on none of them.
//!
//! Everything here panics on failure: it only runs in tests, and a broken fixture is a broken test.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests call this")]
#![allow(clippy::missing_panics_doc, reason = "see above")]

mod generate;

pub use generate::{Rng, activations, random_condensed};

use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The committed sample of real activations.
#[must_use]
pub fn sample() -> PathBuf {
    root().join("data/minilm-hidden-1400.safetensors")
}

/// Whether the suite runs at the large counts (`cargo xtask test --full`).
#[must_use]
pub fn full() -> bool {
    std::env::var_os("NEURON_REDUNDANCY_FULL").is_some()
}

/// `usual` cases, or `large` ones in the full suite: as many times more as the variable `NEURON_REDUNDANCY_FULL` says, for a
/// search that may take all night.
#[must_use]
pub fn cases(usual: u32, large: u32) -> u32 {
    let times = |said: std::ffi::OsString| said.to_str().and_then(|times| times.parse().ok()).unwrap_or(1);
    std::env::var_os("NEURON_REDUNDANCY_FULL").map_or(usual, |said| large.saturating_mul(times(said)))
}

/// A committed file of reference outputs.
pub struct Fixture {
    bytes: Vec<u8>,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Range<usize>)>,
}

impl Fixture {
    /// Opens `fixtures/{name}.safetensors`.
    #[must_use]
    pub fn open(name: &str) -> Self {
        let path = root().join("fixtures").join(format!("{name}.safetensors"));
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask fixtures` writes it", path.display()));
        let (header, metadata) = SafeTensors::read_metadata(&bytes).expect(name);
        let tensors = metadata.tensors().into_iter().map(|(name, info)| {
            let (from, to) = info.data_offsets;
            (name, (info.dtype, info.shape.clone(), 8 + header + from..8 + header + to))
        });
        Self { tensors: tensors.collect(), bytes }
    }

    /// The names of all arrays, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// What stands before `end` in the names that end so, sorted.
    pub fn keys(&self, end: &str) -> impl Iterator<Item = &str> {
        self.names().filter_map(move |name| name.strip_suffix(end))
    }

    /// The shape of an array.
    #[must_use]
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.tensor(name).1
    }

    /// An array's values as `f64`, from any dtype that fixtures use.
    #[must_use]
    pub fn floats(&self, name: &str) -> Vec<f64> {
        let (dtype, _, range) = self.tensor(name);
        let data = &self.bytes[range.clone()];
        match dtype {
            Dtype::F64 => data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
            Dtype::U32 => {
                data.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()).into()).collect()
            }
            Dtype::U16 => {
                data.chunks_exact(2).map(|b| u16::from_le_bytes(b.try_into().unwrap()).into()).collect()
            }
            Dtype::U8 => data.iter().map(|&b| b.into()).collect(),
            other => panic!("{name}: fixtures do not use {other:?}"),
        }
    }

    /// An array of whole numbers.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked against the float")]
    pub fn counts(&self, name: &str) -> Vec<u32> {
        let whole = |v: f64| {
            assert!(v == v.trunc() && (0.0..4.3e9).contains(&v), "{name}: {v} is no count");
            v as u32
        };
        self.floats(name).into_iter().map(whole).collect()
    }

    /// The rows of Z of the tree that is stored as `{key}/pairs` and `{key}/heights`.
    #[must_use]
    pub fn rows(&self, key: &str) -> Vec<[f64; 4]> {
        let (pairs, heights) = (self.counts(&format!("{key}/pairs")), self.floats(&format!("{key}/heights")));
        let mut sizes = vec![1.0; heights.len() + 1];
        let mut row = |(pair, height): (&[u32], f64)| {
            let size = sizes[pair[0] as usize] + sizes[pair[1] as usize];
            sizes.push(size);
            [f64::from(pair[0]), f64::from(pair[1]), height, size]
        };
        pairs.chunks(2).zip(heights).map(&mut row).collect()
    }

    fn tensor(&self, name: &str) -> &(Dtype, Vec<usize>, Range<usize>) {
        self.tensors.get(name).unwrap_or_else(|| panic!("there is no fixture {name}"))
    }
}
