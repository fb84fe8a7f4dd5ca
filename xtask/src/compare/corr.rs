//! `cargo xtask compare corr`: the correlation alone, dense and screened, against NumPy and what the processor can do.

use super::measure::{measure_tasks, warm_memory};
use super::table::{append, median, name};
use super::{large_files, python_command};
use crate::python::{interpreter, script};
use crate::shell::{cargo, cores, cpu, output, root, run as run_command, today};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const ROUNDS: usize = 7;
const THRESHOLD: &str = "0.5";

/// Tokens of a large file.
const FILE_TOKENS: usize = 30_000;

/// Tokens of the dense comparisons.
const TOKENS: [usize; 2] = [10_000, 30_000];

/// A process, and whether it is NumPy's; each once a round, in alternation.
type Task = (&'static str, bool);

/// The matrix, end to end.
const DENSE: [Task; 4] = [("corrcoef", true), ("dense", false), ("dense-f32", false), ("corrcoef-f32", true)];

/// Its second pass alone, and as many multiply-adds in registers. They take little memory, and are alternated with nothing that takes much: for half
/// a minute after gigabytes were freed a virtual machine gives them back to its host, every two seconds a part, which slows a product
/// on all cores by up to a sixth.
const PRODUCTS: [Task; 3] = [("product", false), ("product-f32", false), ("peaks", false)];

/// How long it takes until what was freed has been given back.
const GIVEN_BACK: Duration = Duration::from_secs(40);

/// The pairs above the threshold; all products in bytes, at every level.
const SCREEN: [Task; 8] = [
    ("screen", false),
    ("corrcoef", true),
    ("screen-all", false),
    ("syrk", true),
    ("screen-all-avxvnni", false),
    ("screen-all-avx2", false),
    ("dense-square", false),
    ("peaks", false),
];

/// `--runs N` rounds, `--threshold R`; `--only dense` or `screen`, `--file hidden`, `mlp` or `wide`, and (of the dense ones) `--tokens N`
/// leave out other tables.
pub(crate) fn run(options: &[&str]) -> Result<()> {
    let (mut rounds, mut threshold, mut only) = (ROUNDS, THRESHOLD, None);
    let (mut stem, mut lengths) = (None, TOKENS.to_vec());
    for option in options.chunks(2) {
        match option {
            ["--runs", number] => rounds = number.parse::<usize>().context("--runs wants a number")?.max(1),
            ["--threshold", r] => threshold = r,
            ["--only", part @ ("dense" | "screen")] => only = Some(*part),
            ["--file", of @ ("hidden" | "mlp" | "wide")] => stem = Some(*of),
            ["--tokens", tokens] => {
                let tokens = tokens.parse::<usize>().context("--tokens wants a number")?;
                lengths.retain(|length| *length == tokens);
                if lengths.is_empty() {
                    bail!("compare corr has tables of {TOKENS:?} tokens, none of {tokens}");
                }
            }
            other => bail!("compare corr has no option {}", other.join(" ")),
        }
    }
    if matches!((only, stem), (Some("dense"), Some("mlp")) | (Some("screen"), Some("wide"))) {
        bail!("compare corr has no such table: mlp is screened only, wide is dense only");
    }
    run_command(&mut cargo(&["build", "--release", "-p", "benches", "--bins"]))?;
    let peers = Peers {
        python: interpreter("peers")?,
        ours: root().join("target/release/corr-peer"),
        rounds,
        threshold: threshold.to_owned(),
    };
    let large = large_files()?;
    let is_wanted = |of: &str| stem.is_none_or(|stem| of.starts_with(stem));
    if only != Some("screen") {
        let mut files: Vec<PathBuf> =
            large.iter().take(1).filter(|file| is_wanted(&name(file))).cloned().collect();
        if is_wanted("wide") {
            files.push(wide_file()?);
        }
        for file in &files {
            for &tokens in &lengths {
                let mut times = peers.measure(file, Some(tokens), &DENSE, Memory::Warmed)?;
                std::thread::sleep(GIVEN_BACK);
                times.append(peers.measure(file, Some(tokens), &PRODUCTS, Memory::Left)?);
                peers.print_dense(file, tokens, &times)?;
            }
        }
    }
    if only != Some("dense") {
        for file in large.iter().filter(|file| is_wanted(&name(file))) {
            let times = peers.measure(file, None, &SCREEN, Memory::Warmed)?;
            peers.print_screen(file, &times)?;
        }
    }
    Ok(())
}

/// 9,984 neurons: all of one large file, and the first of the other.
fn wide_file() -> Result<PathBuf> {
    let file = root().join("data/generated/wide-30000.npy");
    if !file.is_file() {
        script("sample", "sample.py", &["wide"])?;
    }
    Ok(file)
}

/// What is done to the machine's free memory before a run.
#[derive(Clone, Copy)]
enum Memory {
    /// As much as NumPy takes is touched, so that whoever comes finds pages that the machine has at hand.
    Warmed,
    Left,
}

struct Peers {
    python: PathBuf,
    ours: PathBuf,
    rounds: usize,
    threshold: String,
}

/// By task: seconds of every round, and the greatest peak of memory.
#[derive(Default)]
struct Times {
    seconds: BTreeMap<String, Vec<f64>>,
    peaks: BTreeMap<&'static str, u64>,
}

impl Times {
    fn append(&mut self, mut other: Self) {
        self.seconds.append(&mut other.seconds);
        self.peaks.append(&mut other.peaks);
    }

    fn of(&self, task: &str) -> f64 {
        median(self.seconds.get(task).cloned().unwrap_or_default())
    }

    fn ratio(&self, of: &str, to: &str) -> f64 {
        self.of(of) / self.of(to)
    }

    /// A row for each task: its time, how often it goes into NumPy's, its memory.
    fn print(&self) {
        println!("| task | seconds | np.corrcoef / task | peak MB |\n|---|---|---|---|");
        for (task, times) in &self.seconds {
            let least = times.iter().copied().fold(f64::INFINITY, f64::min);
            let most = times.iter().copied().fold(0.0, f64::max);
            let peak =
                self.peaks.get(task.as_str()).map_or(String::new(), |peak| (peak / 1_000_000).to_string());
            println!(
                "| {task} | {:.3} ({least:.3} to {most:.3}) | {:.2} | {peak} |",
                self.of(task),
                self.ratio("corrcoef", task)
            );
        }
    }
}

impl Peers {
    fn measure(&self, file: &Path, tokens: Option<usize>, tasks: &[Task], memory: Memory) -> Result<Times> {
        // Into the page cache, for all alike.
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?.len();
        // More than NumPy takes of it: two matrices in f64, and products.
        let warm = (6 * bytes / FILE_TOKENS * tokens.unwrap_or(FILE_TOKENS)).min(6 << 30) as u64;
        let named = tokens.map_or(name(file), |tokens| format!("{} {tokens} tokens", name(file)));
        let (mut found, mut lines) = (Times::default(), Vec::new());
        for round in 1..=self.rounds {
            for &(task, is_python) in tasks {
                let mut command = if is_python {
                    python_command(&self.python, "corr_peers.py")
                } else {
                    Command::new(&self.ours)
                };
                command.arg(task).arg(file).arg(&self.threshold).args(tokens.map(|tokens| tokens.to_string()));
                if let Memory::Warmed = memory {
                    warm_memory(warm);
                }
                let (measured, times) =
                    measure_tasks(&mut command).with_context(|| format!("{task} on {named}"))?;
                let peak = found.peaks.entry(task).or_default();
                *peak = measured.peak.max(*peak);
                for (part, time) in times {
                    lines.push(format!(
                        "corr-{part}-{},{named},{},{round},{time:.4},{},{}",
                        self.threshold,
                        if is_python { "numpy" } else { "neurocorr" },
                        measured.peak,
                        measured.high_water
                    ));
                    found.seconds.entry(part).or_default().push(time);
                }
                eprintln!("{named} round {round}: {task} {:.1} s", measured.seconds);
            }
        }
        // At once: all tables take an hour or two.
        append(&lines)?;
        Ok(found)
    }

    fn machine(&self) -> Result<String> {
        Ok(format!(
            "{} alternated rounds, medians of seconds (least to most); {}, {} cores; {}",
            self.rounds,
            cpu(),
            cores(),
            today()?
        ))
    }

    fn print_dense(&self, file: &Path, tokens: usize, times: &Times) -> Result<()> {
        println!("\n{}, {tokens} tokens, the whole matrix; {}\n", name(file), self.machine()?);
        times.print();
        println!(
            "\nThe second pass (standardising, and all products, in memory that was touched before) does {:.2} (f64) and {:.2} (f32) of what multiply-adds in \
             registers would in its time.",
            times.ratio("fma-f64", "product"),
            times.ratio("fma-f32", "product-f32")
        );
        Ok(())
    }

    fn print_screen(&self, file: &Path, times: &Times) -> Result<()> {
        let answer = output(Command::new(&self.ours).arg("check").arg(file).arg(&self.threshold))?;
        println!("\n{}: threshold {}; {}", name(file), self.threshold, self.machine()?);
        println!("Held to the defined kernel and the dense matrix: {}.\n", answer.trim());
        times.print();
        // Products of the triangle are the same in all, so the ratio of times is that of rates.
        println!(
            "\nAll products in bytes against OpenBLAS's f64: {:.1} times as fast.",
            times.ratio("syrk", "screen-all")
        );
        for (what, of, to) in [
            ("Of what multiply-adds of bytes in registers would do in their time", "vnni-bytes", "screen-all"),
            ("The level of AVX2 against faer's f32 product with AVX2", "faer-f32-avx2", "screen-all-avx2"),
            ("The level of AVX-VNNI against the same", "faer-f32-avx2", "screen-all-avxvnni"),
            ("The level of AVX-VNNI of what it would do in registers", "vnni-bytes-256", "screen-all-avxvnni"),
        ] {
            // What this processor does not have has no time.
            let ratio = times.ratio(of, to);
            if ratio.is_finite() {
                println!("{what}: {ratio:.2}.");
            }
        }
        Ok(())
    }
}
