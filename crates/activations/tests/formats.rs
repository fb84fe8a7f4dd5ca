//! Every reader against naive writers and against ndarray-npy; every error on literal bytes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use activations::testing::{Matrix, dtypes, matrices, npy_bytes, safetensors_bytes};
use activations::{Dtype, Error, InMemory, Scratch, Source, open};
use proptest::prelude::*;
use std::path::PathBuf;

thread_local! {
    /// One folder for each test's thread, gone when the test is: properties write thousands of files.
    static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
}

/// A file of this name in the test's folder; overwrites the one before.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.with(|folder| folder.path().join(name));
    std::fs::write(&path, bytes).unwrap();
    path
}

fn fails(name: &str, bytes: &[u8]) -> Error {
    let file = file(name, bytes);
    let Err(error) = open(&file) else { panic!("{name} was accepted") };
    assert!(error.to_string().contains(name), "{error}");
    error
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// All tokens, in blocks of `step`.
fn check(source: &dyn Source, expected: &Matrix, step: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!((source.tokens(), source.neurons()), (expected.tokens, expected.neurons));
    let mut scratch = Scratch::default();
    for start in (0..expected.tokens).step_by(step) {
        let end = (start + step).min(expected.tokens);
        let block = source.block(start..end, &mut scratch).unwrap();
        prop_assert_eq!((block.tokens, block.neurons), (end - start, expected.neurons));
        for token in start..end {
            for neuron in 0..expected.neurons {
                let value = block.get(token - start, neuron).unwrap();
                prop_assert!(
                    same(value, expected.values[token * expected.neurons + neuron]),
                    "{token} {neuron}"
                );
            }
        }
        prop_assert!(block.get(end - start, 0).is_none());
    }
    let beyond = source.block(0..expected.tokens + 1, &mut scratch);
    prop_assert!(matches!(beyond, Err(Error::OutOfRange { .. })), "read beyond the end");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(128, 1_000), ..ProptestConfig::default() })]

    #[test]
    fn npy_of_every_dtype_order_and_byte_order_reads_back(
        x in matrices(7), dtype in dtypes(), fortran: bool, big: bool, version in 1_u8..4, step in 1_usize..9,
    ) {
        if let Some(bytes) = npy_bytes(&x, dtype, fortran, big, version) {
            let file = file("x.npy", &bytes);
            check(&*open(&file).unwrap(), &x, step)?;
        }
    }

    #[test]
    fn safetensors_layers_of_mixed_dtypes_read_back_side_by_side(
        x in matrices(7), split in 0_usize..8, a in dtypes(), b in dtypes(), pad in 0_usize..9, step in 1_usize..9,
    ) {
        let split = split.min(x.neurons);
        let part = |from: usize, to: usize| Matrix {
            values: x.values.chunks(x.neurons.max(1)).flat_map(|row| row[from..to].to_vec()).collect(),
            tokens: x.tokens,
            neurons: to - from,
        };
        let (left, right) = (part(0, split), part(split, x.neurons));
        let bytes = safetensors_bytes(&[("layer10", &right, b), ("layer9", &left, a)], pad);
        let temporary = file("x.safetensors", &bytes);
        let source = open(&temporary).unwrap();
        check(&*source, &x, step)?;
        prop_assert_eq!(source.dtype(), a.max(b));
        let single = file("y.safetensors", &safetensors_bytes(&[("x", &x, a)], pad));
        check(&*open(&single).unwrap(), &x, step)?;
    }

    #[test]
    fn truncation_at_every_length_is_an_error(x in matrices(3), dtype in dtypes()) {
        let npy = npy_bytes(&x, dtype, false, false, 1).unwrap_or_default();
        let safe = safetensors_bytes(&[("a", &x, dtype)], 0);
        for (name, bytes) in [("x.npy", npy), ("x.safetensors", safe)] {
            for length in 0..bytes.len() {
                fails(name, &bytes[..length]);
            }
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_a_source_and_never_a_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0_u8..3,
    ) {
        match kind {
            0 => { bytes.splice(0..0, *b"\x93NUMPY\x01\0"); }
            1 => { bytes.splice(0..0, *b"\x40\0\0\0\0\0\0\0{\"a\":"); }
            _ => {}
        }
        let _ = open(file("x.safetensors", &bytes));
    }
}

#[test]
fn our_npy_and_ndarray_npy_agree() {
    let values: Vec<f64> = testkit::activations(20, 7, 2, 3);
    let array = ndarray::Array2::from_shape_vec((20, 7), values.clone()).unwrap();
    let mut c = Vec::new();
    ndarray_npy::WriteNpyExt::write_npy(&array, &mut c).unwrap();
    let mut fortran = Vec::new();
    let reversed = ndarray::Array2::from_shape_vec((7, 20), values.clone()).unwrap();
    ndarray_npy::WriteNpyExt::write_npy(&reversed.t(), &mut fortran).unwrap();
    check(&*open(file("c.npy", &c)).unwrap(), &Matrix { values: values.clone(), tokens: 20, neurons: 7 }, 6)
        .unwrap();
    let expected: Vec<f64> =
        (0..20).flat_map(|t| (0..7).map(move |n| n * 20 + t)).map(|at| values[at]).collect();
    check(&*open(file("f.npy", &fortran)).unwrap(), &Matrix { values: expected, tokens: 20, neurons: 7 }, 6)
        .unwrap();
}

#[test]
fn the_sample_has_seven_layers_and_its_memory_twin_the_same_values() {
    let source = open(testkit::sample()).unwrap();
    assert_eq!((source.tokens(), source.neurons(), source.dtype()), (1_400, 2_688, Dtype::F16));
    assert_eq!(source.layers().iter().map(|l| l.name.as_str()).collect::<Vec<_>>()[..2], ["layer0", "layer1"]);
    assert_eq!(source.neuron_name(385), "385 (layer1[1])");
    let mut scratch = Scratch::default();
    let block = source.block(0..10, &mut scratch).unwrap();
    let values: Vec<f64> = (0..26_880).map(|at| block.get(at / 2_688, at % 2_688).unwrap()).collect();
    let twin = InMemory::new(&values, 10, 2_688).unwrap();
    check(&twin, &Matrix { values: values.clone(), tokens: 10, neurons: 2_688 }, 3).unwrap();
    assert!(matches!(InMemory::new(&values, 10, 3), Err(Error::Shape { expected: 30, found: 26_880, .. })));
}

fn npy_with(descr: &str, shape: &str) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend([0; 64]);
    bytes
}

#[test]
fn every_error_names_the_file_and_says_what_and_where() {
    assert!(matches!(fails("x.npy", b""), Error::Empty { .. }));
    let missing = open("no/such/file.npy").err().unwrap();
    assert!(matches!(missing, Error::Io { .. }) && missing.to_string().starts_with("no/such/file.npy: "));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(Error::Directory { .. })));

    assert!(matches!(fails("x.npy", b"\x93NUM"), Error::Header { .. }));
    assert!(matches!(fails("x.npy", b"\x93NUMPY\x01\0\xff\0{'descr'"), Error::Truncated { expected: 265, .. }));
    assert!(matches!(fails("x.npy", b"\x93NUMPY\x09\0\xff\0{'descr'"), Error::Header { offset: 6, .. }));
    assert!(matches!(fails("x.npy", &npy_with("'<f4'", "(9, 9)")), Error::Truncated { .. }));
    let huge = format!("({}, {})", u64::MAX, u64::MAX);
    assert!(matches!(fails("x.npy", &npy_with("'<f4'", &huge)), Error::Truncated { expected: u64::MAX, .. }));
    for (descr, name) in [("'<c8'", "<c8"), ("'<U4'", "<U4"), ("'|O'", "|O"), ("'<i4'", "<i4")] {
        let error = fails("x.npy", &npy_with(descr, "(2, 2)"));
        assert!(matches!(&error, Error::Dtype { dtype, tensor: None, .. } if dtype == name), "{error}");
    }
    for (shape, parsed) in [("(4,)", vec![4]), ("(1, 2, 2)", vec![1, 2, 2]), ("()", vec![])] {
        let error = fails("x.npy", &npy_with("'<f4'", shape));
        assert!(matches!(&error, Error::NotTwoDimensional { shape, .. } if *shape == parsed), "{error}");
    }

    let safe = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.extend(vec![0; data]);
        bytes
    };
    let tensor = |name: &str, dtype: &str, shape: &str, from: usize, to: usize| {
        format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
    };
    let one = |dtype: &str, shape: &str, size: usize| {
        safe(&format!("{{{}}}", tensor("a", dtype, shape, 0, size)), size)
    };
    assert!(matches!(fails("x.safetensors", &[1, 2, 3]), Error::Truncated { .. }));
    assert!(matches!(fails("x.safetensors", &safe("{}", 0)), Error::NoTensor { .. }));
    assert!(matches!(fails("x.safetensors", &safe("{nonsense", 0)), Error::Header { .. }));
    assert!(matches!(fails("x.safetensors", &one("I64", "[2,2]", 32)), Error::Dtype { tensor: Some(_), .. }));
    assert!(matches!(
        fails("x.safetensors", &one("F32", "[4]", 16)),
        Error::NotTwoDimensional { tensor: Some(_), .. }
    ));
    let (a, b) = (tensor("a", "F32", "[2,2]", 0, 16), tensor("b", "F32", "[3,1]", 16, 28));
    let error = fails("x.safetensors", &safe(&format!("{{{a},{b}}}"), 28));
    assert!(matches!(error, Error::TokensDiffer { expected: 2, found: 3, .. }), "{error}");

    for (bytes, word) in [
        (&b"\x89HDF\r\n\x1a\nxxxx"[..], "HDF5"),
        (b"PK\x03\x04xxxxxxxx", "zip"),
        (b"\x80\x04xxxxxxxxxxx", "pickle"),
        (b"{\"linex_index\": 0}", "JSON"),
        (b"plain text, or anything", "neither"),
    ] {
        let error = fails("x.dat", bytes);
        assert!(matches!(error, Error::UnknownFormat { .. }) && error.to_string().contains(word), "{error}");
    }
}
