#!/usr/bin/env python3
"""Writes synthetic activations of any size, as large models have them: few directions, groups of alike neurons.

    synthetic.py NEURONS TOKENS SEED FILE     a .npy file of float16, tokens x neurons

A neuron is a mixture of FACTORS heavy-tailed factors (Student's t, 4 degrees of freedom) and 3 % noise of its own. Neurons
of a group share a direction: correlations of two of them are a_i a_j with a^2 from 0.35 to 0.65, so that they lie on both
sides of 0.5, as near as can be; a tenth of them say the opposite. Groups have 1 to 5,000 neurons (at 131,072 neurons; fewer
at fewer). One token is ten times as large as the others; every 1,024th neuron is constant. Neurons stand in random order.
"""

import sys

import numpy as np

FACTORS = 1_000
NOISE = 0.03
BLOCK = 256
# Of 131,072 neurons: how many groups of how many.
GROUPS = [(4, 5_000), (8, 2_000), (20, 1_000), (50, 300), (200, 50), (1_000, 10), (5_000, 2)]


def group_of_each(neurons, rng):
    """The number of each neuron's group, neurons in random order."""
    scale = min(1.0, neurons / 131_072)
    sizes = [max(2, round(size * scale)) for count, size in GROUPS for _ in range(max(1, round(count * scale**0.5)))]
    of = np.repeat(np.arange(len(sizes)), sizes)[:neurons]
    alone = np.arange(neurons - len(of)) + len(sizes)
    return rng.permutation(np.concatenate([of, alone]))


def mixtures(neurons, rng):
    """Of each neuron its share of each factor: neurons x FACTORS, rows of length 1."""
    group = group_of_each(neurons, rng)
    shared = rng.standard_normal((group.max() + 1, FACTORS), dtype=np.float32)
    own = rng.standard_normal((neurons, FACTORS), dtype=np.float32)
    for rows in (shared, own):
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    a = np.sqrt(rng.uniform(0.35, 0.65, (neurons, 1))).astype(np.float32)
    sign = np.where(rng.random((neurons, 1)) < 0.1, -1, 1).astype(np.float32)
    own *= np.sqrt(1 - a * a)
    own += a * shared[group]
    return own * sign


def main():
    neurons, tokens, seed = (int(word) for word in sys.argv[1:4])
    rng = np.random.default_rng(seed)
    weights = mixtures(neurons, rng).T.copy()
    scale = np.exp(rng.normal(0, 1, neurons)).astype(np.float32)
    mean = rng.normal(0, 1, neurons).astype(np.float32)
    constant = np.arange(neurons) % 1_024 == 777
    huge = tokens // 3
    out = np.lib.format.open_memmap(sys.argv[4], mode="w+", dtype=np.float16, shape=(tokens, neurons))
    for start in range(0, tokens, BLOCK):
        stop = min(start + BLOCK, tokens)
        # Factors of variance 1.
        factors = (rng.standard_t(4, (stop - start, FACTORS)) / np.sqrt(2)).astype(np.float32)
        if start <= huge < stop:
            factors[huge - start] *= 10
        x = factors @ weights
        x += NOISE * rng.standard_normal(x.shape, dtype=np.float32)
        x *= scale
        x += mean
        x[:, constant] = 0.25
        out[start:stop] = x
    out.flush()
    print(f"{sys.argv[4]}: {tokens} tokens x {neurons} neurons, float16, seed {seed}")


if __name__ == "__main__":
    main()
