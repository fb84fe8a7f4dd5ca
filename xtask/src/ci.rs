//! `cargo xtask ci`: what .ci/run runs.

use crate::shell::{self, cargo, root};
use crate::{test, tidy};
use anyhow::{Context, Result};
use std::time::{Instant, UNIX_EPOCH};

/// All checks, the cheap ones first; each step's time is printed, so that a slow one is seen.
pub(crate) fn run() -> Result<()> {
    let plain = |arguments: &[&str]| shell::run(&mut cargo(arguments));
    step("format", || plain(&["fmt", "--all", "--check"]))?;
    step("tidy", tidy::run)?;
    step("lints", || {
        plain(&["clippy", "--workspace", "--all-features", "--all-targets", "--", "-D", "warnings"])
    })?;
    step("documentation", || {
        let mut doc = cargo(&["doc", "--workspace", "--all-features", "--no-deps"]);
        shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    step("packages", packages)?;
    step("tests", || test::run(false))
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    check()?;
    eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Each crate is packaged and built from its package alone; nothing is uploaded.
///
/// In a target folder of its own: cargo unpacks the packages of the workspace into its home by the *path* of that folder
/// and the version, and a second run from the same path would build against the packages of the first.
fn packages() -> Result<()> {
    let run = format!("{}-{}", std::process::id(), UNIX_EPOCH.elapsed()?.as_nanos());
    let target = root().join("target/packages").join(run);
    let mut publish = cargo(&["publish", "--workspace", "--dry-run", "--allow-dirty", "--target-dir"]);
    // Without debug information, which nobody looks at there and which is most of the work.
    let result = shell::run(publish.arg(&target).env("CARGO_PROFILE_DEV_DEBUG", "0"));
    // It is of no further use, whether the packages were good or not.
    std::fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))?;
    result
}
