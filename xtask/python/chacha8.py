"""ChaCha8 and the rule of picks, from their descriptions: the independent twin of `neuron_redundancy::pick`."""

MASK = 0xFFFFFFFF


def _quarter(s, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & MASK
        v = s[z] ^ s[x]
        s[z] = ((v << turn) | (v >> (32 - turn))) & MASK


def block(key, counter, stream):
    """Sixteen 32-bit words of ChaCha with 8 rounds, a 64-bit counter and a 64-bit stream."""
    words = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
    words += [int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)]
    words += [counter & MASK, counter >> 32, stream & MASK, stream >> 32]
    s = list(words)
    for _ in range(4):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            _quarter(s, a, b, c, d)
        for a, b, c, d in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            _quarter(s, a, b, c, d)
    return [(x + y) & MASK for x, y in zip(s, words)]


def words64(seed, stream):
    """The stream's 64-bit words: the key is the seed in 8 little-endian bytes and 24 zero bytes."""
    key, counter = seed.to_bytes(8, "little") + bytes(24), 0
    while True:
        words = block(key, counter, stream)
        for low, high in zip(words[::2], words[1::2]):
            yield low | high << 32
        counter += 1


def pick(members, seed):
    """A random member: w * m of each word w; again if its lower half is below 2^64 mod m; the upper half is the place."""
    members = sorted(members)
    m = len(members)
    for w in words64(seed, members[0]):
        product = w * m
        if product & (2**64 - 1) >= 2**64 % m:
            return members[product >> 64]
