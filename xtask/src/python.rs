//! Virtual environments in target/, pinned with hashes, made when they are needed.

use crate::shell::{output, root, run};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of the environment `name` (requirements-{name}.txt), which is made anew if its list has changed.
pub(crate) fn interpreter(name: &str) -> Result<PathBuf> {
    let list = root().join(format!("xtask/python/requirements-{name}.txt"));
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let folder = root().join("target/python").join(name);
    let (python, stamp) = (folder.join("bin/python"), folder.join("requirements.txt"));
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    run(Command::new(system()?).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    if name == "sample" {
        install.arg("--no-deps");
    }
    run(install.arg("--requirement").arg(&list))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

/// Builds the Python package by `cargo`'s profile and installs it into the environment `name`; gives the interpreter and the
/// wheel.
pub(crate) fn package(name: &str, profile: &str) -> Result<(PathBuf, PathBuf)> {
    let python = interpreter(name)?;
    let wheel = wheel(&interpreter("test")?, profile)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]);
    run(install.arg("--force-reinstall").arg(&wheel))?;
    Ok((python, wheel))
}

/// Builds a wheel of the Python package, for every Python from 3.10 on, with the maturin of an environment.
pub(crate) fn wheel(python: &Path, profile: &str) -> Result<PathBuf> {
    let folder = root().join("target/wheels").join(profile);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut build = Command::new(python.with_file_name("maturin"));
    build.args(["build", "--quiet", "--profile", profile, "--interpreter"]).arg(python);
    build.arg("--manifest-path").arg(root().join("crates/neuron-redundancy-py/Cargo.toml"));
    run(build.arg("--target-dir").arg(root().join("target")).arg("--out").arg(&folder))?;
    let wheel = std::fs::read_dir(&folder)?.next().context("maturin made no wheel")??;
    Ok(wheel.path())
}

/// Runs a script of xtask/python in an environment.
pub(crate) fn script(environment: &str, name: &str, arguments: &[&str]) -> Result<()> {
    let path = root().join("xtask/python").join(name);
    run(Command::new(interpreter(environment)?).arg(path).args(arguments))
}

/// A Python of at least 3.11, which the pinned NumPy and SciPy need.
fn system() -> Result<&'static str> {
    const PRINT: &str = "import sys; print(sys.version_info >= (3, 11))";
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"] {
        if output(Command::new(name).args(["-c", PRINT])).is_ok_and(|answer| answer == "True") {
            return Ok(name);
        }
    }
    bail!("Python 3.11 or later is needed, and none was found on the PATH")
}
