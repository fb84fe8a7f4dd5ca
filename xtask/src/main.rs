//! `cargo xtask TASK`: everything that is done to this repository is a task here, at home and in CI.

mod ci;
mod compare;
mod python;
mod sample;
mod shell;
mod test;
mod tidy;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask TASK

  test [--full]        every test, Rust and Python; --full at the large counts, recorded in docs/full-test.md
  test --emulated      the tests of the crates with loops of their own on an emulated 64-bit ARM processor (Debian's qemu-user
                       and gcc-aarch64-linux-gnu, and the Rust target aarch64-unknown-linux-gnu)
  ci                   format, lints, tidy, documentation, tests, packages: what .ci/run runs
  tidy                 crate edges, file headers and sizes, lints, invariants: the habits that a program can check
  wheel                the Python package as a wheel for every Python from 3.10 on, in target/wheels/release
  fixtures [--check]   writes fixtures/ from the pinned NumPy and SciPy; --check recomputes and compares bits
  sample [small|large|committed]
                       makes activations of a real transformer: small and large ones in data/generated/ (ignored),
                       committed for the sample in data/ (all need Debian's bible-kjv)
  sample --synthetic [--neurons N] [--tokens T] [--seed S] [FILE]
                       makes activations with few directions and groups of alike neurons (131,072 x 10,000, f16, seed 7)
  compare [--runs N] [--cutoff T] [--only A,B] [FILE ...]
                       us, NumPy + SciPy (NeuroX's path), fastcluster, scikit-learn and kodama on the same files
  compare partitions [FILE [METHODS]]
                       sweeps of .1 to .9 by five methods, absolute and signed, by every plan, against SciPy's partitions
  compare linkage [--runs N] [--n N] [--methods A,B]
                       the linkage alone on four inputs: us, SciPy, fastcluster and kodama, bits compared
  compare corr [--runs N] [--threshold R] [--only dense|screen] [--file hidden|mlp|wide] [--tokens N]
                       the correlation alone, dense and screened, on the two large files and one of 9,984 neurons, against
                       NumPy and against what the processor does in registers
  compare low-rank [--runs N]
                       the screen of 50,000 neurons of few directions, with directions before the tokens and without
  compare cut [--runs N] [--n N]
                       every criterion and statistic of fcluster on a random tree, against SciPy, labels compared
  compare python       the Python package against NeuroX's path, SciPy and fastcluster: time, memory, threads, import
  compare scale [--runs N] [--n N]
                                    from file to labels as neurons and tokens grow, on synthetic activations
  compare growth [--runs N] [--n N] [--methods A,B]
                       the linkage alone as n grows (--n leaves out larger sizes); how soon a cancelled run returns
";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["test"] => test::run(false),
        ["test", "--full"] => test::run(true),
        ["test", "--emulated"] => test::emulated(),
        ["ci"] => ci::run(),
        ["tidy"] => tidy::run(),
        ["wheel"] => {
            let wheel = python::wheel(&python::interpreter("test")?, "release")?;
            println!("{}", wheel.display());
            Ok(())
        }
        ["fixtures"] => python::script("test", "fixtures.py", &["write"]),
        ["fixtures", "--check"] => python::script("test", "fixtures.py", &["check"]),
        ["sample"] => python::script("sample", "sample.py", &["large"]),
        ["sample", size @ ("small" | "large" | "committed")] => python::script("sample", "sample.py", &[size]),
        ["sample", "--synthetic", options @ ..] => sample::synthetic(options),
        ["compare", options @ ..] => compare::run(options),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("no such task: {}\n\n{USAGE}", words.join(" ")),
    }
}
