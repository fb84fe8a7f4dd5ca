//! Coordinates for drawing a dendrogram: what SciPy's `dendrogram(no_plot=True)` gives, without recursion.

use crate::{Dendrogram, Float};

/// Which merges of a large dendrogram are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Truncate {
    /// All.
    #[default]
    None,
    /// The last `p − 1` only, over `p` leaves that stand for what is below: SciPy's `truncate_mode="lastp"`. All, if `p` is
    /// 0 or more than n.
    LastP(usize),
    /// Those no more than `p` levels below the root: SciPy's `"level"`. All, if `p` is 0. (As in SciPy, the first merge of
    /// all is never cut off.)
    Level(usize),
}

/// Which of two parts is drawn on the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sort {
    /// The merge's own `left`.
    #[default]
    None,
    /// That with fewer observations: SciPy's `count_sort="ascending"`.
    CountAscending,
    /// That with more.
    CountDescending,
    /// That with the lower height: SciPy's `distance_sort="ascending"`.
    DistanceAscending,
    /// That with the greater height.
    DistanceDescending,
}

/// How a dendrogram is to be laid out; `Layout::default()` is SciPy's default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Layout {
    /// What is left out.
    pub truncate: Truncate,
    /// What comes first.
    pub sort: Sort,
    /// Links below this height are coloured by group; by default 0.7 times the greatest height.
    pub color_threshold: Option<f64>,
}

/// The colour of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// Of a link that is not below the threshold: SciPy's `"C0"`.
    Above,
    /// Of a group of links below it, from 0, left to right: SciPy's `"C1"`, `"C2"`, …, which begin anew after its palette.
    Group(usize),
}

/// A dendrogram laid out: leaves ten apart, from 5 on; heights upwards. Field names are SciPy's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    /// Of each link the four places along the leaves: left foot, left shoulder, right shoulder, right foot.
    pub icoord: Vec<[f64; 4]>,
    /// Of each link the four heights.
    pub dcoord: Vec<[f64; 4]>,
    /// Of each link its colour.
    pub color_list: Vec<Color>,
    /// Of each link the node that it makes.
    pub nodes: Vec<usize>,
    /// The nodes at the leaves, left to right: observations, or merges that stand for what is below them.
    pub leaves: Vec<usize>,
    /// Of each leaf the colour of the link that it hangs on.
    pub leaves_color_list: Vec<Option<Color>>,
    /// Place and height of each merge that is left out: SciPy's contraction marks.
    pub contractions: Vec<[f64; 2]>,
}

/// A node whose link is being laid out.
struct Frame {
    node: usize,
    /// Where its first leaf begins.
    start: f64,
    level: usize,
    stage: Stage,
}

enum Stage {
    New,
    /// The left part is laid out next; the right part waits.
    Left {
        right: usize,
    },
    /// The right part is laid out next.
    Right {
        left: Part,
        color: Color,
    },
}

/// A part that is laid out: where its link stands, how wide and how high it is.
#[derive(Clone, Copy, Default)]
struct Part {
    place: f64,
    width: f64,
    height: f64,
}

impl<T: Float> Dendrogram<T> {
    /// Lays the dendrogram out for drawing: SciPy's `dendrogram(Z, no_plot=True)`, the same numbers in the same order.
    /// `O(n)` time and memory, however deep the tree is (SciPy recurses; scipy#7271).
    ///
    /// ```
    /// use hclust::{Condensed, Layout, Method, linkage};
    /// let tree = linkage(Condensed::from_values(vec![4.0, 1.0, 5.0])?, Method::Single)?; // 0–2 first, then 1
    /// let drawing = tree.layout(&Layout::default());
    /// assert_eq!(drawing.leaves, [1, 0, 2]);
    /// assert_eq!(drawing.icoord, [[15.0, 15.0, 25.0, 25.0], [5.0, 5.0, 20.0, 20.0]]);
    /// assert_eq!(drawing.dcoord, [[0.0, 1.0, 1.0, 0.0], [0.0, 4.0, 4.0, 1.0]]);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    #[must_use]
    pub fn layout(&self, layout: &Layout) -> Drawing {
        let mut drawing = Drawing::default();
        let greatest = self.merges().iter().map(|merge| merge.height.into()).fold(f64::NEG_INFINITY, f64::max);
        let threshold = layout.color_threshold.unwrap_or(greatest * 0.7);
        let (mut group, mut is_below) = (0, false);
        let root = self.to_tree().id();
        let mut done = Part::default();
        let mut pending = vec![Frame { node: root, start: 0.0, level: 0, stage: Stage::New }];
        while let Some(frame) = pending.last_mut() {
            let (node, start, level) = (frame.node, frame.start, frame.level);
            let merge = node.checked_sub(self.n()).and_then(|row| self.merges().get(row));
            let Some(merge) = merge.filter(|_| !self.is_cut(layout.truncate, node, level)) else {
                drawing.leaves.push(node);
                self.contract(node, start + 5.0, &mut drawing.contractions);
                done = Part { place: start + 5.0, width: 10.0, height: 0.0 };
                pending.pop();
                continue;
            };
            let height = merge.height.into();
            match frame.stage {
                Stage::New => {
                    let [left, right] = self.sorted_parts(layout.sort, [merge.left, merge.right]);
                    frame.stage = Stage::Left { right };
                    pending.push(Frame { node: left, start, level: level + 1, stage: Stage::New });
                }
                Stage::Left { right } => {
                    // SciPy colours a link between its parts: a group ends with the first link above the threshold.
                    let above = height >= threshold || threshold <= 0.0;
                    group += usize::from(above && is_below);
                    is_below = !above;
                    let color = if above { Color::Above } else { Color::Group(group) };
                    frame.stage = Stage::Right { left: done, color };
                    let start = start + done.width;
                    pending.push(Frame { node: right, start, level: level + 1, stage: Stage::New });
                }
                Stage::Right { left, color } => {
                    drawing.icoord.push([left.place, left.place, done.place, done.place]);
                    drawing.dcoord.push([left.height, height, height, done.height]);
                    drawing.color_list.push(color);
                    drawing.nodes.push(node);
                    done = Part {
                        place: f64::midpoint(left.place, done.place),
                        width: left.width + done.width,
                        height,
                    };
                    pending.pop();
                }
            }
        }
        drawing.color_leaves();
        drawing
    }

    /// Whether a merge stands for what is below it.
    fn is_cut(&self, truncate: Truncate, node: usize, level: usize) -> bool {
        match truncate {
            Truncate::None => false,
            Truncate::LastP(p) => node < 2 * self.n() - if p == 0 { self.n() } else { p.min(self.n()) },
            Truncate::Level(p) => p > 0 && level > p && node > self.n(),
        }
    }

    fn sorted_parts(&self, sort: Sort, [a, b]: [usize; 2]) -> [usize; 2] {
        let of = |node: usize| self.node(node).map_or((1, 0.0), |node| (node.count(), node.dist().into()));
        let ((count_a, height_a), (count_b, height_b)) = (of(a), of(b));
        let swap = match sort {
            Sort::None => false,
            Sort::CountAscending => count_a > count_b,
            Sort::CountDescending => count_a <= count_b,
            Sort::DistanceAscending => height_a > height_b,
            Sort::DistanceDescending => height_a <= height_b,
        };
        if swap { [b, a] } else { [a, b] }
    }

    /// Marks the merges below a leaf that stands for some.
    fn contract(&self, node: usize, place: f64, marks: &mut Vec<[f64; 2]>) {
        let mut pending = vec![node];
        while let Some(below) = pending.pop() {
            let Some(merge) = below.checked_sub(self.n()).and_then(|row| self.merges().get(row)) else {
                continue;
            };
            if below != node {
                marks.push([place, merge.height.into()]);
            }
            pending.extend([merge.right, merge.left]);
        }
    }
}

impl Drawing {
    /// The labels of the leaves: an observation's number, or in brackets how many observations a leaf stands for.
    /// SciPy's `ivl`. The dendrogram must be the one that was laid out.
    #[must_use]
    pub fn ivl<T: Float>(&self, tree: &Dendrogram<T>) -> Vec<String> {
        let label = |&leaf: &usize| match tree.node(leaf) {
            Some(node) if !node.is_leaf() => format!("({})", node.count()),
            _ => leaf.to_string(),
        };
        self.leaves.iter().map(label).collect()
    }

    /// A foot at height 0 at the place of a leaf is that leaf's link; of several, the last, as in SciPy.
    fn color_leaves(&mut self) {
        self.leaves_color_list = vec![None; self.leaves.len()];
        for ((places, heights), &color) in self.icoord.iter().zip(&self.dcoord).zip(&self.color_list) {
            for (place, height) in places.iter().zip(heights) {
                if *height == 0.0 && place % 5.0 == 0.0 && place % 2.0 == 1.0 {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "5, 15, 25, …")]
                    let leaf = (*place as usize).saturating_sub(5) / 10;
                    if let Some(to) = self.leaves_color_list.get_mut(leaf) {
                        *to = Some(color);
                    }
                }
            }
        }
    }
}
