//! The dense plan at work: two passes over the tokens, the linkage, the cut.

use crate::input::order;
use crate::observer::report;
use crate::plan::STORAGE;
use crate::run::Clock;
use crate::{Config, Error, Observer, Stage};
use activations::{Block, Scratch, Source, Values};
use hclust::{Condensed, Dendrogram, Scratch as LinkageScratch, linkage_with};
use neurocorr::{Columns, CrossProducts, Moments, NonFinite, TOKEN_BLOCK};

/// The whole dendrogram.
pub(crate) fn tree(
    source: &dyn Source,
    moments: &Moments,
    config: &Config,
    observer: &dyn Observer,
    clock: &mut Clock,
) -> Result<Dendrogram<f64>, Error> {
    let condensed = dissimilarities(source, moments, config, observer)?;
    clock.lap(Stage::Correlation);
    let watch = |done, total| observer.progress(Stage::Linkage, done, total);
    let mut scratch = LinkageScratch::new().with_storage(STORAGE);
    let tree = linkage_with(&mut scratch, Condensed::new(source.neurons(), condensed)?, config.method, &watch)?;
    clock.lap(Stage::Linkage);
    Ok(tree)
}

/// First pass: the moments of all neurons.
pub(crate) fn moments(source: &dyn Source, observer: &dyn Observer) -> Result<Moments, Error> {
    let mut moments = Moments::new(source.neurons());
    for_each_block(source, TOKEN_BLOCK, |part, index, blocks| {
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
    for_each_block(source, products.tokens_together(), |part, index, blocks| {
        let watch = |done: usize, total: usize| {
            observer.progress(Stage::Correlation, index * total + done, blocks * total)
        };
        match part {
            Part::Single(part) => products.push_observed(&part, &watch)?,
            Part::Double(part) => products.push_observed(&part, &watch)?,
        }
        Ok(())
    })?;
    let go_on = || observer.progress(Stage::Correlation, 1, 1);
    Ok(products.finish()?.into_condensed_while_told(config.measure(), &go_on)?)
}

/// A block of tokens in the form that neurocorr takes.
enum Part<'a> {
    Single(Columns<'a, f32>),
    Double(Columns<'a, f64>),
}

/// Calls `visit(block, its number, number of blocks)` over the tokens in order, so many at a time.
fn for_each_block(
    source: &dyn Source,
    at_a_time: usize,
    mut visit: impl FnMut(Part<'_>, usize, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut scratch = Scratch::default();
    let blocks = source.tokens().div_ceil(at_a_time);
    for index in 0..blocks {
        let start = index * at_a_time;
        let Block { values, layout, tokens, neurons } =
            source.block(start..(start + at_a_time).min(source.tokens()), &mut scratch)?;
        let (order, stride) = order(layout);
        let part = match values {
            Values::F32(values) => Part::Single(Columns::with_stride(values, tokens, neurons, order, stride)?),
            Values::F64(values) => Part::Double(Columns::with_stride(values, tokens, neurons, order, stride)?),
        };
        visit(part, index, blocks)?;
    }
    Ok(())
}

/// Refuses non-finite values, by name, if they are to be refused; and activations of which nothing varies.
pub(crate) fn check(source: &dyn Source, moments: &Moments, policy: NonFinite) -> Result<(), Error> {
    if policy == NonFinite::Error
        && let Err(error) = moments.check_finite()
    {
        return Err(named(source, error));
    }
    let non_finite = moments.non_finite().len();
    let constants = moments.constants().len();
    if constants + non_finite == moments.neurons() {
        let (neurons, tokens) = (moments.neurons(), moments.tokens());
        return Err(Error::NothingVaries { neurons, tokens, constants, non_finite });
    }
    Ok(())
}

/// A non-finite value by the neuron's name.
pub(crate) fn named(source: &dyn Source, error: neurocorr::Error) -> Error {
    let neurocorr::Error::NonFinite { neuron, token, neurons, values } = error else { return error.into() };
    let mut scratch = Scratch::default();
    let block = source.block(token..token + 1, &mut scratch);
    let value = block.ok().and_then(|block| block.get(0, neuron)).unwrap_or(f64::NAN);
    Error::NonFinite { neuron, name: source.neuron_name(neuron), token, value, neurons, values }
}
