//! `--resume`: a run that is killed, or stopped, goes on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

mod common;

use common::{command, npy};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const NEURONS: usize = 9_000;
const TOKENS: usize = 400;

fn arguments(file: &Path, folder: &Path, output: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut arguments: Vec<String> = ["extract", "--threads", "1", "--cutoff", "0.4"].map(String::from).into();
    arguments.extend([text(file), "--output".into(), text(output), "--resume".into(), text(folder)]);
    arguments
}

/// Starts a run and waits until its screen has kept more than so many bytes.
fn started(arguments: &[String], folder: &Path, before: u64) -> Child {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("neuron-redundancy"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while kept(folder) <= before {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it kept more");
        sleep(Duration::from_millis(1));
    }
    child
}

/// Bytes that a screen has kept.
fn kept(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("screen.stage")).map_or(0, |file| file.len())
}

/// The two numbers of the line `resumed`.
fn resumed(output: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().find(|line| line.starts_with("resumed ")).unwrap();
    let numbers: Vec<usize> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    (numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(0))
}

#[test]
fn a_run_that_is_killed_or_stopped_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", NEURONS, &testkit::activations(TOKENS, NEURONS, 60, 5));
    let path = |name: &str| folder.path().join(name);
    let whole = command().args(arguments(&file, &path("whole"), &path("whole.json"))).output().unwrap();
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert!(String::from_utf8_lossy(&whole.stdout).contains("resumed     nothing was kept before"));

    let arguments = arguments(&file, &path("stages"), &path("result.json"));
    let mut killed = started(&arguments, &path("stages"), 600);
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().signal(), Some(9));

    // Ctrl-C, as soon as it has gone on: a word of how to go on, and exit code 1.
    let before = kept(&path("stages"));
    let stopped = started(&arguments, &path("stages"), before);
    let interrupt = Command::new("kill").args(["-INT", &stopped.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let stopped = stopped.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&stopped.stderr);
    assert_eq!(stopped.status.code(), Some(1), "{message}");
    assert!(message.contains("cancelled; what is done is kept: go on with --resume "), "{message}");
    assert!(!path("result.json").exists());
    assert!(kept(&path("stages")) > before);

    let last = command().args(&arguments).output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    let (tiles, _) = resumed(&last.stdout);
    assert!(tiles > 0 && tiles < 300, "{tiles} tiles of 300");
    assert!(std::fs::read(path("result.json")).unwrap() == std::fs::read(path("whole.json")).unwrap());
    // Nothing is left to be done.
    let again = command().args(&arguments).output().unwrap();
    let (tiles, components) = resumed(&again.stdout);
    assert!(tiles == 300 && components > 1, "{tiles} {components}");
}

#[test]
fn a_folder_of_another_run_is_refused_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = npy(&folder, "x.npy", 20, &testkit::activations(50, 20, 3, 5));
    let run = |more: &[&str]| {
        let mut command = command();
        command.arg("extract").arg(&file).args(["-o", "-", "--plan", "components", "--resume"]);
        command.arg(folder.path().join("stages")).args(more).output().unwrap()
    };
    assert!(run(&[]).status.success());
    let other = run(&["--method", "complete"]);
    let message = String::from_utf8_lossy(&other.stderr);
    assert_eq!((other.status.code(), message.lines().count()), (Some(1), 1), "{message}");
    for word in ["linkage.stage: made with method average, but this run has complete", "delete this file"] {
        assert!(message.contains(word), "{message}");
    }
    // A picture of the folder for whoever looks: what it is for can be read in it.
    let head = std::fs::read(folder.path().join("stages/linkage.stage")).unwrap();
    assert!(String::from_utf8_lossy(&head).contains("\nmethod average\nplan the plan by components\n"));
}
