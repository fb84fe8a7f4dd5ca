//! Labels in the order of SciPy's walk, by two passes over the rows instead of the walk.

use crate::tree::Node;
use crate::{Labels, Numbering, Tree};
use hclust::Float;

/// Marks a node that lies in a cluster; the other bits are its label. Labels are below 2³¹.
const INSIDE: u32 = 1 << 31;

/// Labels of the clusters that `joins` makes, 1..=k.
///
/// `joins(row, node, children)` says whether the node is a cluster unless one above it is; `children`, whether both of
/// its children would be. SciPy walks from the root, enters merged children first, left before right, and numbers a
/// cluster when it enters it, an observation on its own when it leaves its parent. So where a node's numbers begin
/// follows from how many its siblings take: counted upwards, handed out downwards, with no walk and no stack. `O(n)`.
pub(crate) fn number<T: Float>(tree: &Tree<'_, T>, joins: impl Fn(usize, &Node, bool) -> bool) -> Labels {
    let n = tree.n();
    // Of each merge, the labels under it: 1 if it joins, else at least 2. On the way down, those handed out before it.
    let mut marks: Vec<u32> = Vec::with_capacity(n - 1);
    for (row, node) in tree.nodes().enumerate() {
        let [left, right] = node.children().map(|child| child.checked_sub(n).map_or(1, |row| marks[row]));
        let joined = joins(row, &node, left == 1 && right == 1);
        marks.push(if joined { 1 } else { left + right });
    }
    let count = marks.last().map_or(1, |&count| count as usize);
    let mut labels = vec![1; n];
    if let Some(root) = marks.last_mut() {
        *root = if *root == 1 { INSIDE | 1 } else { 0 };
    }
    // A child's mark still is its count when its parent is met, for parents stand below their children.
    for (row, node) in tree.nodes().enumerate().rev() {
        let mark = marks[row];
        if mark & INSIDE != 0 {
            for child in node.children() {
                match child.checked_sub(n) {
                    Some(row) => marks[row] = mark,
                    None => labels[child] = mark & !INSIDE,
                }
            }
            continue;
        }
        let mut next = mark;
        for row in node.children().into_iter().filter_map(|child| child.checked_sub(n)) {
            let taken = marks[row];
            marks[row] = if taken == 1 { INSIDE | (next + 1) } else { next };
            next += taken;
        }
        for child in node.children().into_iter().filter(|&child| child < n) {
            next += 1;
            labels[child] = next;
        }
    }
    Labels::new(labels, count, Numbering::Scipy)
}
