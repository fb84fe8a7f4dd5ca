//! `neuron-redundancy apply`.

use crate::Streams;
use crate::args::Apply;
use crate::error::Error;
use crate::output::Target;
use activations::{Dtype, Scratch, Source};
use serde::Deserialize;
use std::io::Write;
use std::sync::atomic::Ordering;

/// What is needed of a result.
#[derive(Debug, Deserialize)]
struct Kept {
    labels: Vec<u32>,
    independent_neurons: Vec<usize>,
}

/// Tokens that are read at a time.
const TOKENS: usize = 256;

pub(crate) fn run(arguments: &Apply, streams: &mut Streams<'_>) -> Result<(), Error> {
    let bad = |why: String| Error::Result { path: arguments.result.clone(), why };
    let text = std::fs::read(&arguments.result).map_err(|error| bad(error.to_string()))?;
    let mut kept: Kept = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    let source = activations::open(&arguments.file)?;
    let neurons = source.neurons();
    if kept.labels.len() != neurons {
        return Err(neuron_redundancy::Error::Labels { labels: kept.labels.len(), neurons }.into());
    }
    kept.independent_neurons.sort_unstable();
    if let Some(neuron) = kept.independent_neurons.iter().find(|&&neuron| neuron >= neurons) {
        return Err(bad(format!("it keeps neuron {neuron}, of {neurons}")));
    }
    let target = Target::prepare(&arguments.output)?;
    let mask = arguments.mask.as_deref().map(Target::prepare).transpose()?;
    let (tokens, columns) = (source.tokens(), kept.independent_neurons.len());
    let mut failed = None;
    target
        .write_by(streams.out, |out| {
            let write = write_reduced(&*source, &kept.independent_neurons, out, || {
                streams.cancelled.load(Ordering::Relaxed)
            });
            match write {
                Ok(()) => Ok(()),
                Err(Error::Print(error)) => Err(error),
                Err(error) => {
                    let text = std::io::Error::other(error.to_string());
                    failed = Some(error);
                    Err(text)
                }
            }
        })
        .map_err(|error| failed.take().unwrap_or(error))?;
    if let Some(mask) = mask {
        let mut is_kept = vec![0_u8; neurons];
        kept.independent_neurons.iter().for_each(|&neuron| is_kept[neuron] = 1);
        mask.write_by(streams.out, |out| {
            out.write_all(&header("|b1", &format!("({neurons},)")))?;
            out.write_all(&is_kept)
        })?;
    }
    if arguments.output.as_os_str() != "-" {
        writeln!(
            streams.out,
            "wrote {}: {tokens} tokens x {columns} of {neurons} neurons",
            arguments.output.display()
        )?;
    }
    Ok(())
}

fn write_reduced(
    source: &dyn Source,
    kept: &[usize],
    out: &mut dyn Write,
    cancelled: impl Fn() -> bool,
) -> Result<(), Error> {
    let double = source.dtype() == Dtype::F64;
    let tokens = source.tokens();
    out.write_all(&header(if double { "<f8" } else { "<f4" }, &format!("({tokens}, {})", kept.len())))?;
    let mut scratch = Scratch::default();
    let mut bytes = Vec::new();
    for start in (0..tokens).step_by(TOKENS) {
        if cancelled() {
            return Err(neuron_redundancy::Error::Cancelled.into());
        }
        let block = source.block(start..tokens.min(start + TOKENS), &mut scratch)?;
        bytes.clear();
        for token in 0..block.tokens {
            for &neuron in kept {
                let value = block.get(token, neuron).unwrap_or(f64::NAN);
                if double {
                    bytes.extend(value.to_le_bytes());
                } else {
                    #[expect(clippy::cast_possible_truncation, reason = "it came from an f32 or less")]
                    bytes.extend((value as f32).to_le_bytes());
                }
            }
        }
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// The header of a `.npy` file, version 1: its data begins at a multiple of 64 bytes.
fn header(descr: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let end = (10 + text.len() + 1).next_multiple_of(64);
    text.extend(std::iter::repeat_n(' ', end - 11 - text.len()));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    #[expect(clippy::cast_possible_truncation, reason = "two numbers and some words")]
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.bytes());
    bytes
}
