//! Every kind of bad input: the message says what, where and what to do; the exit code is 1, or 2 for wrong use.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

mod common;

use common::{command, file, npy, npy_header};
use std::path::Path;

/// Runs `extract` on a file and expects exit code 1, nothing on standard output, and one message with these words.
fn fails(path: &Path, arguments: &[&str], words: &[&str]) {
    let output = command().arg("extract").arg(path).args(["-o", "-"]).args(arguments).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(output.stdout.is_empty());
    assert!(message.starts_with("neuron-redundancy: "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "`{word}` is missing: {message}");
    }
}

/// Runs `extract` with arguments that are wrong and expects exit code 2.
fn misused(arguments: &[&str], words: &[&str]) {
    let output = command().arg("extract").args(arguments).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    for word in words {
        assert!(message.contains(word), "`{word}` is missing: {message}");
    }
}

#[test]
fn missing_file() {
    fails(Path::new("no/such/file.npy"), &[], &["no/such/file.npy", "No such file"]);
}

#[test]
fn directory() {
    let folder = tempfile::tempdir().unwrap();
    fails(folder.path(), &[], &["directory", ".npy or .safetensors"]);
}

#[test]
fn empty_file() {
    let folder = tempfile::tempdir().unwrap();
    fails(&file(&folder, "x.npy", b""), &[], &["x.npy", "empty (0 bytes)"]);
}

#[test]
fn truncated_header() {
    let folder = tempfile::tempdir().unwrap();
    let npy = file(&folder, "x.npy", b"\x93NUMPY\x01\0\x76\0{'descr': '<f4', 'fortr");
    fails(&npy, &[], &["truncated", "promises 128 bytes", "has 33"]);
    let safe = file(&folder, "x.safetensors", b"\x40\0\0\0\0\0\0\0{\"a\":{\"dty");
    fails(&safe, &[], &["truncated", "promises 72 bytes", "has 18"]);
    fails(&file(&folder, "short.npy", b"\x93NUM"), &[], &["short.npy", "byte 0"]);
}

#[test]
fn truncated_data() {
    let folder = tempfile::tempdir().unwrap();
    fails(&npy_header(&folder, "'<f4'", "(10, 10)", 396), &[], &["truncated", "copy or extract it again"]);
    let header = br#"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend([0; 15]);
    fails(&file(&folder, "x.safetensors", &bytes), &[], &["truncated", "promises 81 bytes", "has 80"]);
}

#[test]
fn wrong_dtype() {
    let folder = tempfile::tempdir().unwrap();
    for (descr, name) in [("'<c8'", "<c8"), ("'<U7'", "<U7"), ("'|O'", "|O"), ("'<i8'", "<i8")] {
        fails(&npy_header(&folder, descr, "(2, 2)", 64), &[], &["dtype", name, "astype"]);
    }
    let header = br#"{"ids":{"dtype":"I64","shape":[2,2],"data_offsets":[0,32]}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend([0; 32]);
    fails(&file(&folder, "x.safetensors", &bytes), &[], &["tensor `ids`", "I64"]);
}

#[test]
fn other_formats() {
    let folder = tempfile::tempdir().unwrap();
    fails(&file(&folder, "x.hdf5", b"\x89HDF\r\n\x1a\n0000"), &[], &["HDF5", "numpy.save"]);
    fails(&file(&folder, "x.txt", b"neuron activations"), &[], &["neither .npy nor .safetensors"]);
}

#[test]
fn one_and_three_dimensions() {
    let folder = tempfile::tempdir().unwrap();
    fails(&npy_header(&folder, "'<f4'", "(16,)", 64), &[], &["[16]", "2-D", "reshape"]);
    fails(&npy_header(&folder, "'<f4'", "(2, 2, 4)", 64), &[], &["[2, 2, 4]", "2-D"]);
}

#[test]
fn no_token_and_one_token() {
    let folder = tempfile::tempdir().unwrap();
    fails(&npy_header(&folder, "'<f8'", "(0, 4)", 0), &[], &["0 token(s)", "at least two"]);
    fails(&npy(&folder, "x.npy", 4, &[1.0, 2.0, 3.0, 4.0]), &[], &["1 token(s)", "at least two"]);
}

#[test]
fn no_neuron_and_one_neuron() {
    let folder = tempfile::tempdir().unwrap();
    fails(&npy_header(&folder, "'<f8'", "(4, 0)", 0), &[], &["0 neuron(s)", "at least two"]);
    fails(&npy(&folder, "x.npy", 1, &[1.0, 2.0, 3.0, 4.0]), &[], &["1 neuron(s)", "at least two"]);
}

#[test]
fn nan_and_infinity() {
    let folder = tempfile::tempdir().unwrap();
    for (bad, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        let mut values = testkit::activations(20, 5, 2, 1);
        values[5 * 13 + 3] = bad;
        values[5 * 15 + 4] = bad;
        let words =
            ["neuron 3", name, "token 13", "2 non-finite value(s) in 2 neuron(s)", "--non-finite uncorrelated"];
        fails(&npy(&folder, "x.npy", 5, &values), &[], &words);
    }
}

#[test]
fn all_neurons_constant() {
    let folder = tempfile::tempdir().unwrap();
    fails(&npy(&folder, "x.npy", 3, &[2.5; 12]), &[], &["of 3 neurons 3 are constant", "right file"]);
}

#[test]
fn cutoff_that_is_nan_or_negative() {
    misused(&["x.npy", "--cutoff", "nan"], &["--cutoff", "at least 0"]);
    misused(&["x.npy", "--cutoff", "-0.5"], &["--cutoff", "at least 0"]);
    misused(&["x.npy", "--cutoff", "half"], &["--cutoff"]);
}

#[test]
fn unknown_method_and_other_wrong_use() {
    misused(&["x.npy", "--method", "avrage"], &["avrage", "single, complete, average", "similar value"]);
    misused(&["x.npy", "--numbering", "canonical"], &["lowest, scipy"]);
    misused(&["x.npy", "--threads", "0"], &["--threads"]);
    misused(&["x.npy", "--memory", "8 bananas"], &["no unit of memory"]);
    misused(&[], &["FILE"]);
    assert_eq!(command().output().unwrap().status.code(), Some(2));
    assert_eq!(command().arg("--help").output().unwrap().status.code(), Some(0));
    assert_eq!(command().arg("--version").output().unwrap().status.code(), Some(0));
}

#[test]
fn too_little_memory_is_refused_before_work_with_figures() {
    let words = ["2688 neurons need 71.", "the limit given has 50.0 MB", "neurons would fit", "fewer"];
    fails(&testkit::sample(), &["--memory", "50MB", "--plan", "dense", "--precision", "double"], &words);
    let words = ["2688 neurons need", "for the plan by components", "the limit given has 10.0 MB"];
    fails(&testkit::sample(), &["--memory", "10MB"], &words);
}

/// A million neurons need 4 TB: no machine that runs these tests has them. The file is 8 MB.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_that_is_too_small_is_refused_before_work() {
    let folder = tempfile::tempdir().unwrap();
    let wide = npy_header(&folder, "'<f4'", "(2, 1000000)", 8_000_000);
    fails(
        &wide,
        &["--numbering", "scipy"],
        &["1000000 neurons need 4.", " TB", "this machine has", "neurons would fit"],
    );
}

#[test]
fn unwritable_output_is_said_before_work_and_the_old_one_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let input = npy(&folder, "x.npy", 40, &testkit::activations(30, 40, 4, 1));
    let run = |output: &Path| {
        let output = command().arg("extract").arg(&input).arg("-o").arg(output).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains("cannot write") && output.stdout.is_empty(), "{message}");
    };
    run(&folder.path().join("no/such/folder/result.json"));
    run(folder.path());
    // A failing run (here: a bad input) leaves the old result and no temporary file.
    let old = folder.path().join("result.json");
    std::fs::write(&old, "the old result").unwrap();
    let constant = npy(&folder, "constant.npy", 3, &[1.0; 12]);
    command().arg("extract").arg(constant).arg("-o").arg(&old).assert().code(1);
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "the old result");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// A device that is always full stands for a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let input = npy(&folder, "x.npy", 40, &testkit::activations(30, 40, 4, 1));
    let output = command().arg("extract").arg(&input).args(["-o", "/dev/full"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("No space left"));
}

/// Ctrl-C in the middle: exit code 1, the word, nothing written, the old result whole.
#[cfg(unix)]
#[test]
fn ctrl_c_cancels_and_leaves_nothing_behind() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    // Enough tokens that the work takes seconds even on a fast machine: it must not end before the signal comes.
    let (tokens, neurons) = (60_000, 1_500);
    let noise = testkit::activations(1_000, neurons, 4, 1);
    let values: Vec<f64> = noise.iter().cycle().take(tokens * neurons).copied().collect();
    let input = npy(&folder, "x.npy", neurons, &values);
    let old = folder.path().join("result.json");
    std::fs::write(&old, "the old result").unwrap();
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("neuron-redundancy"))
        .arg("extract")
        .arg(&input)
        .arg("-o")
        .arg(&old)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let temporary = || std::fs::read_dir(folder.path()).unwrap().count() == 3;
    // The temporary file shows that the handler is installed and the work has begun.
    while !temporary() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "neuron-redundancy: cancelled\n");
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "the old result");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
