//! Many cutoffs in one run: the labels of a file at t = .1 … .9, as Dalvi et al. (2020) sweep them.
//!
//!     cargo run --release -p neuron-redundancy --example sweep -- FILE [METHOD] [absolute|signed]
//!
//! Prints a line for each cutoff: the cutoff, the number of clusters, and SciPy's labels.

use neuron_redundancy::{Config, Numbering, sweep};

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
    // SciPy's numbers need the whole tree; without them this is much faster on large files.
    let config = Config::default().with_method(method).with_absolute(absolute).with_numbering(Numbering::Scipy);
    let cutoffs: Vec<f64> = (1..=9_u8).map(|tenths| f64::from(tenths) / 10.0).collect();
    for step in sweep(&*source, &config, &cutoffs, &())?.steps {
        let text: Vec<String> = step.labels.as_slice().iter().map(ToString::to_string).collect();
        println!("{} {} {}", step.cutoff, step.labels.count(), text.join(" "));
    }
    Ok(())
}
