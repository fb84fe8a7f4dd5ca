//! kodama's linkage between our correlation and our cut: `kodama-peer FILE CUTOFF OUTPUT`.

use fcluster::{Criterion, Numbering, Tree, fcluster};
use neurocorr::{Columns, CrossProducts, Measure, Moments, NonFinite, Order, TOKEN_BLOCK};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, cutoff, output] = arguments.as_slice() else { return Err("FILE CUTOFF OUTPUT".into()) };
    let source = activations::open(file)?;
    let (tokens, neurons) = (source.tokens(), source.neurons());
    let mut scratch = activations::Scratch::default();
    let mut each =
        |at_a_time: usize, visit: &mut dyn FnMut(&Columns<'_, f32>) -> Result<(), neurocorr::Error>| {
            for start in (0..tokens).step_by(at_a_time) {
                let block = source.block(start..(start + at_a_time).min(tokens), &mut scratch)?;
                let activations::Values::F32(values) = block.values else { return Err("f32 is meant".into()) };
                visit(&Columns::with_stride(values, block.tokens, neurons, Order::RowMajor, neurons)?)?;
            }
            Ok::<(), Box<dyn std::error::Error>>(())
        };
    let mut moments = Moments::new(neurons);
    each(TOKEN_BLOCK, &mut |part| moments.push(part))?;
    let mut products = CrossProducts::new(&moments, NonFinite::Error)?;
    each(products.tokens_together(), &mut |part| products.push(part))?;
    let mut condensed = products.finish()?.into_condensed(Measure::AbsoluteDissimilarity);

    let dendrogram = kodama::linkage(&mut condensed, neurons, kodama::Method::Average);
    let number = |count: usize| count as f64;
    let row = |step: &kodama::Step<f64>| {
        [number(step.cluster1), number(step.cluster2), step.dissimilarity, number(step.size)]
    };
    let rows: Vec<[f64; 4]> = dendrogram.steps().iter().map(row).collect();
    let labels = fcluster(Tree::from_rows(&rows)?, Criterion::Distance(cutoff.parse()?), Numbering::Scipy)?;
    std::fs::write(output, serde_json::to_vec(&serde_json::json!({ "labels": labels.as_slice() }))?)?;
    Ok(())
}
