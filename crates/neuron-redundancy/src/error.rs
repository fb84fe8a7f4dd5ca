//! What can go wrong, and where.

use crate::plan::human_bytes;
use std::path::PathBuf;

/// An error of this crate: what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read as activations.
    #[error(transparent)]
    Activations(#[from] activations::Error),
    /// The correlation failed.
    #[error(transparent)]
    Correlation(neurocorr::Error),
    /// The linkage failed.
    #[error(transparent)]
    Linkage(hclust::Error),
    /// The cut failed.
    #[error(transparent)]
    Cut(#[from] fcluster::Error),
    /// A cutoff that is NaN or negative.
    #[error(
        "the cutoff is {cutoff}: give a number of at least 0 (0.5 joins neurons with |r| of about 0.5 and more)"
    )]
    Cutoff {
        /// The cutoff.
        cutoff: f64,
    },
    /// A sweep over nothing.
    #[error("no cutoff is given: a sweep needs at least one, such as 0.1 to 0.9")]
    NoCutoffs,
    /// Labels of another number of neurons.
    #[error("{labels} labels for {neurons} neurons: are they of this file?")]
    Labels {
        /// The number of labels.
        labels: usize,
        /// The number of neurons.
        neurons: usize,
    },
    /// Fewer than two neurons.
    #[error("{neurons} neuron(s): clustering needs at least two")]
    TooFewNeurons {
        /// The number of neurons.
        neurons: usize,
    },
    /// Fewer than two tokens.
    #[error("{tokens} token(s): a correlation needs at least two; extract activations of more text")]
    TooFewTokens {
        /// The number of tokens.
        tokens: usize,
    },
    /// NaN or an infinity, under [`NonFinite::Error`](crate::NonFinite::Error).
    #[error(
        "neuron {name} is {value} at token {token} ({values} non-finite value(s) in {neurons} neuron(s)): clean the \
         activations, or treat such neurons as uncorrelated (--non-finite uncorrelated)"
    )]
    NonFinite {
        /// The lowest such neuron.
        neuron: usize,
        /// The same with its layer.
        name: String,
        /// Its first such token.
        token: usize,
        /// The value there.
        value: f64,
        /// How many neurons have such values.
        neurons: usize,
        /// How many such values there are.
        values: u64,
    },
    /// No neuron varies, so that no correlation is defined.
    #[error(
        "of {neurons} neurons {constants} are constant and {non_finite} not finite over {tokens} tokens: no \
         correlation is defined; is this the right file?"
    )]
    NothingVaries {
        /// The number of neurons.
        neurons: usize,
        /// The number of tokens.
        tokens: usize,
        /// Constant neurons.
        constants: usize,
        /// Neurons with NaN or infinite values.
        non_finite: usize,
    },
    /// The run would take more memory than there is.
    #[error(
        "{neurons} neurons need {} for {plan}, but {} has {}: about {fitting} neurons would fit; cluster fewer \
         layers at a time, free memory, or use a larger machine",
        human_bytes(*.needed),
        if *.given { "the limit given" } else { "this machine" },
        human_bytes(*.available)
    )]
    Memory {
        /// The number of neurons.
        neurons: usize,
        /// Which plan.
        plan: &'static str,
        /// Bytes that the run would take at its peak.
        needed: u64,
        /// Bytes that it may take.
        available: u64,
        /// Whether the caller gave the limit, rather than the machine.
        given: bool,
        /// Neurons for which it would be enough.
        fitting: usize,
    },
    /// So many neurons hang together at the cutoff that their pairs do not fit into memory.
    #[error(
        "{size} of {neurons} neurons hang together at cutoff {cutoff}, and their pairs need {}, but there is {}: lower \
         the cutoff, cluster fewer layers at a time, or give more memory",
        human_bytes(*.needed),
        human_bytes(*.available)
    )]
    Component {
        /// Neurons of the component.
        size: usize,
        /// All neurons.
        neurons: usize,
        /// The cutoff.
        cutoff: f64,
        /// Bytes that its linkage would take.
        needed: u64,
        /// Bytes that it may take.
        available: u64,
    },
    /// A plan that cannot give what is asked for.
    #[error(
        "{what} needs the dense plan, but the plan by components is asked for: take the plan `auto` or `dense`"
    )]
    PlanMismatch {
        /// What was asked for.
        what: &'static str,
    },
    /// Ties that are to be decided as SciPy does, which takes more memory than there is.
    #[error(
        "{components} component(s) are ambiguous (the first has neurons {first:?}), and deciding ties as SciPy does \
         takes the dense plan: {source}"
    )]
    Ties {
        /// How many components.
        components: usize,
        /// Some neurons of the first of them.
        first: Vec<usize>,
        /// Why there is no dense plan.
        source: Box<Error>,
    },
    /// A stage file cannot be read or written.
    #[error(
        "{}: {source}; look at the disk, or run without --resume (what is kept there is still whole)", path.display()
    )]
    StageFile {
        /// The file, or its folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A stage file of a run that could have another result.
    #[error(
        "{}: made with {what} {stored}, but this run has {given}: give --resume another folder, or delete this file \
         to begin anew", path.display()
    )]
    StageMismatch {
        /// The file.
        path: PathBuf,
        /// What is not the same: `version`, `input`, `method`, …
        what: &'static str,
        /// Its value there.
        stored: String,
        /// Its value now.
        given: String,
    },
    /// A stage file that is not as it was written.
    #[error("{}: damaged at byte {byte} ({why}): delete the file, and its part of the work is done again", path.display())]
    StageDamaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins that is wrong.
        byte: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A folder of stage files that another run uses.
    #[error("{}: another run uses this folder: wait for it, or give --resume another", path.display())]
    StageInUse {
        /// The folder.
        path: PathBuf,
    },
    /// The caller's observer asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl From<neurocorr::Error> for Error {
    fn from(error: neurocorr::Error) -> Self {
        match error {
            neurocorr::Error::Cancelled => Self::Cancelled,
            neurocorr::Error::TooFewTokens { tokens } => Self::TooFewTokens { tokens },
            other => Self::Correlation(other),
        }
    }
}

impl From<hclust::Error> for Error {
    fn from(error: hclust::Error) -> Self {
        match error {
            hclust::Error::Cancelled => Self::Cancelled,
            other => Self::Linkage(other),
        }
    }
}
