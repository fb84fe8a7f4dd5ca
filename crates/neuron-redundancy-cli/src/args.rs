//! The command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use neuron_redundancy::{Config, Method, NonFinite, Numbering, PlanChoice, Representative, Ties};
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
    /// Cluster at many cutoffs in one run.
    ///
    /// Prints for each cutoff the clusters, the neurons kept, how stable that is and over how many layers clusters reach;
    /// writes all of it, with labels, as JSON.
    Sweep(Sweep),
    /// Reduce activations to the neurons that a result keeps.
    Apply(Apply),
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

    #[command(flatten)]
    pub(crate) clustering: Clustering,

    /// Say of each cluster how tight it is, and of each neuron whether it says the same as the one kept or the opposite.
    #[arg(long)]
    pub(crate) profiles: bool,

    /// Where the JSON goes; `-` for standard output (the summary then goes to standard error).
    #[arg(long, short, default_value = "result.json", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

impl Extract {
    pub(crate) fn config(&self) -> Config {
        self.clustering.config().with_cutoff(self.cutoff)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Activations, tokens × neurons: a .npy file or a .safetensors file (several tensors are layers side by side).
    pub(crate) file: PathBuf,

    /// Heights at which the tree is cut.
    #[arg(
        long,
        default_value = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
        value_delimiter = ',',
        value_parser = cutoff,
        allow_negative_numbers = true,
        value_name = "T,T,..."
    )]
    pub(crate) cutoffs: Vec<f64>,

    #[command(flatten)]
    pub(crate) clustering: Clustering,

    /// Neurons of a layer, where the file does not say: the layers of a .npy file are so many neurons each.
    #[arg(long, value_name = "N")]
    pub(crate) layer_width: Option<usize>,

    /// Where the JSON goes; `-` for standard output (the table then goes to standard error).
    #[arg(long, short, default_value = "sweep.json", value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// A result of `extract`.
    pub(crate) result: PathBuf,

    /// The activations that are to be reduced: as many neurons as the result has labels, over any tokens.
    pub(crate) file: PathBuf,

    /// Where the kept neurons' activations go: a .npy file, tokens × kept neurons, f32 (f64 if the activations are).
    #[arg(long, short, default_value = "reduced.npy", value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Where a mask of the neurons goes, true for those kept: a .npy file of booleans.
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
}

/// What `extract` and `sweep` have in common.
#[derive(Debug, Args)]
pub(crate) struct Clustering {
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

    /// How clusters are found. All ways give the same clusters; they differ in time and memory.
    #[arg(long, default_value = "auto", value_enum)]
    pub(crate) plan: PlanName,

    /// What to do where several orders of merging are equally right: decide by the neurons that hang together and say so,
    /// or as SciPy does, with all pairs in memory.
    #[arg(long, default_value = "report", value_enum)]
    pub(crate) ties: TiesName,

    /// Whether products may be made in single precision where every decision is proven or repaired in double.
    #[arg(long, default_value = "certified", value_enum)]
    pub(crate) precision: PrecisionName,

    /// Which neuron of a cluster is kept.
    #[arg(long, default_value = "random", value_enum)]
    pub(crate) representative: RepresentativeName,

    /// Keep what is done in this folder, and go on from what is kept there: after Ctrl-C, a kill or a crash nothing
    /// that was finished is done again. For one file and one set of options; delete it when you have the result.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
}

impl Clustering {
    pub(crate) fn config(&self) -> Config {
        let config = Config::default()
            .with_method(self.method)
            .with_absolute(!self.signed)
            .with_seed(self.seed)
            .with_numbering(self.numbering.into())
            .with_non_finite(self.non_finite.into())
            .with_plan(match self.plan {
                PlanName::Auto => PlanChoice::Auto,
                PlanName::Dense => PlanChoice::Dense,
                PlanName::Components => PlanChoice::Components,
            })
            .with_ties(match self.ties {
                TiesName::Report => Ties::Report,
                TiesName::Scipy => Ties::Scipy,
            })
            .with_single_products(matches!(self.precision, PrecisionName::Certified))
            .with_representative(match self.representative {
                RepresentativeName::Random => Representative::Random,
                RepresentativeName::Medoid => Representative::Medoid,
                RepresentativeName::LargestVariance => Representative::LargestVariance,
                RepresentativeName::First => Representative::First,
            });
        let config = match &self.resume {
            Some(folder) => config.with_resume(folder),
            None => config,
        };
        match self.memory {
            Some(bytes) => config.with_memory_limit(bytes),
            None => config,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PlanName {
    /// What takes the least time and fits into memory.
    Auto,
    /// All pairs at once.
    Dense,
    /// By the neurons that hang together at the cutoff.
    Components,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TiesName {
    Report,
    Scipy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PrecisionName {
    Certified,
    Double,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RepresentativeName {
    /// A random one, by the seed.
    Random,
    /// The one most like the others.
    Medoid,
    /// The one that varies most.
    LargestVariance,
    /// The lowest.
    First,
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
