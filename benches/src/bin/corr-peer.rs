//! Correlations of one file in one process, for `cargo xtask compare corr`: `corr-peer TASK FILE THRESHOLD [TOKENS]` prints
//! `TASK seconds …` a line (mapping the file not counted), for the first so many tokens. `screen` finds the pairs above the
//! threshold, `screen-all` asks the bytes about every pair over all tokens (`screen-all-LEVEL` at another level), `dense`,
//! `dense-f32` and `dense-single` (products of pieces in f32, sums in f64) make the condensed matrix, `dense-square` the square;
//! `product` and `product-f32` are what of that is the second pass: standardising, and all products, in memory that has been touched. `peaks` says how long as many
//! multiply-adds would take that touch nothing but registers. `check` holds the screen's pairs to the matrix and to the defined kernel.

use activations::{Layout, Scratch, Values};
use neurocorr::{
    Columns, Correlations, CrossProducts, Dense, Level, Measure, Moments, NonFinite, Order, Precision, Screen,
    ScreenOptions, Sign, TOKEN_BLOCK, condensed_index, correlations, error_bound, pair_correlation,
};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, file, threshold, most @ ..] = arguments.as_slice() else {
        return Err("TASK FILE THRESHOLD [TOKENS]".into());
    };
    let source = activations::open(std::path::Path::new(file))?;
    let mut scratch = Scratch::default();
    let most = most.first().map_or(Ok(usize::MAX), |most| most.parse())?;
    let block = source.block(0..source.tokens().min(most), &mut scratch)?;
    let (Values::F32(values), Layout::RowMajor { stride }) = (block.values, block.layout) else {
        return Err("rows of f32 wanted".into());
    };
    let block_of = |most: usize| {
        Columns::with_stride(values, block.tokens.min(most), block.neurons, Order::RowMajor, stride)
    };
    let columns = block_of(usize::MAX)?;
    // Every page once: NumPy's input is in its memory before its time begins.
    std::hint::black_box(values.iter().step_by(512).sum::<f32>());
    let threshold: f64 = threshold.parse()?;
    let options = ScreenOptions::new();
    match task.as_str() {
        "screen" => {
            let start = Instant::now();
            let screen = timed("prepare", || Screen::new(&columns, &options))?;
            timed("pairs", || Ok(screen.pairs_above(threshold, Sign::Absolute)?.collect_pairs().len()))?;
            println!("screen seconds {}", start.elapsed().as_secs_f64());
        }
        "screen-all" => all_pairs(task, &columns, threshold, options)?,
        "dense" => {
            let matrix = || Ok(correlations(&columns, NonFinite::Error)?.into_condensed(Measure::Correlation));
            timed("dense", matrix)?;
        }
        "dense-f32" => {
            let dense = Dense::<f32>::with_precision();
            timed("dense-f32", || dense.condensed(&columns, Measure::Correlation))?;
        }
        "dense-single" => {
            timed("dense-single", || {
                Dense::new().condensed_of_single_products(&columns, Measure::Correlation)
            })?;
        }
        "dense-square" => {
            timed("dense-square", || Dense::new().square(&columns, Measure::Correlation))?;
        }
        "product" => second_pass::<f64>(task, &columns, &block_of(TOKEN_BLOCK)?)?,
        "product-f32" => second_pass::<f32>(task, &columns, &block_of(TOKEN_BLOCK)?)?,
        "peaks" => {
            let (n, tokens) = (columns.neurons() as f64, columns.tokens() as f64);
            for (what, rate) in benches::peak::peaks() {
                println!("{what} seconds {}", n * (n + 1.0) / 2.0 * tokens / rate);
            }
        }
        "check" => check(&columns, threshold)?,
        task => match task.strip_prefix("screen-all-") {
            // Nothing where this processor has no such level.
            Some(name) => {
                for level in Level::available().filter(|level| level.name() == name) {
                    all_pairs(task, &columns, threshold, options.level(level))?;
                }
            }
            None => return Err(format!("there is no task {task}").into()),
        },
    }
    Ok(())
}

/// The bytes of all pairs over all tokens.
fn all_pairs(
    task: &str,
    columns: &Columns<'_, f32>,
    threshold: f64,
    options: ScreenOptions,
) -> Result<(), neurocorr::Error> {
    let screen = Screen::new(columns, &options.early_stop(false))?;
    let tiles = || Ok(screen.pairs_maybe_above(threshold, Sign::Absolute)?.map(|tile| tile.pairs.len()).sum());
    timed::<usize>(task, tiles).map(drop)
}

/// The second pass over all tokens, its moments made before, and its memory touched: one block of tokens goes through all of it. (What new pages
/// take is in `dense`.)
fn second_pass<P: Precision>(
    task: &str,
    columns: &Columns<'_, f32>,
    block: &Columns<'_, f32>,
) -> Result<(), neurocorr::Error> {
    let mut products = CrossProducts::<P>::with_precision(&Moments::of(columns), NonFinite::Error)?;
    products.push(block)?;
    timed(task, || products.push(columns))
}

fn timed<R>(task: &str, work: impl FnOnce() -> Result<R, neurocorr::Error>) -> Result<R, neurocorr::Error> {
    let start = Instant::now();
    let result = work()?;
    println!("{task} seconds {}", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Every pair that the dense matrix puts above the threshold, by more than two bounds, must be found, and none below; the
/// value of each must be the defined kernel's, to the last bit.
fn check(columns: &Columns<'_, f32>, threshold: f64) -> Result<(), Box<dyn Error>> {
    let n = columns.neurons();
    let screen = Screen::new(columns, &ScreenOptions::new())?;
    let candidates: usize =
        screen.pairs_maybe_above(threshold, Sign::Absolute)?.map(|tile| tile.pairs.len()).sum();
    let pairs = screen.pairs_above(threshold, Sign::Absolute)?.collect_pairs();
    drop(screen);
    let dense = correlations(columns, NonFinite::Error)
        .map(|r: Correlations| r.into_condensed(Measure::Correlation))?;
    let slack = 2.0 * error_bound(columns.tokens());
    let mut found = vec![false; dense.len()];
    for pair in &pairs {
        let at = condensed_index(n, pair.first, pair.second).ok_or("no such pair")?;
        found[at] = true;
        let [x, y] = [pair.first, pair.second].map(|neuron| columns.neuron(neuron).collect::<Vec<f32>>());
        let same = pair_correlation(&x, &y)?.to_bits() == pair.correlation.to_bits();
        if !same || (dense[at] - pair.correlation).abs() > slack {
            return Err(format!("{pair:?} is not the defined value, or not near {}", dense[at]).into());
        }
    }
    let wrong = dense
        .iter()
        .zip(&found)
        .position(|(r, &found)| if found { r.abs() < threshold - slack } else { r.abs() >= threshold + slack });
    if let Some(at) = wrong {
        return Err(format!("pair {at} of correlation {} is on the wrong side", dense[at]).into());
    }
    println!("{candidates} candidates, {} pairs of {}", pairs.len(), dense.len());
    Ok(())
}
