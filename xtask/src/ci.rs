//! `cargo xtask ci`: what .ci/run runs.

use crate::shell::{self, cargo};
use crate::{test, tidy};
use anyhow::Result;
use std::time::Instant;

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
    // Each crate is packaged and built from its package alone; nothing is uploaded.
    // Without debug information, which nobody looks at there and which is most of the work.
    step("packages", || {
        let mut publish = cargo(&["publish", "--workspace", "--dry-run", "--allow-dirty"]);
        shell::run(publish.env("CARGO_PROFILE_DEV_DEBUG", "0"))
    })?;
    step("tests", || test::run(false))
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    check()?;
    eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
