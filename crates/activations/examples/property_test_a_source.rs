//! Property-tests a source of one's own, every second neuron of another one, with this crate's strategies:
//! `cargo run --example property_test_a_source --features proptest`.

use activations::testing::{Matrix, matrices};
use activations::{Block, Dtype, Error, InMemory, Layer, Layout, Scratch, Source, Values};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::ops::Range;

/// The even neurons of a matrix in memory.
struct EvenNeurons<'a> {
    matrix: &'a Matrix,
    layer: [Layer; 1],
    thinned: Vec<f64>,
}

impl<'a> EvenNeurons<'a> {
    fn new(matrix: &'a Matrix) -> Self {
        let neurons = matrix.neurons.div_ceil(2);
        let rows = matrix.values.chunks(matrix.neurons.max(1));
        let thinned = rows.flat_map(|row| row.iter().step_by(2).copied()).collect();
        Self { matrix, layer: [Layer { name: "even".into(), neurons: 0..neurons }], thinned }
    }
}

impl Source for EvenNeurons<'_> {
    fn tokens(&self) -> usize {
        self.matrix.tokens
    }

    fn layers(&self) -> &[Layer] {
        &self.layer
    }

    fn dtype(&self) -> Dtype {
        Dtype::F64
    }

    fn block<'a>(&'a self, tokens: Range<usize>, _: &'a mut Scratch) -> Result<Block<'a>, Error> {
        let (neurons, count) = (self.neurons(), tokens.len());
        let values = self
            .thinned
            .get(tokens.start * neurons..tokens.end * neurons)
            .ok_or(Error::OutOfRange { start: tokens.start, end: tokens.end, tokens: self.matrix.tokens })?;
        let layout = Layout::RowMajor { stride: neurons };
        Ok(Block { values: Values::F64(values), layout, tokens: count, neurons })
    }
}

fn main() {
    let property = |matrix: Matrix| {
        let (all, even) =
            (InMemory::new(&matrix.values, matrix.tokens, matrix.neurons), EvenNeurons::new(&matrix));
        let all = all.map_err(|e| TestCaseError::fail(e.to_string()))?;
        let (mut a, mut b) = (Scratch::default(), Scratch::default());
        for token in 0..matrix.tokens {
            let whole = all.block(token..token + 1, &mut a).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let half = even.block(token..token + 1, &mut b).map_err(|e| TestCaseError::fail(e.to_string()))?;
            for neuron in 0..even.neurons() {
                let (x, y) =
                    (half.get(0, neuron).map(f64::to_bits), whole.get(0, 2 * neuron).map(f64::to_bits));
                if x.is_none() || x != y {
                    return Err(TestCaseError::fail(format!("token {token}, neuron {neuron}")));
                }
            }
        }
        Ok(())
    };
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    match runner.run(&matrices(9), property) {
        Ok(()) => println!("the source holds on 256 matrices"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
