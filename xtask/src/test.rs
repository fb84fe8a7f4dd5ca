//! `cargo xtask test`: one suite, two sizes.

use crate::python;
use crate::shell::{self, cargo, commit, cores, cpu, output, root, today};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

pub(crate) fn run(full: bool) -> Result<()> {
    let start = Instant::now();
    // The commit that is tested, not the one that the record will be part of.
    let commit = commit()?;
    let mut record = String::new();
    if full {
        let small = ["hidden-2000.npy", "mlp-2000.npy"];
        if !small.iter().all(|name| root().join("data/generated").join(name).is_file()) {
            python::script("sample", "sample.py", &["small"])?;
        }
    }
    rust(full, &mut record)?;
    pytest(full, &mut record)?;
    package(full, &mut record)?;
    if full {
        match missing_for_arm()? {
            None => {
                let passed = passed(&capture(&mut arm_tests())?);
                writeln!(
                    record,
                    "- Rust on an emulated 64-bit ARM processor: {passed} tests passed (usual counts)"
                )?;
            }
            Some(missing) => {
                writeln!(record, "- Not run on an emulated 64-bit ARM processor: {missing} is missing")?;
            }
        }
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        write_record(&commit, minutes, &record)?;
    }
    Ok(())
}

/// Where the tests of 64-bit ARM come from on a machine of another kind: the target, Debian's compiler for its C library and
/// linker, and Debian's emulator.
const ARM: &str = "aarch64-unknown-linux-gnu";

/// The crates that have loops of their own, on an emulated 64-bit ARM processor, which has dot products of bytes.
pub(crate) fn emulated() -> Result<()> {
    if let Some(missing) = missing_for_arm()? {
        bail!(
            "{missing} is missing; on Debian: apt-get install qemu-user gcc-aarch64-linux-gnu; rustup target add {ARM}"
        );
    }
    shell::run(&mut arm_tests())
}

/// What is not there that the emulated tests need.
fn missing_for_arm() -> Result<Option<&'static str>> {
    for program in ["qemu-aarch64", "aarch64-linux-gnu-gcc"] {
        if Command::new(program).arg("--version").output().is_err() {
            return Ok(Some(program));
        }
    }
    let installed = output(Command::new("rustc").args(["--print", "target-libdir", "--target", ARM]))?;
    Ok((!Path::new(installed.trim()).is_dir()).then_some(ARM))
}

fn arm_tests() -> Command {
    let crates = ["neurocorr", "hclust", "fcluster"].iter().flat_map(|name| ["-p", name]);
    let mut command = cargo(&["test", "--release", "--all-features", "--tests", "--target", ARM]);
    command
        .args(crates)
        // It asks when long work looks up, not what it computes, and takes a quarter of an hour there.
        .args(["--", "--skip", "a_single_break_at_any_question"])
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64 -L /usr/aarch64-linux-gnu");
    command
}

/// All crates with all features, doctests and examples among them.
fn rust(full: bool, record: &mut String) -> Result<()> {
    let mut command = cargo(&["test", "--workspace", "--all-features"]);
    if full {
        command.env("NEURON_REDUNDANCY_FULL", "1");
        // The large counts take hours without the optimiser.
        command.arg("--release");
        let text = capture(&mut command)?;
        let passed = passed(&text);
        writeln!(record, "- Rust: {passed} tests passed, doctests included (`NEURON_REDUNDANCY_FULL=1`)")?;
        return Ok(());
    }
    shell::run(&mut command)
}

/// The Python tests: the fixtures against this machine's SciPy, and the command against NeuroX's path.
fn pytest(full: bool, record: &mut String) -> Result<()> {
    // `cargo test` has built the binary for the command's own tests.
    let folder = root().join("target").join(if full { "release" } else { "debug" });
    let mut command = Command::new(python::interpreter("test")?);
    command
        .current_dir(root().join("xtask/python"))
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NEURON_REDUNDANCY_BIN", folder.join("neuron-redundancy"));
    if full {
        command.env("NEURON_REDUNDANCY_FULL", "1");
        let text = capture(&mut command)?;
        let last = text.lines().last().unwrap_or_default();
        writeln!(record, "- Python: {last}")?;
        return Ok(());
    }
    shell::run(&mut command)
}

/// The Python package, as it is installed.
fn package(full: bool, record: &mut String) -> Result<()> {
    let (python, wheel) = python::package("test", if full { "release" } else { "dev" })?;
    let mut command = Command::new(python);
    command
        .current_dir(root().join("crates/neuron-redundancy-py/tests"))
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "."])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MPLBACKEND", "Agg")
        .env("NEURON_REDUNDANCY_WHEEL", wheel);
    if full {
        command.env("NEURON_REDUNDANCY_FULL", "1");
        let text = capture(&mut command)?;
        writeln!(record, "- The Python package: {}", text.lines().last().unwrap_or_default())?;
        return Ok(());
    }
    shell::run(&mut command)
}

/// Runs a command that must succeed; shows and gives what it prints.
fn capture(command: &mut Command) -> Result<String> {
    eprintln!("$ {}", shell::show(command));
    let text = output(command)?;
    println!("{text}");
    Ok(text)
}

/// Tests that passed by what Cargo says.
fn passed(text: &str) -> u32 {
    text.lines().filter_map(|line| number_before(line, " passed;")).sum()
}

/// The number that stands before a word.
fn number_before(line: &str, word: &str) -> Option<u32> {
    line.split_once(word)?.0.rsplit(' ').next()?.parse().ok()
}

fn write_record(commit: &str, minutes: f64, record: &str) -> Result<()> {
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let (date, cpu, cores) = (today()?, cpu(), cores());
    let text = format!(
        "# Last run of the full suite\n\n\
         Written by `cargo xtask test --full`; never edited by hand.\n\n\
         - commit {commit}, {date}\n\
         - {cpu}, {cores} cores, {rustc}\n\
         {record}\
         - passed in {minutes:.0} minutes\n\n\
         What the full suite does beyond `cargo xtask test`: every property runs at its large count (the second number\n\
         of `testkit::cases`), and the labels of 2,000-token extracts (hidden, 2,688 neurons; mlp, 9,216 neurons) are\n\
         compared with NumPy's and SciPy's for nine cutoffs, absolute and signed, all seven methods (through the library;\n\
         through the command at one cutoff of each).\n"
    );
    let path = root().join("docs/full-test.md");
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
