//! The README shows what the command prints.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::command;

/// Every line of the first example but the two that depend on the machine (memory and time).
#[test]
fn the_first_example_of_the_readme_is_what_the_command_prints() {
    let readme = std::fs::read_to_string(testkit::root().join("README.md")).unwrap();
    let shown = readme.split("-- extract data/minilm-hidden-1400.safetensors\n").nth(1).unwrap();
    let shown: Vec<&str> = shown.split("```").next().unwrap().lines().collect();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(testkit::root().join("data"), folder.path().join("data")).unwrap();
    let output = command()
        .current_dir(folder.path())
        .args(["extract", "data/minilm-hidden-1400.safetensors"])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<&str> = printed.lines().collect();
    assert_eq!(shown.len(), printed.len());
    for (shown, printed) in shown.iter().zip(&printed) {
        let machine = ["plan ", "time "].iter().any(|word| shown.starts_with(word));
        if machine {
            assert_eq!(shown.split_whitespace().next(), printed.split_whitespace().next());
        } else {
            assert_eq!(shown, printed);
        }
    }
}
