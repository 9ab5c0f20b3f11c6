"""The same vectors in every format that is read."""

import io

import numpy as np
import pandas as pd


def in_every_format(vectors: np.ndarray) -> dict[str, bytes]:
    """File name → content, one a format, of `vectors` (n, d)."""
    from safetensors.numpy import save

    npy, npz, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, vectors)
    np.savez(npz, vectors=vectors)
    frame = pd.DataFrame(vectors, columns=[f"x{i}" for i in range(vectors.shape[1])])
    frame.to_parquet(parquet)
    return {
        "cloud.npy": npy.getvalue(),
        "cloud.npz": npz.getvalue(),
        "cloud.parquet": parquet.getvalue(),
        "cloud.csv": frame.to_csv(index=False).encode(),
        "cloud.safetensors": save({"vectors": vectors}),
    }
