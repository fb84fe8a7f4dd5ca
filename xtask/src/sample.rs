//! `cargo xtask sample --synthetic`: activations of any size.

use crate::python::script;
use crate::shell::root;
use anyhow::{Context, Result, bail};

/// What issue and README speak of.
const NEURONS: &str = "131072";
const TOKENS: &str = "10000";
const SEED: &str = "7";

pub(crate) fn synthetic(options: &[&str]) -> Result<()> {
    let (mut neurons, mut tokens, mut seed, mut file) = (NEURONS, TOKENS, SEED, None);
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        let place = match option {
            "--neurons" => &mut neurons,
            "--tokens" => &mut tokens,
            "--seed" => &mut seed,
            option if option.starts_with('-') => bail!("sample --synthetic has no option {option}"),
            name => {
                file = Some(std::path::absolute(name)?);
                continue;
            }
        };
        *place = options
            .next()
            .filter(|word| word.parse::<u64>().is_ok())
            .with_context(|| format!("{option} wants a number"))?;
    }
    let file = file.unwrap_or_else(|| root().join(format!("data/generated/synthetic-{neurons}x{tokens}.npy")));
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    script("sample", "synthetic.py", &[neurons, tokens, seed, &file.to_string_lossy()])
}
