//! One dendrogram, many cutoffs: the labels of a file at t = .1 … .9, as Dalvi et al. (2020) sweep them.
//!
//!     cargo run --release -p neuron-redundancy --example sweep -- FILE [METHOD] [absolute|signed]
//!
//! Prints a line for each cutoff: the cutoff, the number of clusters, and SciPy's labels.

use fcluster::{Criterion, Numbering, fcluster};
use neuron_redundancy::{Config, create_correlation_clusters};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = arguments.iter().map(String::as_str);
    let file = arguments.next().ok_or("FILE [METHOD] [absolute|signed]")?;
    let method = arguments.next().unwrap_or("average").parse()?;
    let absolute = match arguments.next().unwrap_or("absolute") {
        "absolute" => true,
        "signed" => false,
        other => return Err(format!("`{other}` is neither absolute nor signed").into()),
    };
    let source = activations::open(file)?;
    let config = Config::default().with_method(method).with_absolute(absolute);
    let clusters = create_correlation_clusters(&*source, &config, &())?;
    for tenths in 1..=9_u8 {
        let cutoff = f64::from(tenths) / 10.0;
        let labels = fcluster(&clusters.dendrogram, Criterion::Distance(cutoff), Numbering::Scipy)?;
        let text: Vec<String> = labels.as_slice().iter().map(ToString::to_string).collect();
        println!("{cutoff} {} {}", labels.count(), text.join(" "));
    }
    Ok(())
}
