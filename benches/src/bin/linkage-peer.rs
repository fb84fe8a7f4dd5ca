//! One linkage, one file, one process, for `cargo xtask compare linkage`:
//! `linkage-peer NAME METHOD FILE OUTPUT` prints `ready`, waits for a line, prints `seconds …`;
//! `linkage-peer input KIND N FILE` makes the file. For
//! `cargo xtask compare growth`: `linkage-peer growth METHOD N STORAGE` prints `seconds …` of a random matrix, and
//! `linkage-peer cancel METHOD N STORAGE` prints how many milliseconds runs took to return after they were cancelled.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "inputs are narrowed on purpose"
)]

use hclust::{Condensed, Dendrogram, Float, Method, Scratch, Stop, Storage, linkage_below_with, linkage_with};
use std::error::Error;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, what, third, output] = arguments.as_slice() else {
        return Err("NAME METHOD FILE OUTPUT".into());
    };
    if name == "input" {
        return Ok(std::fs::write(output, bytemuck::cast_slice(&input(what, third.parse()?)?))?);
    }
    if name == "growth" || name == "cancel" {
        let (method, n) = (what.parse()?, third.parse()?);
        let storage = match output.as_str() {
            "square" => Storage::Square,
            "tight" => Storage::Tight,
            _ => Storage::InPlace,
        };
        return if name == "growth" { growth(method, n, storage) } else { cancel(method, n, storage) };
    }
    // Straight into floats, so that the peak is the linkage's.
    let mut file = std::fs::File::open(third)?;
    let mut values = vec![0.0_f64; usize::try_from(file.metadata()?.len() / 8)?];
    file.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    let method: Method = what.parse()?;
    let rows = match name.as_str() {
        "kodama" => kodama(values, method)?,
        "hclust" => ours(values, method, Storage::Square)?,
        "hclust-tight" => ours(values, method, Storage::Tight)?,
        "hclust-in-place" => ours(values, method, Storage::InPlace)?,
        "hclust-ties" => ties(values, method)?,
        "hclust-f32" => {
            let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            drop(values);
            ours(narrow, method, Storage::Square)?
        }
        other => return Err(format!("no contender {other}").into()),
    };
    Ok(std::fs::write(output, bytemuck::cast_slice(&rows))?)
}

/// The input is loaded: waits until it is time to begin.
fn ready() -> Result<(), Box<dyn Error>> {
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

fn ours<T: Float>(values: Vec<T>, method: Method, storage: Storage) -> Result<Vec<[f64; 4]>, Box<dyn Error>> {
    let condensed = Condensed::from_values(values)?;
    ready()?;
    let start = Instant::now();
    let tree: Dendrogram<T> = linkage_with(&mut Scratch::new().with_storage(storage), condensed, method, &())?;
    println!("seconds {}", start.elapsed().as_secs_f64());
    Ok(tree.rows().collect())
}

/// The whole tree with every merge looked at for ties; methods that have no forest run as they do without.
fn ties(values: Vec<f64>, method: Method) -> Result<Vec<[f64; 4]>, Box<dyn Error>> {
    if !method.is_reducible() {
        return ours(values, method, Storage::Square);
    }
    let condensed = Condensed::from_values(values)?;
    ready()?;
    let start = Instant::now();
    let forest = linkage_below_with(&mut Scratch::new(), condensed, method, f64::INFINITY, Stop::Never, &())?;
    println!("seconds {}", start.elapsed().as_secs_f64());
    let tree = Dendrogram::new(forest.n(), forest.merges().to_vec())?;
    Ok(tree.rows().collect())
}

/// One run on a random matrix.
fn growth(method: Method, n: usize, storage: Storage) -> Result<(), Box<dyn Error>> {
    let condensed = Condensed::new(n, testkit::random_condensed(n, 1))?;
    ready()?;
    let start = Instant::now();
    let tree = linkage_with(&mut Scratch::new().with_storage(storage), condensed, method, &())?;
    println!("seconds {}", start.elapsed().as_secs_f64());
    assert_eq!(tree.merges().len(), n - 1);
    Ok(())
}

/// Cancels runs at ten places, from another thread.
fn cancel(method: Method, n: usize, storage: Storage) -> Result<(), Box<dyn Error>> {
    let condensed = Condensed::new(n, testkit::random_condensed(n, 1))?;
    let run = |after: Option<Duration>| -> Result<Duration, Box<dyn Error>> {
        let (condensed, stop) = (condensed.clone(), AtomicBool::new(false));
        let mut scratch = Scratch::new().with_storage(storage);
        let watch = |_, _| match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        std::thread::scope(|scope| {
            let begin = Instant::now();
            let worker = scope.spawn(|| {
                let result = linkage_with(&mut scratch, condensed, method, &watch);
                (result.map(|_| ()), Instant::now())
            });
            let Some(after) = after else {
                let (result, end) = worker.join().map_err(|_| "a thread has panicked")?;
                result?;
                return Ok(end - begin);
            };
            std::thread::sleep(after);
            stop.store(true, Ordering::Relaxed);
            let asked = Instant::now();
            match worker.join().map_err(|_| "a thread has panicked")? {
                (Err(hclust::Error::Cancelled), end) => Ok(end - asked),
                // It was done before.
                _ => Ok(Duration::ZERO),
            }
        })
    };
    let whole = run(None)?;
    let mut latencies = Vec::new();
    for part in 0..10_u32 {
        latencies.push(run(Some(whole * (2 * part + 1) / 20))?.as_secs_f64() * 1e3);
    }
    latencies.sort_by(f64::total_cmp);
    println!("milliseconds {:.1} median, {:.1} most", latencies[5], latencies[9]);
    Ok(())
}

fn kodama(values: Vec<f64>, method: Method) -> Result<Vec<[f64; 4]>, Box<dyn Error>> {
    let condensed = Condensed::from_values(values)?;
    let n = condensed.n();
    let mut values = condensed.into_values();
    let method = method.name().parse()?;
    ready()?;
    let start = Instant::now();
    let tree = kodama::linkage(&mut values, n, method);
    println!("seconds {}", start.elapsed().as_secs_f64());
    let number = |count: usize| count as f64;
    let row = |s: &kodama::Step<f64>| [number(s.cluster1), number(s.cluster2), s.dissimilarity, number(s.size)];
    Ok(tree.steps().iter().map(row).collect())
}

/// A condensed matrix: uniform, whole numbers with many ties, correlated groups, or real activations from a file.
fn input(kind: &str, n: usize) -> Result<Vec<f64>, Box<dyn Error>> {
    Ok(match kind {
        "random" => testkit::random_condensed(n, 1),
        "tied" => testkit::random_condensed(n, 1).into_iter().map(|v| (v * 100.0).ceil()).collect(),
        "block" => {
            let values: Vec<f32> = testkit::activations(200, n, n / 25, 2).iter().map(|&v| v as f32).collect();
            benches::dissimilarities(&values, 200, n)
        }
        file => {
            let source = activations::open(file)?;
            let (tokens, neurons) = (source.tokens(), source.neurons());
            let mut scratch = activations::Scratch::default();
            let block = source.block(0..tokens, &mut scratch)?;
            let activations::Values::F32(values) = block.values else { return Err("f32 is meant".into()) };
            let n = n.min(neurons);
            let first: Vec<f32> = values.chunks(neurons).flat_map(|row| &row[..n]).copied().collect();
            benches::dissimilarities(&first, tokens, n)
        }
    })
}
