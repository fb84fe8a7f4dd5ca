//! One file for each subcommand, and what they share.

pub(crate) mod apply;
pub(crate) mod extract;
pub(crate) mod inspect;
pub(crate) mod sweep;

use crate::args::Clustering;
use crate::error::Error;
use activations::Source;
use neuron_redundancy::{Resumed, Stage};
use std::path::Path;
use std::time::Duration;

/// `1400 tokens x 2688 neurons of f16, 7 layers`.
fn describe(file: &Path, source: &dyn Source) -> String {
    let layers = match source.layers() {
        [] | [_] => String::new(),
        layers => format!(", {} layers", layers.len()),
    };
    let (tokens, neurons) = (source.tokens(), source.neurons());
    format!("{}: {tokens} tokens x {neurons} neurons, {}{layers}", file.display(), source.dtype())
}

/// The first few of a list of neurons by name, and how many more there are.
fn names(source: &dyn Source, neurons: &[usize]) -> String {
    const SHOWN: usize = 5;
    let mut text = neurons.iter().take(SHOWN).map(|&n| source.neuron_name(n)).collect::<Vec<_>>().join(", ");
    if neurons.len() > SHOWN {
        text += &format!(" and {} more", neurons.len() - SHOWN);
    }
    text
}

/// What was not done again, where that was asked for.
fn resumed(clustering: &Clustering, resumed: Resumed) -> Option<String> {
    clustering.resume.as_ref()?;
    Some(match resumed {
        Resumed { tiles: 0, components: 0, .. } => "resumed     nothing was kept before".to_owned(),
        resumed => {
            let (tiles, components) = (resumed.tiles, resumed.components);
            format!(
                "resumed     {tiles} tiles of the screen and {components} linked components were kept before"
            )
        }
    })
}

/// How long a run took, stage by stage, and what single precision left open.
fn took(elapsed: Duration, times: &[(Stage, Duration)], repaired: usize, again: usize) -> String {
    let stage = |(stage, time): &(Stage, Duration)| format!("{} {:.2} s", stage.name(), time.as_secs_f64());
    let stages: Vec<String> = times.iter().map(stage).collect();
    let repaired = match (repaired, again) {
        (0, 0) => String::new(),
        (repaired, again) => {
            format!("; {repaired} decisions repaired in double precision, {again} components linked anew")
        }
    };
    format!("time        {:.2} s: {}{repaired}", elapsed.as_secs_f64(), stages.join(", "))
}

/// Says of a run that was stopped where it can be gone on with.
fn kept_in(clustering: &Clustering, error: neuron_redundancy::Error) -> Error {
    match (error, &clustering.resume) {
        (neuron_redundancy::Error::Cancelled, Some(folder)) => Error::Kept { path: folder.clone() },
        (error, _) => error.into(),
    }
}

/// Threads of one's own: so many, or one for each core.
fn threads(count: Option<u16>) -> Result<rayon::ThreadPool, Error> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(count.unwrap_or(0).into()).build()?)
}
