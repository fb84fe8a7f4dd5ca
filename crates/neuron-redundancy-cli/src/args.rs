//! The command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use neuron_redundancy::{Config, Method, NonFinite, Numbering};
use std::path::PathBuf;

/// Finds the neurons of a trained network that say the same thing, and keeps one of each group.
#[derive(Debug, Parser)]
#[command(name = "neuron-redundancy", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Cluster correlated neurons and keep one of every cluster.
    ///
    /// Correlates all neurons over all tokens, clusters them hierarchically, cuts the tree at the cutoff and picks one
    /// neuron of each cluster; prints a summary and writes the result as JSON.
    Extract(Extract),
    /// Show what is in a file: shape, dtype, layers, constants, non-finite values, memory that a run would take.
    Inspect(Inspect),
}

#[derive(Debug, Args)]
pub(crate) struct Extract {
    /// Activations, tokens × neurons: a .npy file or a .safetensors file (several tensors are layers side by side).
    pub(crate) file: PathBuf,

    /// Height at which the tree is cut; neurons joined at or below it are one cluster.
    #[arg(long, default_value_t = 0.5, value_parser = cutoff, allow_negative_numbers = true, value_name = "T")]
    pub(crate) cutoff: f64,

    /// How clusters are linked.
    #[arg(long, default_value = Method::Average.name(), value_parser = method())]
    pub(crate) method: Method,

    /// Cluster by 1 - r instead of 1 - |r|: neurons that say the opposite are then far apart.
    #[arg(long)]
    pub(crate) signed: bool,

    /// Seed of the random picks.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// How clusters are numbered: by their lowest neuron, or as SciPy's fcluster does.
    #[arg(long, default_value = "lowest", value_enum)]
    pub(crate) numbering: NumberingName,

    /// What to do with neurons that have NaN or infinite values: stop, or take them as uncorrelated with all others.
    #[arg(long, default_value = "error", value_enum)]
    pub(crate) non_finite: NonFiniteName,

    /// Threads to use; all cores by default. The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Memory that the run may take, such as 8GB or 500MiB; what the machine has by default.
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub(crate) memory: Option<u64>,

    /// Where the JSON goes; `-` for standard output (the summary then goes to standard error).
    #[arg(long, short, default_value = "result.json", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

impl Extract {
    pub(crate) fn config(&self) -> Config {
        let config = Config::default()
            .with_cutoff(self.cutoff)
            .with_method(self.method)
            .with_absolute(!self.signed)
            .with_seed(self.seed)
            .with_numbering(self.numbering.into())
            .with_non_finite(self.non_finite.into());
        match self.memory {
            Some(bytes) => config.with_memory_limit(bytes),
            None => config,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A .npy or .safetensors file.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum NumberingName {
    Lowest,
    Scipy,
}

impl From<NumberingName> for Numbering {
    fn from(name: NumberingName) -> Self {
        match name {
            NumberingName::Lowest => Self::Lowest,
            NumberingName::Scipy => Self::Scipy,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NonFiniteName {
    Error,
    Uncorrelated,
}

impl From<NonFiniteName> for NonFinite {
    fn from(name: NonFiniteName) -> Self {
        match name {
            NonFiniteName::Error => Self::Error,
            NonFiniteName::Uncorrelated => Self::Uncorrelated,
        }
    }
}

/// The seven methods by name, shown and suggested by clap.
fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::name)).try_map(|name| name.parse::<Method>())
}

fn cutoff(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 => Ok(value),
        Ok(_) => Err("the cutoff is a height in the tree: give a number of at least 0".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A number of bytes with an optional unit: powers of 1,000 (kB, MB, …) or of 1,024 (KiB, MiB, …).
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        _ => return Err(format!("`{unit}` is no unit of memory: use kB, MB, GB, TB or KiB, MiB, GiB, TiB")),
    };
    let number: f64 = number.parse().map_err(|_| "give a number, such as 8GB or 500MiB".to_owned())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; no sign was read")]
    Ok((number * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sizes_of_memory_are_read() {
        for (text, expected) in [("10", 10), ("8GB", 8_000_000_000), ("1.5 KiB", 1_536), ("2m", 2_000_000)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        assert!(bytes("8 bananas").is_err());
        assert!(bytes("GB").is_err());
    }
}
