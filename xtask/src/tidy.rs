//! `cargo xtask tidy`: the habits that a program can check.

use crate::shell::{cargo, output, root};
use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who may depend on whom (ARCHITECTURE.md draws it). testkit may be a dev-dependency of all.
const EDGES: &[(&str, &[&str])] = &[
    ("neurocorr", &[]),
    ("hclust", &[]),
    ("activations", &[]),
    ("fcluster", &["hclust"]),
    ("neuron-redundancy", &["activations", "fcluster", "hclust", "neurocorr"]),
    ("neuron-redundancy-cli", &["activations", "neuron-redundancy"]),
    (BINDING, &["activations", "fcluster", "hclust", "neurocorr", "neuron-redundancy"]),
    ("testkit", &[]),
    ("benches", &["activations", "fcluster", "hclust", "neurocorr", "neuron-redundancy", "testkit"]),
    ("xtask", &[]),
];

/// Files that name faer.
const FAER_FILES: [&str; 3] = [
    "crates/neurocorr/src/dense.rs",
    "crates/neurocorr/src/tile_sums.rs",
    "crates/neurocorr/src/screen/directions.rs",
];

/// Where `unsafe` may stand: the memory map, the kernels with the calls into code for a processor's features, and what these are
/// measured against.
const UNSAFE_FILES: &[&str] = &[
    "benches/src/peak.rs",
    "crates/activations/src/mapped.rs",
    "crates/hclust/src/float.rs",
    "crates/hclust/src/level.rs",
    "crates/hclust/src/lines.rs",
    "crates/neurocorr/src/kernels/avx2.rs",
    "crates/neurocorr/src/kernels/avx512.rs",
    "crates/neurocorr/src/kernels/avx_vnni.rs",
    "crates/neurocorr/src/kernels/fma.rs",
    "crates/neurocorr/src/kernels/fma256.rs",
    "crates/neurocorr/src/kernels/fma512.rs",
    "crates/neurocorr/src/kernels/mod.rs",
    "crates/neurocorr/src/kernels/multiply.rs",
    "crates/neurocorr/src/kernels/neon.rs",
    "crates/neurocorr/src/kernels/prefetch.rs",
    "crates/neurocorr/src/kernels/stream.rs",
    "crates/neurocorr/src/level.rs",
    "crates/neurocorr/src/store.rs",
];

/// The Python package.
const BINDING: &str = "neuron-redundancy-py";

/// Lines that a source file may have at most.
const MOST_LINES: usize = 600;

/// Bytes that a crate's package may have at most: code and words, no data.
const MOST_FILE_BYTES: u64 = 100_000;

pub(crate) fn run() -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec()?;
    let mut faults = Vec::new();
    dependency_edges(&metadata, &mut faults);
    for package in &metadata.packages {
        manifest(package, &mut faults)?;
        package_contents(package, &mut faults)?;
    }
    source_files(&mut faults)?;
    invariants(&mut faults)?;
    required(&mut faults);
    if faults.is_empty() {
        return Ok(());
    }
    bail!("tidy found {} fault(s):\n  {}", faults.len(), faults.join("\n  "))
}

/// No arrow but those of the drawing; no third-party type of the inner loops outside its one file.
fn dependency_edges(metadata: &Metadata, faults: &mut Vec<String>) {
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &metadata.packages {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name.as_str()) else {
            faults.push(format!(
                "{}: not in the list of crates (xtask/src/tidy.rs, ARCHITECTURE.md)",
                package.name
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let for_tests = dependency.kind == DependencyKind::Development;
            let name = dependency.name.as_str();
            if !(allowed.contains(&name) || (for_tests && name == "testkit")) {
                faults.push(format!("{} must not depend on {name}", package.name));
            }
        }
    }
}

/// Shared fields and lints; a README; at most four features.
fn manifest(package: &Package, faults: &mut Vec<String>) -> Result<()> {
    let name = &package.name;
    let text = read_to_string(&package.manifest_path)?;
    // The crates with `unsafe` write their lints out: there it is denied, not forbidden. So does the binding, whose macros write
    // some.
    let prefixes = [format!("crates/{name}/"), format!("{name}/")];
    let is_of_it = |file: &&str| prefixes.iter().any(|prefix| file.starts_with(prefix));
    let has_unsafe = UNSAFE_FILES.iter().any(is_of_it) || name.as_str() == BINDING;
    let own_lints = has_unsafe && text.contains("unsafe_code = \"deny\"");
    if !(text.contains("[lints]\nworkspace = true") || own_lints) {
        faults.push(format!("{name}: lints are not the workspace's"));
    }
    for field in ["version", "edition", "rust-version", "license"] {
        if !text.contains(&format!("{field}.workspace = true")) {
            faults.push(format!("{name}: {field} is not the workspace's"));
        }
    }
    if package.publish.is_none() {
        for (field, there) in [
            ("readme", package.readme.is_some()),
            ("description", package.description.is_some()),
            ("keywords", !package.keywords.is_empty()),
            ("categories", !package.categories.is_empty()),
        ] {
            if !there {
                faults.push(format!("{name}: {field} is missing"));
            }
        }
    }
    if package.features.len() > 4 {
        faults
            .push(format!("{name}: {} features are more than can be tested together", package.features.len()));
    }
    Ok(())
}

/// A crate's package carries code and words only.
fn package_contents(package: &Package, faults: &mut Vec<String>) -> Result<()> {
    if package.publish.is_some() {
        return Ok(());
    }
    let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
    let list = output(&mut cargo(&["package", "--list", "--allow-dirty", "--package", &package.name]))?;
    for file in list.lines() {
        let generated = ["Cargo.lock", "Cargo.toml.orig", ".cargo_vcs_info.json"].contains(&file);
        let size = std::fs::metadata(folder.join(file)).map_or(0, |metadata| metadata.len());
        let words = [".rs", ".md", ".toml"].iter().any(|extension| file.ends_with(extension));
        if !generated && (!words || size > MOST_FILE_BYTES) {
            faults.push(format!("{}: its package carries {file} ({size} bytes)", package.name));
        }
    }
    Ok(())
}

/// A module comment on the first line, no long file, `unsafe` where it is allowed, faer named in one file.
fn source_files(faults: &mut Vec<String>) -> Result<()> {
    for path in tracked(".rs")? {
        let text = read_to_string(root().join(&path))?;
        let lines = text.lines().count();
        if !(text.starts_with("//!") || text.starts_with("#![doc = include_str!")) {
            faults.push(format!("{}: its first line does not say what it is (//!)", path.display()));
        }
        if lines > MOST_LINES {
            faults.push(format!("{}: {lines} lines are more than {MOST_LINES}", path.display()));
        }
        let code = |line: &&str| !line.trim_start().starts_with("//");
        if !UNSAFE_FILES.iter().any(|file| path == Path::new(file))
            && path != Path::new("xtask/src/tidy.rs")
            && text.lines().filter(code).any(|line| line.contains("unsafe {") || line.contains("unsafe fn"))
        {
            faults.push(format!("{}: unsafe outside its files", path.display()));
        }
        if path.starts_with("crates")
            && !FAER_FILES.iter().any(|file| path == Path::new(file))
            && text.lines().filter(code).any(|line| line.contains("faer::"))
        {
            faults.push(format!(
                "{}: only neurocorr's dense.rs, tile_sums.rs and directions.rs name faer",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Every invariant of ARCHITECTURE.md names a test or check that exists.
fn invariants(faults: &mut Vec<String>) -> Result<()> {
    let text = read_to_string(root().join("ARCHITECTURE.md"))?;
    let mut code = String::new();
    for path in tracked(".rs")?.into_iter().chain(tracked(".py")?) {
        code += &read_to_string(root().join(path))?;
    }
    let mut found = 0;
    for paragraph in text.split("\n\n").filter(|paragraph| paragraph.trim_start().starts_with("**Invariant:**"))
    {
        found += 1;
        // Of the words in backticks, those that are names of several words are tests or checks; all must exist.
        let word = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let mut names = paragraph.split('`').skip(1).step_by(2).filter(word).filter(|name| name.contains('_'));
        let exists =
            |name: &str| code.contains(&format!("fn {name}(")) || code.contains(&format!("def {name}("));
        let held = names.clone().next().is_some() && names.all(exists);
        if !held {
            let start: String = paragraph.trim().chars().take(80).collect();
            faults.push(format!(
                "ARCHITECTURE.md: a test that it names does not exist, or it names none: {start}…"
            ));
        }
    }
    if found == 0 {
        faults.push("ARCHITECTURE.md: it has no invariants".to_owned());
    }
    Ok(())
}

/// The customary files.
fn required(faults: &mut Vec<String>) {
    const FILES: &str = "README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md SECURITY.md CITATION.cff LICENSE-MIT \
                         LICENSE-APACHE docs/numerics.md docs/releasing.md docs/full-test.md data/README.md \
                         fixtures/PROVENANCE.md rustfmt.toml clippy.toml deny.toml .cargo/config.toml .ci/run";
    for file in FILES.split_whitespace().filter(|file| !root().join(file).is_file()) {
        faults.push(format!("{file} is missing"));
    }
}

/// The files that git tracks or would, with this ending.
fn tracked(ending: &str) -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let list = output(&mut git)?;
    let there = |path: &PathBuf| root().join(path).is_file();
    Ok(list.lines().filter(|line| line.ends_with(ending)).map(PathBuf::from).filter(there).collect())
}
