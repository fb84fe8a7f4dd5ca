//! `sweep` and `apply` as a user runs them, and the options that change how and not what.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

mod common;

use common::{command, json, npy};
use predicates::prelude::*;
use testkit::Fixture;

fn numbers(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[test]
fn a_sweep_of_the_sample_has_scipys_labels_at_every_cutoff_and_layers_that_add_up() {
    let fixture = Fixture::open("sample");
    let run = |numbering: &str| {
        json(command().arg("sweep").arg(testkit::sample()).args(["--numbering", numbering, "--output", "-"]))
    };
    let (scipy, lowest) = (run("scipy"), run("lowest"));
    assert_eq!(
        (scipy["plan"].as_str(), lowest["plan"].as_str()),
        (Some("the certified dense plan"), Some("the dense plan under the cutoff"))
    );
    for (at, step) in scipy["steps"].as_array().unwrap().iter().enumerate() {
        let name = format!("average/0.{}", at + 1);
        assert!(numbers(&step["labels"]) == fixture.counts(&format!("absolute/{name}")), "{name}");
        let other = &lowest["steps"][at];
        for key in ["cluster_count", "sizes", "stability", "layer_spans", "kept_share"] {
            assert_eq!(step[key], other[key], "{name} {key}");
        }
        let clusters = step["cluster_count"].as_u64().unwrap();
        let layers = step["layers"].as_array().unwrap();
        assert_eq!(layers.len(), 7);
        assert_eq!(layers.iter().map(|layer| layer["kept"].as_u64().unwrap()).sum::<u64>(), clusters);
        assert_eq!(numbers(&step["layer_spans"]).iter().map(|&count| u64::from(count)).sum::<u64>(), clusters);
        let sizes = step["sizes"].as_array().unwrap();
        let neurons =
            sizes.iter().map(|size| size[0].as_u64().unwrap() * size[1].as_u64().unwrap()).sum::<u64>();
        assert_eq!(neurons, 2_688);
    }
    assert!(scipy["steps"][8]["stability"].is_null());
}

#[test]
fn a_sweep_prints_a_table_and_widths_make_layers_where_the_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", 6, &testkit::activations(50, 6, 2, 4));
    let output = folder.path().join("sweep.json");
    let mut sweep = command();
    sweep.arg("sweep").arg(&file).args(["--cutoffs", "0.9,0.2", "--layer-width", "4", "--output"]).arg(&output);
    sweep
        .assert()
        .success()
        .stdout(predicate::str::is_match(r"(?m)^ +0\.2 +\d+ +[\d.]+% +\d+ +[-\d.]+ +\d+$").unwrap());
    let result: serde_json::Value = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(result["steps"][0]["cutoff"], 0.2);
    assert_eq!(result["steps"][0]["layers"][1]["neurons"], 2);
    let bad = command().arg("sweep").arg(&file).args(["--cutoffs", "0.2,-1"]).output().unwrap();
    assert_eq!(bad.status.code(), Some(2));
}

#[test]
fn plan_precision_and_memory_change_no_label_and_profiles_and_representatives_agree() {
    let run = |arguments: &[&str]| {
        json(command().arg("extract").arg(testkit::sample()).args(["--output", "-"]).args(arguments))
    };
    let expected = run(&["--plan", "dense", "--precision", "double"]);
    for arguments in [
        &["--plan", "components"][..],
        &["--plan", "components", "--precision", "double", "--threads", "1"],
        &["--plan", "components", "--ties", "scipy", "--memory", "200MB"],
        &["--plan", "dense"],
    ] {
        let found = run(arguments);
        assert_eq!(found["labels"], expected["labels"], "{arguments:?}");
        assert_eq!(found["independent_neurons"], expected["independent_neurons"], "{arguments:?}");
        assert_eq!(found["ambiguous_components"], serde_json::json!([]));
    }
    let medoid = run(&["--representative", "medoid", "--profiles", "--cutoff", "0.3"]);
    let kept = numbers(&medoid["independent_neurons"]);
    let profiles = medoid["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), kept.len());
    // A sweep keeps the same neurons.
    let sample = testkit::sample();
    let swept = json(command().arg("sweep").arg(sample).args([
        "--representative",
        "medoid",
        "--cutoffs",
        "0.3",
        "--output",
        "-",
    ]));
    assert_eq!(numbers(&swept["steps"][0]["independent_neurons"]), kept);
    let mut large = 0;
    for (profile, kept) in profiles.iter().zip(kept) {
        assert_eq!(profile["representative"], kept);
        let members = numbers(&profile["neurons"]);
        let own = members.iter().position(|&neuron| neuron == kept).unwrap();
        assert_eq!(profile["signs"][own], 1);
        if members.len() > 1 {
            let (least, mean) =
                (profile["min_correlation"].as_f64().unwrap(), profile["mean_correlation"].as_f64().unwrap());
            // Average linkage at 0.3: the last two parts are at most so far apart in the mean.
            assert!(least <= mean + 1e-12 && mean > 0.5 && mean <= 1.0, "{profile}");
            large += 1;
        }
    }
    assert!(large > 50);
    let mismatch = command()
        .arg("extract")
        .arg(testkit::sample())
        .args(["--plan", "components", "--numbering", "scipy"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&mismatch.stderr).contains("SciPy's numbering needs the dense plan"));
}

#[test]
fn apply_keeps_the_columns_of_the_result_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let values = testkit::activations(40, 9, 2, 8);
    let file = npy(&folder, "x.npy", 9, &values);
    let [result, reduced, mask] = ["r.json", "reduced.npy", "mask.npy"].map(|name| folder.path().join(name));
    command().arg("extract").arg(&file).args(["--cutoff", "0.6", "--output"]).arg(&result).assert().success();
    let mut apply = command();
    apply.arg("apply").arg(&result).arg(&file).arg("--output").arg(&reduced).arg("--mask").arg(&mask);
    apply.assert().success().stdout(predicate::str::contains("40 tokens x"));
    let text: serde_json::Value = serde_json::from_slice(&std::fs::read(&result).unwrap()).unwrap();
    let mut kept = numbers(&text["independent_neurons"]);
    kept.sort_unstable();
    assert!(kept.len() > 1 && kept.len() < 9);
    let source = activations::open(&reduced).unwrap();
    assert_eq!((source.tokens(), source.neurons()), (40, kept.len()));
    let mut scratch = activations::Scratch::default();
    let block = source.block(0..40, &mut scratch).unwrap();
    for token in 0..40 {
        for (at, &neuron) in kept.iter().enumerate() {
            assert_eq!(block.get(token, at), Some(values[token * 9 + neuron as usize]));
        }
    }
    let bytes = std::fs::read(&mask).unwrap();
    let expected: Vec<u8> = (0..9).map(|neuron| u8::from(kept.contains(&neuron))).collect();
    assert_eq!(bytes[bytes.len() - 9..], expected);
    assert!(bytes.len().is_multiple_of(64) || (bytes.len() - 9).is_multiple_of(64));
    // Another file's neurons; no result at all.
    let other = npy(&folder, "y.npy", 3, &[1.0; 9]);
    let failed =
        command().arg("apply").arg(&result).arg(&other).arg("--output").arg(&reduced).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("9 labels for 3 neurons"));
    let failed = command().arg("apply").arg(&file).arg(&file).arg("--output").arg(&reduced).output().unwrap();
    assert!(
        String::from_utf8_lossy(&failed.stderr).contains("a result of `neuron-redundancy extract` is needed")
    );
}
