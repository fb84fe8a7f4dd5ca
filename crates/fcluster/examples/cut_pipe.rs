//! Cuts and statistics as a filter for other programs: reads trees from standard input, writes all that this crate makes of
//! them to standard output. What `xtask/python/tests/test_cut.py` holds to SciPy.
//!
//! A tree is n, a depth, a number q of cutoffs and a number m of counts (as `u64`), the n − 1 rows of Z, a criterion's n − 1
//! values, q cutoffs (`f64`) and m counts (`u64`). Answers are, in order: SciPy's labels (n `u32`s each) by distance,
//! inconsistency and criterion at each cutoff, by the two `maxclust` and by `cut_tree` for each count, by `cut_tree` at each
//! cutoff if no height goes down; statistics, four columns, then the greatest heights, coefficients and values of each column (`f64`); and for the
//! cut by distance at the first cutoff the number of leaders, their nodes, their labels (`u32`). All little-endian.

use fcluster::{
    Criterion, CutAt, Labels, Numbering, Sweep, Tree, cut_tree, fcluster, inconsistent, leaders, max_r_stat,
    maxdists, maxinconsts,
};
use std::error::Error;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut output = BufWriter::new(std::io::stdout().lock());
    loop {
        let mut first = [0; 8];
        match input.read_exact(&mut first) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            other => other?,
        }
        let n = usize::try_from(u64::from_le_bytes(first))?;
        let [depth, cutoffs, counts] = [count(&mut input)?, count(&mut input)?, count(&mut input)?];
        let z = floats(&mut input, 4 * (n - 1))?;
        let values = floats(&mut input, n - 1)?;
        let cutoffs = floats(&mut input, cutoffs)?;
        let counts = (0..counts).map(|_| count(&mut input)).collect::<Result<Vec<_>>>()?;
        answer(z.as_chunks::<4>().0, depth, &values, &cutoffs, &counts, &mut output)?;
    }
    Ok(output.flush()?)
}

fn answer(
    rows: &[[f64; 4]],
    depth: usize,
    values: &[f64],
    cutoffs: &[f64],
    counts: &[usize],
    output: &mut impl Write,
) -> Result<()> {
    let tree = Tree::from_rows(rows)?;
    let mut write = |labels: &Labels| labels.as_slice().iter().try_for_each(|&label| put(output, label));
    let mut cut = |criterion| write(&fcluster(tree, criterion, Numbering::Scipy)?);
    cutoffs.iter().try_for_each(|&cutoff| cut(Criterion::Distance(cutoff)))?;
    cutoffs.iter().try_for_each(|&cutoff| cut(Criterion::Inconsistent { cutoff, depth }))?;
    cutoffs.iter().try_for_each(|&cutoff| cut(Criterion::Monocrit { cutoff, values }))?;
    counts.iter().try_for_each(|&most| cut(Criterion::MaxClust(most)))?;
    counts.iter().try_for_each(|&clusters| cut(Criterion::MaxClustMonocrit { clusters, values }))?;
    cut_tree(tree, CutAt::Clusters(counts))?.iter().try_for_each(&mut write)?;
    if Sweep::new(tree).is_ok() {
        cut_tree(tree, CutAt::Heights(cutoffs))?.iter().try_for_each(&mut write)?;
    }
    let statistics = inconsistent(tree, depth)?;
    let mut greatest = maxdists(tree);
    greatest.extend(maxinconsts(tree, &statistics)?);
    for column in 0..4 {
        greatest.extend(max_r_stat(tree, &statistics, column)?);
    }
    for value in statistics.iter().flatten().chain(&greatest) {
        output.write_all(&value.to_le_bytes())?;
    }
    let labels = fcluster(tree, Criterion::Distance(cutoffs[0]), Numbering::Scipy)?;
    let (nodes, labels) = leaders(tree, labels.as_slice())?;
    put(output, u32::try_from(nodes.len())?)?;
    nodes.iter().try_for_each(|&node| put(output, u32::try_from(node)?))?;
    labels.iter().try_for_each(|&label| put(output, label))
}

fn put(output: &mut impl Write, number: u32) -> Result<()> {
    Ok(output.write_all(&number.to_le_bytes())?)
}

fn count(input: &mut impl Read) -> Result<usize> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(usize::try_from(u64::from_le_bytes(bytes))?)
}

fn floats(input: &mut impl Read, count: usize) -> Result<Vec<f64>> {
    let mut bytes = vec![0; 8 * count];
    input.read_exact(&mut bytes)?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|&value| f64::from_le_bytes(value)).collect())
}
