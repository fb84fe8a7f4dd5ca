//! Cuts of one tree in one process, for `cargo xtask compare cut`: `cut-peer cut FILE OUTPUT` prints `TASK seconds …` a
//! line and writes all labels; `cut-peer tree N FILE` makes a random tree, as raw rows of Z.

use fcluster::{Criterion, Labels, Numbering, Sweep, Tree, fcluster, inconsistent, leaders, maxdists};
use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, first, second] = arguments.as_slice() else {
        return Err("cut FILE OUTPUT, or tree N FILE".into());
    };
    if name == "tree" {
        return Ok(std::fs::write(second, bytemuck::cast_slice(&tree(first.parse()?)))?);
    }
    let bytes = std::fs::read(first)?;
    let z: Vec<[f64; 4]> = bytes.as_chunks::<32>().0.iter().map(|row| bytemuck::cast(*row)).collect();
    let mut output = std::io::BufWriter::new(std::fs::File::create(second)?);
    let mut write = |labels: &Labels| output.write_all(bytemuck::cast_slice(labels.as_slice()));

    let (n, values) = (z.len() + 1, z.iter().map(|row| row[3]).collect::<Vec<f64>>());
    let middle = z[n / 2][2];
    // What SciPy checks in every call is checked in every call.
    let criteria = [
        ("distance", Criterion::Distance(middle)),
        ("maxclust", Criterion::MaxClust(n / 1000)),
        ("inconsistent", Criterion::Inconsistent { cutoff: 0.8, depth: 2 }),
        ("monocrit", Criterion::Monocrit { cutoff: 100.0, values: &values }),
        ("maxclust_monocrit", Criterion::MaxClustMonocrit { clusters: n / 1000, values: &values }),
    ];
    for (task, criterion) in criteria {
        let labels = timed(task, || fcluster(Tree::from_rows(&z)?, criterion, Numbering::Scipy))?;
        write(&labels)?;
    }
    let cutoffs: Vec<f64> = (1..=100).map(|k| z[k * (n - 2) / 100][2]).collect();
    let labels = timed("sweep of 100", || {
        let sweep = Sweep::new(Tree::from_rows(&z)?)?;
        cutoffs.iter().map(|&cutoff| sweep.labels(cutoff, Numbering::Scipy)).collect::<Result<Vec<_>, _>>()
    })?;
    labels.iter().try_for_each(&mut write)?;
    timed("statistics: inconsistent", || inconsistent(Tree::from_rows(&z)?, 2))?;
    timed("statistics: maxdists", || Ok(maxdists(Tree::from_rows(&z)?)))?;
    timed("statistics: leaders", || leaders(Tree::from_rows(&z)?, labels[49].as_slice()))?;
    Ok(())
}

fn timed<R>(task: &str, work: impl FnOnce() -> Result<R, fcluster::Error>) -> Result<R, fcluster::Error> {
    let start = Instant::now();
    let result = work()?;
    println!("{task} seconds {}", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Any two of the clusters that there are, merged at rising heights.
#[expect(clippy::cast_precision_loss, reason = "nodes are numbered below 2^53")]
fn tree(n: usize) -> Vec<[f64; 4]> {
    let mut rng = testkit::Rng::new(1);
    let mut heights: Vec<f64> = (1..n).map(|_| rng.uniform()).collect();
    heights.sort_by(f64::total_cmp);
    let mut live: Vec<(usize, f64)> = (0..n).map(|node| (node, 1.0)).collect();
    let mut rows = Vec::with_capacity(n - 1);
    for (row, height) in heights.into_iter().enumerate() {
        let (x, of_x) = live.swap_remove(rng.below(live.len()));
        let (y, of_y) = live.swap_remove(rng.below(live.len()));
        rows.push([x.min(y) as f64, x.max(y) as f64, height, of_x + of_y]);
        live.push((n + row, of_x + of_y));
    }
    rows
}
