//! The command, and files to give it.
#![allow(dead_code, reason = "each test file uses some of it")]

use activations::Dtype;
use activations::testing::{Matrix, npy_bytes};
use assert_cmd::Command;
use std::path::PathBuf;
use tempfile::TempDir;

/// The built binary.
pub(crate) fn command() -> Command {
    assert_cmd::cargo::cargo_bin_cmd!("neuron-redundancy")
}

/// Runs a command that must succeed and gives its standard output as JSON.
pub(crate) fn json(command: &mut Command) -> serde_json::Value {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file of any bytes.
pub(crate) fn file(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A `.npy` file of f64, row-major.
pub(crate) fn npy(folder: &TempDir, name: &str, neurons: usize, values: &[f64]) -> PathBuf {
    let tokens = values.len().checked_div(neurons).unwrap_or(0);
    let matrix = Matrix { values: values.to_vec(), tokens, neurons };
    file(folder, name, &npy_bytes(&matrix, Dtype::F64, false, false, 1).unwrap())
}

/// A `.npy` file with a header of one's own and `data` zero bytes.
pub(crate) fn npy_header(folder: &TempDir, descr: &str, shape: &str, data: usize) -> PathBuf {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(vec![0; data]);
    file(folder, "x.npy", &bytes)
}
