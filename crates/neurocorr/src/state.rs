//! A [`Correlator`] in a file: words of eight bytes, little-endian, with a checksum.

use crate::correlator::{Mean, TOKENS};
use crate::dense::Layout;
use crate::{Correlator, Error, Moments, NEURON_BLOCK};
use std::io::{Read, Write};

/// What a saved state begins with: its name and its version.
const MAGIC: u64 = u64::from_le_bytes(*b"ncorr002");

/// Words that are written or read at a time.
const PIECE: usize = 8_192;

impl Correlator {
    /// Writes the accumulation, to be gone on with by [`load`](Self::load): the same bits as if it had never been put
    /// aside. 4 n² bytes and some; with a checksum.
    ///
    /// ```
    /// use neurocorr::{Columns, Correlator};
    /// let mut correlator = Correlator::new(2);
    /// correlator.push(&Columns::row_major(&[1.0, 2.0, 2.0, 4.0], 2, 2)?)?;
    /// let mut file = Vec::new();
    /// correlator.save(&mut file)?;
    /// assert_eq!(Correlator::load(&mut &file[..])?.tokens(), 2);
    /// file[60] ^= 1;
    /// assert!(Correlator::load(&mut &file[..]).is_err());
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::State`] with what the system says.
    pub fn save(&self, to: &mut impl Write) -> Result<(), Error> {
        let mut to = Writer { to, crc: crc32fast::Hasher::new(), bytes: Vec::with_capacity(PIECE * 8) };
        let pending = self.pending.len();
        // Panels decide where products stand.
        let head = [MAGIC, NEURON_BLOCK as u64, self.neurons() as u64, self.counted as u64, pending as u64];
        let means = self.means.iter().flat_map(|m| [m.shift, m.sum, m.lost, m.scale]);
        to.words(head.into_iter().chain(self.moments.words()))?;
        to.words(means.map(f64::to_bits))?;
        for values in [&self.pending, &self.squares, &self.products] {
            to.words(values.iter().map(|value| value.to_bits()))?;
        }
        to.end()
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::State`] for what is not such a state, is cut off or damaged, or for what the system says.
    pub fn load(from: &mut impl Read) -> Result<Self, Error> {
        let mut from = Reader { from, crc: crc32fast::Hasher::new() };
        let head = from.words(5)?;
        let &[magic, panel, neurons, counted, pending] = head.as_slice() else {
            return Err(damaged("is cut off"));
        };
        if magic != MAGIC || panel != NEURON_BLOCK as u64 {
            return Err(damaged("is not one of this version of neurocorr: save it anew"));
        }
        let number = |word: u64| usize::try_from(word).map_err(|_| damaged("is too large for this machine"));
        let (neurons, counted, pending) = (number(neurons)?, number(counted)?, number(pending)?);
        if neurons >= 1 << 31 || pending > TOKENS.saturating_mul(neurons) {
            return Err(damaged("has a shape that cannot be: it is damaged"));
        }
        let moments = from.words(Moments::words_of(neurons))?;
        let moments = Moments::from_words(&moments).ok_or_else(|| damaged("is damaged"))?;
        let means = from.floats(4 * neurons)?;
        let (means, _) = means.as_chunks::<4>();
        let means = means.iter().map(|&[shift, sum, lost, scale]| Mean { shift, sum, lost, scale }).collect();
        let pending = from.floats(pending)?;
        let squares = from.floats(neurons)?;
        let products = from.floats(Layout::Condensed.values(neurons))?;
        from.end()?;
        let waiting = pending.len().checked_div(neurons).unwrap_or(0);
        if moments.neurons() != neurons || moments.tokens() < counted.saturating_add(waiting) {
            return Err(damaged("has counts that do not agree: it is damaged"));
        }
        Ok(Self { moments, pending, counted, means, products, squares })
    }
}

fn damaged(problem: &str) -> Error {
    Error::State { problem: problem.into() }
}

fn failed(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("is cut off: save it anew"),
        _ => Error::State { problem: format!("cannot be written or read ({error}): look at the disk") },
    }
}

struct Writer<'a, W> {
    to: &'a mut W,
    crc: crc32fast::Hasher,
    bytes: Vec<u8>,
}

impl<W: Write> Writer<'_, W> {
    fn words(&mut self, words: impl Iterator<Item = u64>) -> Result<(), Error> {
        for word in words {
            self.bytes.extend(word.to_le_bytes());
            if self.bytes.len() >= PIECE * 8 {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.crc.update(&self.bytes);
        let written = self.to.write_all(&self.bytes).map_err(|error| failed(&error));
        self.bytes.clear();
        written
    }

    fn end(mut self) -> Result<(), Error> {
        self.flush()?;
        let crc = u64::from(self.crc.finalize()).to_le_bytes();
        self.to.write_all(&crc).and_then(|()| self.to.flush()).map_err(|error| failed(&error))
    }
}

struct Reader<'a, R> {
    from: &'a mut R,
    crc: crc32fast::Hasher,
}

impl<R: Read> Reader<'_, R> {
    /// So many words. Memory grows with what is there, not with what a damaged head promises.
    fn words(&mut self, count: usize) -> Result<Vec<u64>, Error> {
        let mut words = Vec::new();
        let mut bytes = vec![0; PIECE.min(count) * 8];
        while words.len() < count {
            let piece = &mut bytes[..PIECE.min(count - words.len()) * 8];
            self.from.read_exact(piece).map_err(|error| failed(&error))?;
            self.crc.update(piece);
            let (chunks, _) = piece.as_chunks::<8>();
            words.extend(chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)));
        }
        Ok(words)
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f64>, Error> {
        // The same memory: a word and a float are of one size.
        Ok(self.words(count)?.into_iter().map(f64::from_bits).collect())
    }

    fn end(self) -> Result<(), Error> {
        let mut bytes = [0; 8];
        self.from.read_exact(&mut bytes).map_err(|error| failed(&error))?;
        if u64::from_le_bytes(bytes) == u64::from(self.crc.finalize()) {
            Ok(())
        } else {
            Err(damaged("is damaged (its checksum does not agree): save it anew"))
        }
    }
}
