//! Which reader a file takes, by its first bytes.

use crate::mapped::Bytes;
use crate::{Error, Npy, Safetensors, Source, npy};
use std::path::Path;

/// Opens an activation file of any format that this crate reads, told apart by its first bytes and not its name.
///
/// # Errors
/// Those of [`Npy::open`] and [`Safetensors::open`]; [`Error::UnknownFormat`] for anything else.
///
/// ```no_run
/// let source = activations::open("hidden.npy")?;
/// println!("{} tokens, {} neurons", source.tokens(), source.neurons());
/// # Ok::<(), activations::Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn Source>, Error> {
    let path = path.as_ref();
    let bytes = Bytes::open(path)?;
    if bytes.starts_with(npy::MAGIC) || (bytes.len() < npy::MAGIC.len() && npy::MAGIC.starts_with(&bytes)) {
        return Ok(Box::new(Npy::from_bytes(path, bytes)?));
    }
    let named = path.extension().is_some_and(|extension| extension == "safetensors");
    if named || bytes.get(8) == Some(&b'{') {
        return Ok(Box::new(Safetensors::from_bytes(path, bytes)?));
    }
    Err(Error::UnknownFormat { path: path.to_owned(), what: guess(&bytes) })
}

/// What a file of another format is, and how to come from it to one that is read.
fn guess(bytes: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 4] = [
        (
            b"\x89HDF\r\n\x1a\n",
            "an HDF5 file, which is not read; write the matrix as .npy (numpy.save) or .safetensors",
        ),
        (
            b"PK\x03\x04",
            "a zip archive (.npz or a torch .pt file), which is not read; write the array as .npy (numpy.save) or \
             .safetensors",
        ),
        (b"\x80", "a Python pickle, which is not read; write the array as .npy (numpy.save) or .safetensors"),
        (b"{", "a JSON file, which is not read; write the matrix as .npy (numpy.save) or .safetensors"),
    ];
    let known = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic));
    known.map_or("not an activation file: neither .npy nor .safetensors by its first bytes", |(_, what)| what)
}
