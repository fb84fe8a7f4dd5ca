//! `extract` as a user runs it: output, options, threads, files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

mod common;

use common::{command, json, npy};
use predicates::prelude::*;
use testkit::Fixture;

fn sample(arguments: &[&str]) -> serde_json::Value {
    json(command().arg("extract").arg(testkit::sample()).args(["--output", "-"]).args(arguments))
}

fn numbers(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[test]
fn labels_of_the_sample_are_scipys_by_every_method_and_measure_through_the_command() {
    let fixture = Fixture::open("sample");
    for method in ["single", "complete", "average", "weighted", "ward", "centroid", "median"] {
        for (measure, flag) in [("absolute", None), ("signed", Some("--signed"))] {
            let mut arguments = vec!["--method", method, "--cutoff", "0.3", "--numbering", "scipy"];
            arguments.extend(flag);
            let result = sample(&arguments);
            assert_eq!(
                numbers(&result["labels"]),
                fixture.counts(&format!("{measure}/{method}/0.3")),
                "{method}"
            );
            assert_eq!(result["absolute"], flag.is_none());
            assert_eq!(result["method"], method);
        }
    }
}

#[test]
fn the_json_has_its_keys_and_they_agree_with_each_other() {
    let result = sample(&["--seed", "7"]);
    let labels = numbers(&result["labels"]);
    let kept = numbers(&result["independent_neurons"]);
    let clusters = result["cluster_count"].as_u64().unwrap() as usize;
    assert_eq!((result["neurons"].as_u64(), result["tokens"].as_u64()), (Some(2_688), Some(1_400)));
    assert_eq!((labels.len(), kept.len()), (2_688, clusters));
    assert_eq!(labels.iter().max(), Some(&(clusters as u32)));
    for (label, neuron) in (1..).zip(&kept) {
        assert_eq!(labels[*neuron as usize], label, "one neuron of each cluster, in label order");
    }
    assert_eq!(result["seed"], 7);
    assert_eq!(result["cutoff"], 0.5);
    assert_eq!(result["numbering"], "lowest");
    assert_eq!(numbers(&result["constant_neurons"]), [2_431, 2_527]);
    assert_eq!(result["layers"][1]["name"], "layer1");
    assert_eq!(result["layers"][1]["first_neuron"], 384);
}

#[test]
fn bytes_of_the_result_depend_on_seed_and_options_and_not_on_threads_or_run() {
    let run = |threads: &str, seed: &str| {
        let output = command()
            .current_dir(testkit::root())
            .args(["extract", "data/minilm-hidden-1400.safetensors", "--output", "-"])
            .args(["--threads", threads, "--seed", seed])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let expected = run("1", "3");
    for threads in ["1", "2", "8"] {
        assert!(run(threads, "3") == expected, "{threads} threads");
    }
    assert!(run("2", "4") != expected);
}

#[test]
fn a_file_gets_the_json_and_standard_output_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("clusters.json");
    std::fs::write(&output, "an older result").unwrap();
    command()
        .arg("extract")
        .arg(testkit::sample())
        .arg("--output")
        .arg(&output)
        .assert()
        .success()
        .stdout(
            predicate::str::contains("1400 tokens x 2688 neurons, f16, 7 layers")
                .and(predicate::str::contains("clusters    910 at cutoff 0.5 (average linkage of 1 - |r|)"))
                .and(predicate::str::contains("constant    2: 2431 (layer6[127]), 2527 (layer6[223])"))
                .and(predicate::str::contains("largest     19 neurons"))
                .and(
                    predicate::str::is_match(r"time .*moments .* s, screen .* s, linkage .* s, cut .* s")
                        .unwrap(),
                )
                .and(predicate::str::contains("wrote ")),
        )
        .stderr("");
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(written["cluster_count"], 910);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the result");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&output).unwrap().permissions().mode();
        assert_eq!(mode & 0o400, 0o400, "readable");
        assert_ne!(mode & 0o044, 0, "with the permissions of an ordinary new file, not of a private one");
    }
}

#[test]
fn the_default_output_is_result_json_in_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", 40, &testkit::activations(30, 40, 4, 1));
    command().current_dir(folder.path()).arg("extract").arg(file).assert().success();
    assert!(folder.path().join("result.json").is_file());
}

#[test]
fn dash_gives_the_json_alone_on_standard_output_and_the_summary_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", 40, &testkit::activations(30, 40, 4, 1));
    let output = command().arg("extract").arg(file).args(["--output", "-"]).output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["neurons"], 40);
    assert!(String::from_utf8(output.stderr).unwrap().contains("clusters "));
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_a_device_is_written_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", 40, &testkit::activations(30, 40, 4, 1));
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    command().arg("extract").arg(&file).arg("-o").arg(&link).assert().success();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().starts_with('{'));
    command().arg("extract").arg(&file).args(["-o", "/dev/null"]).assert().success();
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn uncorrelated_policy_lets_a_spoilt_neuron_stand_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut values = testkit::activations(30, 6, 2, 1);
    values[6 * 11 + 4] = f64::NAN;
    let file = npy(&folder, "x.npy", 6, &values);
    let result = json(command().arg("extract").arg(file).args(["-o", "-", "--non-finite", "uncorrelated"]));
    assert_eq!(numbers(&result["non_finite_neurons"]), [4]);
    let labels = numbers(&result["labels"]);
    assert_eq!(labels.iter().filter(|l| **l == labels[4]).count(), 1);
}

#[test]
fn inspect_shows_shape_layers_constants_non_finite_and_memory() {
    command().arg("inspect").arg(testkit::sample()).assert().success().stdout(
        predicate::str::contains("1400 tokens x 2688 neurons, f16, 7 layers")
            .and(predicate::str::contains("layer       layer6: neurons 2304..2688"))
            .and(predicate::str::contains("constant    2: neuron 2431 (layer6[127]), 2527 (layer6[223])"))
            .and(predicate::str::contains("non-finite  none"))
            .and(predicate::str::contains("dense run   would take 71.")),
    );
    let folder = tempfile::tempdir().unwrap();
    let mut values = vec![1.0; 18];
    (values[4], values[10], values[7]) = (f64::INFINITY, f64::NAN, 2.0);
    let file = npy(&folder, "x.npy", 3, &values);
    command().arg("inspect").arg(file).assert().success().stdout(
        predicate::str::contains("non-finite  1: neuron 1\n")
            .and(predicate::str::contains("2 value(s) in all, the first of neuron 1 at token 1"))
            .and(predicate::str::contains("constant    2: neuron 0, 2")),
    );
}
