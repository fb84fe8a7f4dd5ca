//! Linkage as a filter for other programs: reads matrices from standard input, writes Z by all seven methods to standard
//! output. What `xtask/python/tests/test_linkage.py` holds to SciPy.
//!
//! A matrix is n (as `u64`) and its n (n − 1) / 2 condensed values (`f64`); a Z is n − 1 rows of four `f64`, the methods
//! in the order of [`Method::ALL`]; all little-endian. Matrices take turns in the storages.

use hclust::{Condensed, Method, Scratch, Storage, linkage_with};
use std::error::Error;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut output = BufWriter::new(std::io::stdout().lock());
    let mut engines =
        [Storage::Square, Storage::Tight, Storage::InPlace].map(|storage| Scratch::new().with_storage(storage));
    for turn in 0.. {
        let mut n = [0; 8];
        match input.read_exact(&mut n) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            other => other?,
        }
        let n = usize::try_from(u64::from_le_bytes(n))?;
        let mut bytes = vec![0; n * n.saturating_sub(1) / 2 * 8];
        input.read_exact(&mut bytes)?;
        let values = bytes.as_chunks::<8>().0.iter().map(|&value| f64::from_le_bytes(value)).collect();
        let condensed = Condensed::new(n, values)?;
        for method in Method::ALL {
            let tree = linkage_with(&mut engines[turn % 3], condensed.clone(), method, &())?;
            for value in tree.rows().flatten() {
                output.write_all(&value.to_le_bytes())?;
            }
        }
    }
    Ok(output.flush()?)
}
