//! The table that is printed and the lines that are recorded.

use super::{CONTENDERS, Outcome};
use crate::shell::{commit, cores, cpu, output, root, today};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// A table in Markdown: median, spread, ratio to us, memory, whether the partition is NeuroX's.
pub(crate) fn markdown(file: &Path, cutoff: &str, outcomes: &[Outcome]) -> Result<String> {
    let rounds = outcomes.iter().map(|outcome| outcome.round + 1).max().unwrap_or(0);
    let mut text = format!(
        "\n{}, average linkage of 1 - |r|, cutoff {cutoff}; {rounds} alternated rounds; {}, {} cores; {}\n\n\
         | contender | what | median s | min .. max | x us | peak memory | x us | VmHWM | NeuroX's partition |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        name(file),
        cpu(),
        cores(),
        today()?
    );
    let of = |index: usize| outcomes.iter().filter(move |outcome| outcome.contender == index);
    let ours_seconds = median(of(0).map(|o| o.measured.seconds).collect());
    let ours_peak = bytes(of(0).map(|o| o.measured.peak).max());
    let reference = of(1).next().map(|outcome| &outcome.labels).context("NeuroX's path did not run")?;
    for (index, contender) in CONTENDERS.iter().enumerate() {
        if of(index).next().is_none() {
            continue;
        }
        let mut seconds: Vec<f64> = of(index).map(|outcome| outcome.measured.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let (low, high) = (seconds.first().copied().unwrap_or(0.0), seconds.last().copied().unwrap_or(0.0));
        let middle = median(seconds);
        let peak = bytes(of(index).map(|outcome| outcome.measured.peak).max());
        let high_water = bytes(of(index).map(|outcome| outcome.measured.high_water).max());
        let same = of(index).all(|outcome| same_partition(&outcome.labels, reference));
        let identical = of(index).all(|outcome| outcome.labels == *reference);
        let answer = if identical {
            "yes, same numbers"
        } else if same {
            "yes"
        } else {
            "NO"
        };
        writeln!(
            text,
            "| {} | {} | {middle:.2} | {low:.2} .. {high:.2} | {:.2} | {:.0} MB | {:.2} | {:.0} MB | {answer} |",
            contender.name,
            contender.what,
            middle / ours_seconds,
            peak / 1e6,
            peak / ours_peak,
            high_water / 1e6
        )?;
    }
    Ok(text)
}

/// Records every run.
pub(crate) fn record(file: &Path, cutoff: &str, outcomes: &[Outcome]) -> Result<()> {
    let line = |outcome: &Outcome| {
        let contender = CONTENDERS.get(outcome.contender).map_or("", |contender| contender.name);
        let (measured, round) = (outcome.measured, outcome.round + 1);
        format!(
            "end-to-end {cutoff},{},{contender},{round},{:.3},{},{}",
            name(file),
            measured.seconds,
            measured.peak,
            measured.high_water
        )
    };
    append(&outcomes.iter().map(line).collect::<Vec<_>>())
}

/// Appends lines `benchmark,file,contender,round,seconds,peak_bytes,vmhwm_bytes` to benches/record/{cpu}/{date}.csv, each
/// after the commit, the compiler and the machine.
pub(crate) fn append(lines: &[String]) -> Result<()> {
    let cpu = cpu();
    let slug: String =
        cpu.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    let folder = root().join("benches/record").join(words.join("-"));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.csv", today()?));
    let new = !path.exists();
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
    if new {
        writeln!(out, "commit,rustc,cpu,cores,benchmark,file,contender,round,seconds,peak_bytes,vmhwm_bytes")?;
    }
    let (commit, rustc) = (commit()?, output(Command::new("rustc").arg("--version"))?);
    for line in lines {
        writeln!(out, "{commit},{rustc},\"{cpu}\",{},{line}", cores())?;
    }
    eprintln!("recorded in {}", path.strip_prefix(root()).unwrap_or(&path).display());
    Ok(())
}

/// A file without its folder.
pub(crate) fn name(file: &Path) -> String {
    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn same_partition(a: &[u32], b: &[u32]) -> bool {
    let pairs: BTreeSet<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
    let distinct = |labels: &[u32]| labels.iter().collect::<BTreeSet<_>>().len();
    a.len() == b.len() && pairs.len() == distinct(a) && pairs.len() == distinct(b)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get((values.len().max(1) - 1) / 2), values.get(values.len() / 2));
    low.zip(high).map_or(f64::NAN, |(low, high)| (low + high) / 2.0)
}

#[expect(clippy::cast_precision_loss, reason = "shown in megabytes")]
fn bytes(value: Option<u64>) -> f64 {
    value.unwrap_or(0) as f64
}
