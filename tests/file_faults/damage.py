"""Changes of bytes: cut, repeated, dropped, overwritten or inserted ones."""

import random

SNIPPETS = [
    *",;\t |\"'[]{}()#-+.eE0159\n\r\0",
    "\r\n",
    "nan",
    "inf",
    "NULL",
    "1e999",
    "abc",
    "\ufeff",
    "é",
    "1_0",
    "０",
]


def changed(data: bytes, chance: random.Random) -> bytes:
    """Data with one to three changes, or cut off, or with the numbers of its first bytes made huge."""
    if chance.random() < 0.1:
        return data[: chance.randrange(len(data) + 1)]
    if chance.random() < 0.05:
        place = chance.randrange(min(len(data), 16) + 1)
        return data[:place] + bytes([255] * chance.choice([1, 2, 4, 7])) + data[place + 4 :]
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.randint(1, 8))
        snippet = chance.choice(SNIPPETS).encode()
        data = chance.choice(
            (
                data[:place] + data[end:],
                data[:place] + snippet + data[place:],
                data[:place] + snippet + data[place + len(snippet) :],
                data[:end] + data[place:],
                data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :],
                data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
                if place < len(data)
                else data,
            )
        )
    return data
