//! The dense plan at work: two passes over the tokens, the linkage, the cut.

use crate::plan::STORAGE;
use crate::{Config, Error, Observer, Plan, Stage};
use activations::{Block, Layout, Scratch, Source, Values};
use fcluster::{Criterion, Labels, fcluster};
use hclust::{Condensed, Dendrogram, Scratch as LinkageScratch, linkage_with};
use neurocorr::{Columns, CrossProducts, Moments, NonFinite, Order, TOKEN_BLOCK};
use std::time::{Duration, Instant};

/// What a run makes before any picks.
#[derive(Debug)]
pub(crate) struct Dense {
    pub(crate) plan: Plan,
    pub(crate) labels: Labels,
    pub(crate) dendrogram: Dendrogram<f64>,
    pub(crate) moments: Moments,
    pub(crate) times: Vec<(Stage, Duration)>,
}

pub(crate) fn run(source: &dyn Source, config: &Config, observer: &dyn Observer) -> Result<Dense, Error> {
    config.check()?;
    let (tokens, neurons) = (source.tokens(), source.neurons());
    if neurons < 2 {
        return Err(Error::TooFewNeurons { neurons });
    }
    if tokens < 2 {
        return Err(Error::TooFewTokens { tokens });
    }
    let plan = Plan::choose(tokens, neurons, config)?;
    let mut times = Vec::with_capacity(Stage::ALL.len());
    let mut start = Instant::now();
    let mut lap = |stage| times.push((stage, std::mem::replace(&mut start, Instant::now()).elapsed()));

    let moments = moments(source, observer)?;
    check(source, &moments, config.non_finite)?;
    lap(Stage::Moments);
    let condensed = dissimilarities(source, &moments, config, observer)?;
    lap(Stage::Correlation);
    let watch = |done, total| observer.progress(Stage::Linkage, done, total);
    let mut scratch = LinkageScratch::new().with_storage(STORAGE);
    let dendrogram = linkage_with(&mut scratch, Condensed::new(neurons, condensed)?, config.method, &watch)?;
    lap(Stage::Linkage);
    let labels = fcluster(&dendrogram, Criterion::Distance(config.cutoff), config.numbering)?;
    report(observer, Stage::Cut, 1, 1)?;
    lap(Stage::Cut);
    Ok(Dense { plan, labels, dendrogram, moments, times })
}

/// First pass: the moments of all neurons.
pub(crate) fn moments(source: &dyn Source, observer: &dyn Observer) -> Result<Moments, Error> {
    let mut moments = Moments::new(source.neurons());
    for_each_block(source, |part, index, blocks| {
        match part {
            Part::Single(part) => moments.push(&part)?,
            Part::Double(part) => moments.push(&part)?,
        }
        report(observer, Stage::Moments, index + 1, blocks)
    })?;
    Ok(moments)
}

/// Second pass: the dissimilarities of all pairs, condensed.
fn dissimilarities(
    source: &dyn Source,
    moments: &Moments,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Vec<f64>, Error> {
    let mut products = CrossProducts::new(moments, config.non_finite)?;
    for_each_block(source, |part, index, blocks| {
        let watch = |done: usize, total: usize| {
            observer.progress(Stage::Correlation, index * total + done, blocks * total)
        };
        match part {
            Part::Single(part) => products.push_observed(&part, &watch)?,
            Part::Double(part) => products.push_observed(&part, &watch)?,
        }
        Ok(())
    })?;
    Ok(products.finish()?.into_condensed(config.measure()))
}

/// A block of tokens in the form that neurocorr takes.
enum Part<'a> {
    Single(Columns<'a, f32>),
    Double(Columns<'a, f64>),
}

/// Calls `visit(block, its number, number of blocks)` over the tokens in order.
fn for_each_block(
    source: &dyn Source,
    mut visit: impl FnMut(Part<'_>, usize, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut scratch = Scratch::default();
    let blocks = source.tokens().div_ceil(TOKEN_BLOCK);
    for index in 0..blocks {
        let start = index * TOKEN_BLOCK;
        let Block { values, layout, tokens, neurons } =
            source.block(start..(start + TOKEN_BLOCK).min(source.tokens()), &mut scratch)?;
        let (order, stride) = match layout {
            Layout::RowMajor { stride } => (Order::RowMajor, stride),
            Layout::ColumnMajor { stride } => (Order::ColumnMajor, stride),
        };
        let part = match values {
            Values::F32(values) => Part::Single(Columns::with_stride(values, tokens, neurons, order, stride)?),
            Values::F64(values) => Part::Double(Columns::with_stride(values, tokens, neurons, order, stride)?),
        };
        visit(part, index, blocks)?;
    }
    Ok(())
}

/// Refuses non-finite values, by name, if they are to be refused; and activations of which nothing varies.
fn check(source: &dyn Source, moments: &Moments, policy: NonFinite) -> Result<(), Error> {
    let finite = if policy == NonFinite::Error { moments.check_finite() } else { Ok(()) };
    if let Err(neurocorr::Error::NonFinite { neuron, token, neurons, values }) = finite {
        let value = source.block(token..token + 1, &mut Scratch::default())?.get(0, neuron).unwrap_or(f64::NAN);
        let name = source.neuron_name(neuron);
        return Err(Error::NonFinite { neuron, name, token, value, neurons, values });
    }
    let non_finite = moments.non_finite().len();
    let constants = moments.constants().len();
    if constants + non_finite == moments.neurons() {
        let (neurons, tokens) = (moments.neurons(), moments.tokens());
        return Err(Error::NothingVaries { neurons, tokens, constants, non_finite });
    }
    Ok(())
}

fn report(observer: &dyn Observer, stage: Stage, done: usize, total: usize) -> Result<(), Error> {
    if observer.progress(stage, done, total).is_break() { Err(Error::Cancelled) } else { Ok(()) }
}
