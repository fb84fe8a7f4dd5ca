//! Stage files: what a long run has done, kept in a folder so that a later run goes on from there.
//!
//! `log` is the format (described in `docs/stage-files.md`), `fields` its numbers; `screen` and `linkage` say what the two
//! long stages keep. Whatever a file says was computed by an equal run on equal input: the first record names both, and a
//! run that differs in anything that could change the result refuses the file.

mod fields;
mod linkage;
mod log;
mod screen;

pub(crate) use linkage::LinkageLog;
pub(crate) use screen::{Doubtful, Kept, ScreenLog};

use crate::link::Linked;
use crate::{Config, Error, Observer, Plan, Stage};
use activations::{Source, fingerprint};
use log::Log;
use neurocorr::NonFinite;
use std::fmt::Display;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// What was found in stage files and was not done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Resumed {
    /// Tiles of the screen.
    pub tiles: usize,
    /// Components that were linked; or 1 for a whole dendrogram.
    pub components: usize,
}

/// A folder of stage files, which one run at a time may use.
#[derive(Debug)]
pub(crate) struct Stages {
    folder: PathBuf,
    neurons: usize,
    /// What is equal in all runs on this input: names and values.
    input: Vec<(&'static str, String)>,
    /// Locked until the run ends.
    _lock: File,
}

impl Stages {
    /// Makes the folder if it is not there, and reads the input once for its fingerprint.
    pub(crate) fn open(folder: &Path, source: &dyn Source, observer: &dyn Observer) -> Result<Self, Error> {
        let fail = |source| Error::StageFile { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        let path = folder.join("lock");
        let lock = File::options().create(true).append(true).open(&path).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::StageInUse { path: folder.to_owned() }),
            // File systems without locks are not a reason to stop.
            Err(TryLockError::Error(_)) => {}
        }
        let print = fingerprint(source, &mut || observer.progress(Stage::Moments, 0, 1))?;
        let print = print.ok_or(Error::Cancelled)?;
        let input = vec![
            ("input", format!("{print:032x}")),
            ("tokens", source.tokens().to_string()),
            ("neurons", source.neurons().to_string()),
        ];
        Ok(Self { folder: folder.to_owned(), neurons: source.neurons(), input, _lock: lock })
    }

    /// What the screen has done; the cutoff is the greatest of the run.
    pub(crate) fn screen(&self, config: &Config, cutoff: f64) -> Result<(ScreenLog, Kept), Error> {
        let facts = [fact("absolute", config.absolute), non_finite(config), fact("cutoff", cutoff)];
        ScreenLog::open(self, self.neurons, facts)
    }

    /// The components that are linked, or all neurons under the cutoff.
    pub(crate) fn linkage(
        &self,
        config: &Config,
        plan: &Plan,
        cutoffs: &[f64],
        components: &[Vec<usize>],
    ) -> Result<(LinkageLog, Vec<Option<Linked>>), Error> {
        self.certain("linkage", config, plan, cutoffs, components)
    }

    /// The whole dendrogram of single products, as of one component.
    pub(crate) fn certified(
        &self,
        config: &Config,
        plan: &Plan,
        cutoffs: &[f64],
        all: &[Vec<usize>],
    ) -> Result<(LinkageLog, Vec<Option<Linked>>), Error> {
        self.certain("certified", config, plan, cutoffs, all)
    }

    /// Merges that are certain as far as cutoffs ask.
    fn certain(
        &self,
        stage: &'static str,
        config: &Config,
        plan: &Plan,
        cutoffs: &[f64],
        components: &[Vec<usize>],
    ) -> Result<(LinkageLog, Vec<Option<Linked>>), Error> {
        let cutoffs: Vec<String> = cutoffs.iter().map(f64::to_string).collect();
        let facts = Self::linked(config, plan);
        let precision = if config.single_products { "certified" } else { "double" };
        let facts = facts.into_iter().chain([fact("precision", precision), fact("cutoffs", cutoffs.join(","))]);
        LinkageLog::open(self, stage, facts, components)
    }

    /// The whole dendrogram, as of one component.
    pub(crate) fn dendrogram(
        &self,
        config: &Config,
        plan: &Plan,
        all: &[Vec<usize>],
    ) -> Result<(LinkageLog, Vec<Option<Linked>>), Error> {
        LinkageLog::open(self, "dendrogram", Self::linked(config, plan), all)
    }

    fn linked(config: &Config, plan: &Plan) -> [(&'static str, String); 4] {
        let method = fact("method", config.method);
        [fact("absolute", config.absolute), non_finite(config), method, fact("plan", plan.kind.name())]
    }

    /// The file of a stage, what it holds handed to `visit`.
    fn log(
        &self,
        stage: &'static str,
        facts: impl IntoIterator<Item = (&'static str, String)>,
        visit: &mut dyn FnMut(u32, &[u8]) -> Option<()>,
    ) -> Result<Log, Error> {
        let own = [fact("version", env!("CARGO_PKG_VERSION")), fact("stage", stage)];
        let facts: Vec<_> = own.into_iter().chain(self.input.iter().cloned()).chain(facts).collect();
        Log::open(self.folder.join(format!("{stage}.stage")), &facts, visit)
    }
}

fn fact(name: &'static str, value: impl Display) -> (&'static str, String) {
    (name, value.to_string())
}

fn non_finite(config: &Config) -> (&'static str, String) {
    let value = match config.non_finite {
        NonFinite::Error => "error",
        _ => "uncorrelated",
    };
    fact("non-finite", value)
}
