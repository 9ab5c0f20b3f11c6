"""The same two quantizers by FAISS, as the reference: its defaults, trained on what is encoded."""

from collections.abc import Callable

import numpy as np


def train_and_encode(
    quantizer: str,
    vectors: np.ndarray,
    M: int,
    k: int,
    seed: int,
    step: Callable[[int, int], None] | None = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Codebooks, M arrays (k, d or d/M) float32, and codes (n, M) int32 of `vectors` (n, d) float32.

    Arguments:
        quantizer: "lsq" or "pq"; k a power of two; for "lsq" M·log2(k) a multiple of 8; for "pq" d of M.
    """
    import faiss

    d, bits = vectors.shape[1], k.bit_length() - 1
    if quantizer == "lsq":
        local = faiss.LocalSearchQuantizer(d, M, bits)
        local.random_seed = seed + 1  # a C int; numbered from 1 as 0 and 1 are one seed to some generators
        local.train(vectors)
        packed = local.compute_codes(vectors)
        books = faiss.vector_to_array(local.codebooks).reshape(M, k, d)
    else:
        product = faiss.ProductQuantizer(d, M, bits)
        product.cp.seed = seed + 1
        product.train(vectors)
        packed = product.compute_codes(vectors)
        books = faiss.vector_to_array(product.centroids).reshape(M, k, d // M)
    if step:
        step(1, 1)
    bitwise = np.unpackbits(packed, axis=1, bitorder="little")[:, : M * bits].reshape(len(vectors), M, bits)
    return list(books), (bitwise @ (1 << np.arange(bits))).astype(np.int32)
