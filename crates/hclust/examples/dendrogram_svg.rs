//! From points to a picture: linkage, the best order of the leaves, the last merges, as SVG on standard output.
//! `cargo run --example dendrogram_svg > dendrogram.svg`

use hclust::{Color, Error, Layout, Method, Metric, Points, Truncate, linkage, optimal_leaf_ordering, pdist};
use std::fmt::Write as _;

const COLORS: [&str; 6] = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"];

fn main() -> Result<(), Error> {
    // Three arms of a spiral.
    let x: Vec<f64> = (0..90)
        .flat_map(|i| {
            let (arm, at) = (f64::from(i % 3), f64::from(i / 3) / 30.0);
            let angle = arm * 2.1 + 2.0 * at;
            [(0.3 + at) * angle.cos(), (0.3 + at) * angle.sin()]
        })
        .collect();
    let d = pdist(Points::new(90, &x)?, Metric::Euclidean)?;
    let tree = optimal_leaf_ordering(&linkage(d.clone(), Method::Single)?, &d)?;
    let drawing = tree.layout(&Layout { truncate: Truncate::LastP(40), ..Layout::default() });

    let greatest = drawing.dcoord.iter().flatten().copied().fold(0.0, f64::max);
    let (width, height) = (10.0 * drawing.leaves.len() as f64, 240.0);
    let y = |value: f64| 10.0 + height * (1.0 - value / greatest);
    let mut svg = format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {}'>\n", height + 60.0);
    for ((places, heights), color) in drawing.icoord.iter().zip(&drawing.dcoord).zip(&drawing.color_list) {
        let points: Vec<String> =
            places.iter().zip(heights).map(|(place, value)| format!("{place},{:.2}", y(*value))).collect();
        let color = match color {
            Color::Above => "#555",
            Color::Group(group) => COLORS[group % COLORS.len()],
        };
        let _ = writeln!(svg, "<polyline fill='none' stroke='{color}' points='{}'/>", points.join(" "));
    }
    for (at, label) in drawing.ivl(&tree).iter().enumerate() {
        let place = 10 * at + 8;
        let _ = writeln!(
            svg,
            "<text font-size='7' text-anchor='end' transform='translate({place},{}) rotate(-90)'>{label}</text>",
            y(0.0) + 4.0
        );
    }
    println!("{svg}</svg>");
    Ok(())
}
