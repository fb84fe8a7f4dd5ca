//! NumPy's `.npy`: one 2-D array, C or Fortran order, either byte order, versions 1 to 3 of the format.

use crate::dtype::{Encoding, convert};
use crate::mapped::Bytes;
use crate::source::check_range;
use crate::{Block, Dtype, Error, Layer, Layout, Scratch, Source, Whole};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The first bytes of every `.npy` file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// A mapped `.npy` file.
#[derive(Debug)]
pub struct Npy {
    bytes: Bytes,
    start: usize,
    encoding: Encoding,
    column_major: bool,
    tokens: usize,
    layer: [Layer; 1],
}

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Npy {
    /// Maps a file and checks its header and length; reads no value. `O(1)`.
    ///
    /// # Errors
    /// [`Error::Header`], [`Error::Truncated`], [`Error::Dtype`], [`Error::NotTwoDimensional`], and those of opening.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::from_bytes(path, Bytes::open(path)?)
    }

    pub(crate) fn from_bytes(path: &Path, bytes: Bytes) -> Result<Self, Error> {
        let (start, header) = read_header(path, &bytes)?;
        let encoding = encoding(&header.descr).ok_or_else(|| Error::Dtype {
            path: path.to_owned(),
            tensor: None,
            dtype: header.descr.clone(),
        })?;
        let &[tokens, neurons] = header.shape.as_slice() else {
            return Err(Error::NotTwoDimensional { path: path.to_owned(), tensor: None, shape: header.shape });
        };
        let size = tokens.checked_mul(neurons).and_then(|values| values.checked_mul(encoding.dtype.size()));
        let end = size.and_then(|size| size.checked_add(start));
        if end.is_none_or(|end| end > bytes.len()) {
            let expected = end.map_or(u64::MAX, |end| end as u64);
            return Err(Error::Truncated { path: path.to_owned(), expected, found: bytes.len() as u64 });
        }
        let layer = [Layer { name: String::new(), neurons: 0..neurons }];
        Ok(Self { bytes, start, encoding, column_major: header.fortran_order, tokens, layer })
    }

    /// The bytes of `count` values from the `first` on.
    fn raw(&self, first: usize, count: usize) -> &[u8] {
        let size = self.encoding.dtype.size();
        &self.bytes[self.start + first * size..][..count * size]
    }
}

impl Source for Npy {
    fn tokens(&self) -> usize {
        self.tokens
    }

    fn layers(&self) -> &[Layer] {
        &self.layer
    }

    fn dtype(&self) -> Dtype {
        self.encoding.dtype
    }

    fn whole(&self) -> Option<Whole<'_>> {
        let neurons = self.neurons();
        let values = self.encoding.stored(self.raw(0, self.tokens * neurons))?;
        let layout = if self.column_major {
            Layout::ColumnMajor { stride: self.tokens }
        } else {
            Layout::RowMajor { stride: neurons }
        };
        Some(Whole { values, layout })
    }

    fn block<'a>(&'a self, tokens: Range<usize>, scratch: &'a mut Scratch) -> Result<Block<'a>, Error> {
        check_range(&tokens, self.tokens)?;
        let neurons = self.neurons();
        let count = tokens.len();
        // Of a column-major file the block is a window: all neurons, `tokens` of each.
        let (first, span, layout) = if self.column_major {
            let (first, span) =
                neurons.checked_sub(1).map_or((0, 0), |full| (tokens.start, full * self.tokens + count));
            (first, span, Layout::ColumnMajor { stride: self.tokens })
        } else {
            (tokens.start * neurons, count * neurons, Layout::RowMajor { stride: neurons })
        };
        let raw = self.raw(first, span);
        if let Some(values) = self.encoding.borrow(raw) {
            return Ok(Block { values, layout, tokens: count, neurons });
        }
        // Converted, the window's columns lie tight.
        let (lines, line, layout) = if self.column_major {
            (neurons, count, Layout::ColumnMajor { stride: count })
        } else {
            (count, neurons, layout)
        };
        let stride = if self.column_major { self.tokens } else { neurons };
        let lines = (0..lines).map(|index| (self.encoding, self.raw(first + index * stride, line)));
        let values = convert(self.encoding.dtype, lines, scratch);
        Ok(Block { values, layout, tokens: count, neurons })
    }
}

/// `descr` of a plain float; `None` for anything else.
fn encoding(descr: &str) -> Option<Encoding> {
    let (order, kind) = descr.split_at_checked(1)?;
    let dtype = match kind {
        "f2" => Dtype::F16,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        _ => return None,
    };
    let big_endian = match order {
        "<" => false,
        ">" => true,
        "=" => cfg!(target_endian = "big"),
        _ => return None,
    };
    Some(Encoding { dtype, big_endian })
}

/// The header and where the data starts.
fn read_header(path: &Path, bytes: &[u8]) -> Result<(usize, Header), Error> {
    let broken =
        |offset: usize, what: &str| Error::Header { path: path.to_owned(), offset, what: what.to_owned() };
    if !bytes.starts_with(MAGIC) {
        return Err(broken(0, "not a .npy file: it does not begin with \\x93NUMPY"));
    }
    let (start, length) = match bytes.get(6..) {
        Some([1, _, a, b, ..]) => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        Some([2 | 3, _, a, b, c, d, ..]) => {
            let length = usize::try_from(u32::from_le_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX);
            (12, length)
        }
        Some([major, ..]) if *major > 3 => {
            return Err(broken(6, "a version of the format that is not known (1 to 3 are)"));
        }
        _ => return Err(broken(bytes.len(), "the file ends within the header")),
    };
    let end = start + length;
    let text = bytes.get(start..end).ok_or_else(|| Error::Truncated {
        path: PathBuf::from(path),
        expected: end as u64,
        found: bytes.len() as u64,
    })?;
    let text =
        std::str::from_utf8(text).map_err(|e| broken(start + e.valid_up_to(), "the header is not text"))?;
    let header = parse(text).map_err(|(offset, what)| broken(start + offset, what))?;
    Ok((end, header))
}

/// Reads the header's Python dict, `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
fn parse(text: &str) -> Result<Header, (usize, &'static str)> {
    let mut cursor = Cursor { text, at: 0 };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    cursor.expect('{')?;
    while !cursor.accept('}') {
        let key = cursor.string()?;
        cursor.expect(':')?;
        match key {
            "descr" => descr = Some(cursor.descr()?),
            "fortran_order" => fortran_order = Some(cursor.boolean()?),
            "shape" => shape = Some(cursor.tuple()?),
            _ => return Err((cursor.at, "an unknown key")),
        }
        if !cursor.accept(',') {
            cursor.expect('}')?;
            break;
        }
    }
    match (descr, fortran_order, shape) {
        (Some(descr), Some(fortran_order), Some(shape)) => Ok(Header { descr, fortran_order, shape }),
        _ => Err((text.len(), "descr, fortran_order or shape is missing")),
    }
}

/// A place in the header's text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn accept(&mut self, token: char) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }

    fn expect(&mut self, token: char) -> Result<(), (usize, &'static str)> {
        if self.accept(token) {
            Ok(())
        } else {
            Err((self.at, "the header is no Python dict of the usual form"))
        }
    }

    fn string(&mut self) -> Result<&'a str, (usize, &'static str)> {
        let rest = self.rest();
        let quote =
            rest.chars().next().filter(|&c| c == '\'' || c == '"').ok_or((self.at, "a string is missing"))?;
        let inner = &rest[1..];
        let end = inner.find(quote).ok_or((self.at, "a string does not end"))?;
        self.at += end + 2;
        Ok(&inner[..end])
    }

    /// A string, or the list that describes a structured dtype, as it stands.
    fn descr(&mut self) -> Result<String, (usize, &'static str)> {
        let rest = self.rest();
        if !rest.starts_with('[') {
            return self.string().map(str::to_owned);
        }
        let end = rest.find("'fortran_order'").unwrap_or(rest.len());
        let list = rest[..end].trim_end_matches([',', ' ']);
        self.at += list.len();
        Ok(list.to_owned())
    }

    fn boolean(&mut self) -> Result<bool, (usize, &'static str)> {
        for (word, value) in [("True", true), ("False", false)] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err((self.at, "fortran_order is neither True nor False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, (usize, &'static str)> {
        self.expect('(')?;
        let mut values = Vec::new();
        while !self.accept(')') {
            let rest = self.rest();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let value = rest[..end].parse().map_err(|_| (self.at, "a length in shape is no whole number"))?;
            values.push(value);
            // Python 2 wrote long integers with an L.
            self.at += end + usize::from(rest[end..].starts_with('L'));
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them() {
        let header =
            parse("{'descr': '<f4', 'fortran_order': False, 'shape': (30000, 9216), }     \n").unwrap();
        assert_eq!(header, Header { descr: "<f4".into(), fortran_order: false, shape: vec![30_000, 9_216] });
        assert_eq!(parse("{'shape': (3L,), 'fortran_order': True, 'descr': '|O'}").unwrap().shape, [3]);
        assert_eq!(
            parse("{'descr': '<f8', 'fortran_order': False, 'shape': (), }").unwrap().shape,
            Vec::<usize>::new()
        );
        let structured = "{'descr': [('a', '<f4'), ('b', '<i2')], 'fortran_order': False, 'shape': (1, 2), }";
        assert_eq!(parse(structured).unwrap().descr, "[('a', '<f4'), ('b', '<i2')]");
    }

    #[test]
    fn broken_headers_say_where() {
        for (text, at) in [
            ("", 0),
            ("{'descr' '<f4'}", 9),
            ("{'descr': '<f4, }", 10),
            ("{'descr': '<f4', 'fortran_order': Maybe}", 34),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (1, -2)}", 53),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (99999999999999999999, 2)}", 50),
            ("{'size': 3}", 8),
            ("{'descr': '<f4', 'fortran_order': True}", 39),
        ] {
            assert_eq!(parse(text).unwrap_err().0, at, "{text}");
        }
    }

    #[test]
    fn other_dtypes_are_refused() {
        for descr in ["<c8", "<U5", "|O", "<i8", "|b1", "<f16", "|f2", "", "ä4", "[('a', '<f4')]"] {
            assert_eq!(encoding(descr), None, "{descr}");
        }
        assert_eq!(encoding(">f8"), Some(Encoding { dtype: Dtype::F64, big_endian: true }));
    }
}
