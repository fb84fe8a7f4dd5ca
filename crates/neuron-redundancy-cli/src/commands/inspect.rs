//! `neuron-redundancy inspect`.

use super::{describe, names};
use crate::Streams;
use crate::args::Inspect;
use crate::error::Error;
use crate::progress::Progress;
use neuron_redundancy::{available_memory, human_bytes, inspect};

pub(crate) fn run(arguments: &Inspect, streams: &mut Streams<'_>) -> Result<(), Error> {
    let source = activations::open(&arguments.file)?;
    let found = {
        let progress = Progress::new(streams.cancelled);
        inspect(&*source, &progress)?
    };
    let out = &mut *streams.out;
    writeln!(out, "{}", describe(&arguments.file, &*source))?;
    for layer in source.layers().iter().filter(|layer| !layer.name.is_empty()) {
        writeln!(out, "layer       {}: neurons {}..{}", layer.name, layer.neurons.start, layer.neurons.end)?;
    }
    let list = |neurons: &[usize]| match neurons {
        [] => "none".to_owned(),
        neurons => format!("{}: neuron {}", neurons.len(), names(&*source, neurons)),
    };
    writeln!(out, "constant    {}", list(&found.constant_neurons))?;
    let non_finite: Vec<usize> = found.non_finite_neurons.iter().map(|(neuron, ..)| *neuron).collect();
    writeln!(out, "non-finite  {}", list(&non_finite))?;
    if let Some((neuron, token, _)) = found.non_finite_neurons.first() {
        let values: u64 = found.non_finite_neurons.iter().map(|(.., count)| count).sum();
        let name = source.neuron_name(*neuron);
        writeln!(out, "            {values} value(s) in all, the first of neuron {name} at token {token}")?;
    }
    let available = match available_memory() {
        Some(bytes) => format!("; this machine has {} free", human_bytes(bytes)),
        None => String::new(),
    };
    writeln!(out, "dense run   would take {}{available}", human_bytes(found.dense_bytes))?;
    Ok(())
}
