//! The plan: how the answer is computed and what that takes, known before work starts.

use crate::{Config, Error, PlanChoice, Stage, available_memory, components};
use fcluster::Numbering;
use hclust::{Method, Storage};
use neurocorr::{Screen, TOKEN_BLOCK};

/// The whole tree is linked on the condensed matrix itself: a square beside it would treble the peak of the whole run for a
/// fiftieth of its time, most of which is correlation.
pub(crate) const STORAGE: Storage = Storage::InPlace;

/// How the clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlanKind {
    /// All pairs at once, then the whole dendrogram.
    Dense,
    /// All pairs at once in single products, then the part of the dendrogram under the cutoff, every decision proven.
    DenseBelow,
    /// All pairs at once in single products, then the whole dendrogram, with proof of all that SciPy's numbering takes of it.
    DenseCertified,
    /// Near pairs by bytes, their connected components, each linked alone.
    Components,
    /// Every dissimilarity is at most the cutoff: one cluster.
    OneCluster,
}

impl PlanKind {
    /// In a few words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "the dense plan",
            Self::DenseBelow => "the dense plan under the cutoff",
            Self::DenseCertified => "the certified dense plan",
            Self::Components => "the plan by components",
            Self::OneCluster => "the plan of one cluster",
        }
    }
}

/// How the answer is computed and what that takes, known before work starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How.
    pub kind: PlanKind,
    /// Why this way.
    pub reason: &'static str,
    /// Number of neurons.
    pub neurons: usize,
    /// Number of tokens.
    pub tokens: usize,
    /// Predicted bytes of memory at the peak; pages of a mapped input file are not counted. By components: before the
    /// largest of them is linked, whose size is not known.
    pub bytes: u64,
    /// Bytes that may be taken, if that is known.
    pub available: Option<u64>,
    /// Whether the int8 copy of a plan by components would lie in a temporary file.
    pub in_file: bool,
    /// Multiplications at most, of all pairs over all tokens.
    pub operations: u128,
}

/// With fewer neurons the dense plan is done before a screen is made.
const FEW: usize = 1_024;

impl Plan {
    /// The plan for activations of this shape, at [`Config::cutoff`].
    ///
    /// # Errors
    /// [`Error::Memory`] if it would take more than `config` allows or, without a limit there, the machine has;
    /// [`Error::PlanMismatch`] if the plan that is asked for cannot give what is asked for.
    pub fn choose(tokens: usize, neurons: usize, config: &Config) -> Result<Self, Error> {
        Self::choose_for(tokens, neurons, config, config.cutoff, 0)
    }

    /// As [`choose`](Self::choose), for some greatest cutoff and an input that is to be copied.
    pub(crate) fn choose_for(
        tokens: usize,
        neurons: usize,
        config: &Config,
        cutoff: f64,
        copied: u64,
    ) -> Result<Self, Error> {
        let available = config.memory_limit.or_else(available_memory);
        let plan = |kind, reason| Self::of(kind, reason, tokens, neurons, config, available, copied);
        let dense = |reason| {
            let fits = |plan: &Self| available.is_none_or(|available| plan.bytes <= available);
            // The whole tree in double precision needs no copy of the input.
            let least = plan(PlanKind::Dense, reason);
            Some(plan(Self::dense_kind(config, neurons), reason)).filter(fits).unwrap_or(least)
        };
        let only_dense = Self::only_dense(config, cutoff);
        let choice = match config.plan {
            PlanChoice::Dense => dense("it was asked for"),
            PlanChoice::Components => match only_dense {
                Some(what) => return Err(Error::PlanMismatch { what }),
                None => plan(PlanKind::Components, "it was asked for"),
            },
            PlanChoice::Auto => match only_dense {
                Some(what) => dense(what),
                None if Self::is_one_cluster(config, cutoff) => {
                    plan(PlanKind::OneCluster, "no two neurons are further apart than the cutoff")
                }
                None if neurons < FEW => dense("there are few neurons"),
                None => {
                    let components = plan(
                        PlanKind::Components,
                        "a cluster never reaches beyond the neurons that hang together",
                    );
                    let dense = dense("all neurons would hang together at such a cutoff");
                    // At such cutoffs neurons that have nothing to do with each other hang together.
                    let fits = |plan: &Self| available.is_none_or(|available| plan.bytes <= available);
                    if cutoff > LOOSE && fits(&dense) { dense } else { components }
                }
            },
        };
        choice.check(config, copied)
    }

    /// What is asked for that a plan by components cannot give.
    fn only_dense(config: &Config, cutoff: f64) -> Option<&'static str> {
        if config.dendrogram {
            Some("the whole dendrogram")
        } else if config.numbering == Numbering::Scipy {
            Some("SciPy's numbering")
        } else if matches!(config.method, Method::Centroid | Method::Median) {
            Some("a linkage that can invert")
        } else if cutoff >= 1.0 && !Self::is_one_cluster(config, cutoff) {
            Some("a cutoff of 1 and more")
        } else {
            None
        }
    }

    /// Whether no height exceeds the cutoff: these linkages stay within the dissimilarities, and those within 1.
    fn is_one_cluster(config: &Config, cutoff: f64) -> bool {
        let within =
            matches!(config.method, Method::Single | Method::Complete | Method::Average | Method::Weighted);
        cutoff >= 1.0 && config.absolute && within && !config.needs_tree()
    }

    fn dense_kind(config: &Config, neurons: usize) -> PlanKind {
        let numbered = !config.dendrogram && neurons >= FEW;
        // Heights of complete linkage crowd below 1, so that nearly all would have to be repaired.
        let certifiable = matches!(config.method, Method::Average | Method::Weighted);
        if !config.single_products || config.method == Method::Ward {
            PlanKind::Dense
        } else if !config.needs_tree() {
            PlanKind::DenseBelow
        } else if numbered && certifiable {
            PlanKind::DenseCertified
        } else {
            PlanKind::Dense
        }
    }

    fn of(
        kind: PlanKind,
        reason: &'static str,
        tokens: usize,
        neurons: usize,
        config: &Config,
        available: Option<u64>,
        copied: u64,
    ) -> Self {
        let base = Self::base_bytes(neurons).saturating_add(copied);
        let pairs = neurons as u128 * (neurons as u128).saturating_sub(1) / 2;
        let mut in_file = false;
        let bytes = match kind {
            PlanKind::OneCluster => base.saturating_add(Self::block_bytes(tokens, neurons)),
            PlanKind::Components => {
                let room = available.map(|available| available.saturating_sub(base));
                let options = components::options(config, room);
                let needed = Screen::<f64>::bytes_needed(tokens, neurons, &options);
                let copy = (tokens as u64).saturating_mul(neurons as u64);
                // What does not fit goes to a file; what stands beside it stays.
                in_file = room.is_some_and(|room| needed > room);
                // A saturated sum stays too much.
                let needed = if in_file && needed < u64::MAX { needed.saturating_sub(copy) } else { needed };
                needed.saturating_add(base)
            }
            // The whole tree is made of blocks of tokens, without a copy.
            PlanKind::Dense => Self::bytes_needed(tokens, neurons),
            PlanKind::DenseCertified => Self::bytes_needed(tokens, neurons).saturating_add(copied),
            // Here a square is taken where there is room.
            PlanKind::DenseBelow => {
                let roomy = Self::bytes_in(tokens, neurons, Storage::Square).saturating_add(copied);
                let fits = available.is_none_or(|available| roomy <= available);
                if fits { roomy } else { Self::bytes_needed(tokens, neurons).saturating_add(copied) }
            }
        };
        let operations = if kind == PlanKind::OneCluster { 0 } else { pairs * tokens as u128 };
        Self { kind, reason, neurons, tokens, bytes, available, in_file, operations }
    }

    /// What a screen, and after it a component, may take.
    pub(crate) fn room(&self, copied: u64) -> Option<u64> {
        let base = Self::base_bytes(self.neurons).saturating_add(copied);
        self.available.map(|available| available.saturating_sub(base))
    }

    fn check(self, config: &Config, copied: u64) -> Result<Self, Error> {
        match self.available {
            Some(available) if self.bytes > available => {
                let needed = |neurons: usize| {
                    let share = u128::from(copied) * neurons as u128 / (self.neurons as u128).max(1);
                    let copied = u64::try_from(share).unwrap_or(u64::MAX);
                    Self::of(self.kind, self.reason, self.tokens, neurons, config, Some(available), copied)
                        .bytes
                };
                Err(Error::Memory {
                    neurons: self.neurons,
                    plan: self.kind.name(),
                    needed: self.bytes,
                    available,
                    given: config.memory_limit.is_some(),
                    fitting: fitting(available, needed),
                })
            }
            _ => Ok(self),
        }
    }

    /// The stages of this plan, in order.
    #[must_use]
    pub fn stages(&self) -> &'static [Stage] {
        match self.kind {
            PlanKind::Dense => &[Stage::Moments, Stage::Correlation, Stage::Linkage, Stage::Cut],
            PlanKind::DenseBelow | PlanKind::DenseCertified => &[Stage::Moments, Stage::Linkage, Stage::Cut],
            PlanKind::Components => &[Stage::Moments, Stage::Screen, Stage::Linkage, Stage::Cut],
            PlanKind::OneCluster => &[Stage::Moments, Stage::Cut],
        }
    }

    /// What a process takes before any work, and the moments.
    fn base_bytes(neurons: usize) -> u64 {
        (neurons as u64).saturating_mul(64).saturating_add(8 << 20)
    }

    /// A block of the file, converted.
    fn block_bytes(tokens: usize, neurons: usize) -> u64 {
        (neurons as u64).saturating_mul(tokens.min(TOKEN_BLOCK) as u64 * 4)
    }

    /// Predicted bytes at the peak of a dense run, at least: correlation and linkage use the memory one after the other.
    ///
    /// ```
    /// use neuron_redundancy::Plan;
    /// assert!(Plan::bytes_needed(30_000, 9_216) < 600_000_000);
    /// assert!(Plan::bytes_needed(30_000, 131_072) > 64_000_000_000);
    /// ```
    #[must_use]
    pub fn bytes_needed(tokens: usize, neurons: usize) -> u64 {
        Self::bytes_in(tokens, neurons, STORAGE)
    }

    fn bytes_in(tokens: usize, neurons: usize, storage: Storage) -> u64 {
        let input = Self::block_bytes(tokens, neurons).saturating_add(Self::base_bytes(neurons));
        let correlation = neurocorr::bytes_needed(neurons).saturating_add(input);
        // Whatever the method: the state of all is O(n) there.
        correlation.max(hclust::bytes_needed::<f64>(neurons, Method::Average, storage))
    }
}

/// Above it neurons of real networks nearly all hang together: |r| of 0.15 is common.
const LOOSE: f64 = 0.85;

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (neurons, pairs) =
            (self.neurons, self.neurons as u128 * (self.neurons as u128).saturating_sub(1) / 2);
        match self.kind {
            PlanKind::Dense => write!(f, "dense: all {pairs} pairs of {neurons} neurons at once")?,
            PlanKind::DenseBelow => write!(
                f,
                "dense: all {pairs} pairs of {neurons} neurons at once, in single products, proven or repaired in double"
            )?,
            PlanKind::DenseCertified => write!(
                f,
                "dense: all {pairs} pairs of {neurons} neurons and their whole tree at once, in single products, proven or repaired in double"
            )?,
            PlanKind::Components => write!(
                f,
                "by components: {pairs} pairs of {neurons} neurons screened in bytes, then each component linked alone"
            )?,
            PlanKind::OneCluster => write!(f, "one cluster of {neurons} neurons, without work")?,
        }
        write!(f, "; {}", self.reason)?;
        if self.operations > 0 {
            #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
            write!(f, "; at most {:.1e} multiplications", self.operations as f64)?;
        }
        write!(f, ", {} of memory", human_bytes(self.bytes))?;
        if let Some(available) = self.available {
            write!(f, " of {}", human_bytes(available))?;
        }
        if self.in_file { write!(f, ", the bytes in a temporary file") } else { Ok(()) }
    }
}

/// The most neurons that need no more than `available` bytes (bisection: the need grows with neurons).
fn fitting(available: u64, needed: impl Fn(usize) -> u64) -> usize {
    let (mut low, mut high) = (0_usize, 1 << 31);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if needed(middle) <= available { low = middle } else { high = middle }
    }
    low
}

/// Bytes in powers of 1,000 with three digits: `436 MB`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_printed_with_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.00 kB"),
            (436_200_000, "436 MB"),
            (12_340_000_000, "12.3 GB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human_bytes(bytes), text);
        }
        assert_eq!(human_bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn a_plan_that_does_not_fit_is_refused_with_figures() {
        let config = Config::default().with_memory_limit(1_000_000_000).with_plan(PlanChoice::Dense);
        assert!(Plan::choose(30_000, 9_216, &config).is_ok());
        let error = Plan::choose(30_000, 131_072, &config).unwrap_err();
        let Error::Memory { neurons: 131_072, needed, available: 1_000_000_000, given: true, fitting, .. } =
            error
        else {
            panic!("{error}")
        };
        assert!(needed > 68_000_000_000);
        assert!(Plan::bytes_needed(30_000, fitting) <= 1_000_000_000);
        assert!(Plan::bytes_needed(30_000, fitting + 1) > 1_000_000_000);
        assert!(error.to_string().contains("need 70.4 GB for the dense plan"), "{error}");
        assert!(Plan::choose(1, usize::MAX, &config).is_err());
        assert!(Plan::choose(1, usize::MAX, &config.with_plan(PlanChoice::Auto)).is_err());
    }

    #[test]
    fn the_plan_follows_from_what_is_asked_for() {
        let config = Config::default().with_memory_limit(4_000_000_000);
        let kind = |config: &Config| Plan::choose(10_000, 50_000, config).map(|plan| plan.kind);
        let refused = |config: &Config| matches!(kind(config), Err(Error::Memory { .. }));
        assert_eq!(kind(&config).unwrap(), PlanKind::Components);
        assert!(refused(&config.clone().with_dendrogram(true)));
        assert!(refused(&config.clone().with_numbering(Numbering::Scipy)));
        assert!(refused(&config.clone().with_method(Method::Median)));
        assert!(refused(&config.clone().with_absolute(false).with_cutoff(1.0)));
        assert_eq!(kind(&config.clone().with_cutoff(1.0)).unwrap(), PlanKind::OneCluster);
        assert!(refused(&config.clone().with_cutoff(1.0).with_method(Method::Ward)));
        let components = config.clone().with_plan(PlanChoice::Components);
        let error = kind(&components.clone().with_method(Method::Centroid)).unwrap_err();
        assert!(error.to_string().starts_with("a linkage that can invert needs the dense plan"), "{error}");
        // A copy that does not fit into memory lies in a file.
        let plan = Plan::choose(100_000, 50_000, &components).unwrap();
        assert!(plan.in_file && plan.bytes < 4_000_000_000);
        let small = Plan::choose(10_000, 500, &config).unwrap();
        assert_eq!(small.kind, PlanKind::DenseBelow);
        assert_eq!(Plan::choose(10_000, 500, &config.with_dendrogram(true)).unwrap().kind, PlanKind::Dense);
        assert_eq!(plan.to_string().matches('\n').count(), 0);
    }
}
