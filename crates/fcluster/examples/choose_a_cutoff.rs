//! Chooses a cutoff: the plateaus of the number of clusters with the widest gaps, and how alike the clusterings of
//! neighbouring ones are. `cargo run -p fcluster --example choose_a_cutoff`

use fcluster::{Agreement, Numbering, Sweep};
use hclust::{Method, Metric, Points, linkage_points};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Four groups of points on a line, two of them near each other.
    let points: Vec<f64> = [0.0, 10.0, 13.0, 30.0]
        .iter()
        .flat_map(|center| (0..10_i32).map(move |k| center + 0.1 * f64::from(k * k % 11)))
        .collect();
    let tree = linkage_points(Points::new(points.len(), &points)?, Method::Average, Metric::Euclidean)?;
    let sweep = Sweep::new(&tree)?;
    println!("clusters   from     to    gap   agreement with the one before (adjusted Rand)");
    let mut before: Option<fcluster::Labels> = None;
    for clusters in (1..=8).rev() {
        // A number that ties pass over has no cutoff.
        let Ok(plateau) = sweep.plateau(clusters) else { continue };
        let labels = sweep.labels(plateau.cutoff(), Numbering::Lowest)?;
        let (low, high) = plateau.range();
        print!("{clusters:8} {low:6.2} {high:6.2} {:6.2}", plateau.gap());
        if let Some(before) = &before {
            print!("   {:.3}", Agreement::new(labels.as_slice(), before.as_slice())?.adjusted_rand_score());
        }
        println!();
        before = Some(labels);
    }
    if let Some(widest) = sweep.widest(2..=8) {
        println!("the widest gap leaves {} clusters: cut at {:.2}", widest.clusters(), widest.cutoff());
    }
    Ok(())
}
