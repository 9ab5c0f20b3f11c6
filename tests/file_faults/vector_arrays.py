"""Odd files of vectors as arrays and columns: NumPy's formats, safetensors, Parquet and folders of it."""

import io
import random
import struct
import zipfile
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save as save_safetensors

from tests.file_faults import plain
from tests.file_faults.vector_texts import Made, table


def _npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


def npy(rng: np.random.Generator, chance: random.Random) -> Made:
    """Every type, order and shape that NumPy saves."""
    x = table(rng, chance)
    kind = chance.choice(
        ["f4", "f4", "f8", "f2", ">f4", ">f8", "g", "c8", "i4", "i8", "?", "U3", "M8[s]", "O", "record"]
    )
    if kind == "record":
        array = np.zeros(len(x), [("a", "f4"), ("b", "f4")])
    else:
        array = np.abs(x).astype(kind) if kind == "M8[s]" else x.astype(kind)
    expected = array.astype(np.float64) if kind[-2:] in ("f2", "f4", "f8") or kind == "g" else None
    shape = chance.choice(["as is"] * 6 + ["flat", "cube", "none", "(n, 0)", "(0, d)", "(1, d)"])
    if shape != "as is":
        expected = None
        array = {
            "flat": lambda a: a.reshape(-1),
            "cube": lambda a: a[None],
            "none": lambda a: a.reshape(-1)[0],
            "(n, 0)": lambda a: a.reshape(len(a), -1)[:, :0],
            "(0, d)": lambda a: a[:0],
            "(1, d)": lambda a: a[:1],
        }[shape](array)
    order = chance.choice(["C", "F"])
    array = np.asarray(array, order="F") if order == "F" else array
    data = _npy(np.asarray(array), chance.choice([None, (1, 0), (2, 0), (3, 0)]))
    if chance.random() < 0.05:
        data += b"\0" * 7  # bytes behind the array
    return Made("mine.npy", data, f"{kind} {shape} {order}", expected)


def npz(rng: np.random.Generator, chance: random.Random) -> Made:
    """Archives of one or several arrays, stored or compressed, with odd names and odd members."""
    x = table(rng, chance).astype(chance.choice(["f4", "f8"]))
    name = chance.choice(["vectors", "arr_0", "a/b", "é", "x.npy", "embeddings"])
    arrays = {name: x}
    others = chance.choice([{}, {}, {"labels": np.arange(len(x))}, {"mean": x.mean(0)}, {"more": x + 1}])
    arrays |= others
    file = io.BytesIO()
    way = chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(file, "w", way) as archive:
        for one in chance.sample(sorted(arrays), len(arrays)):
            archive.writestr(f"{one}.npy", _npy(arrays[one]))
        if odd := chance.random() < 0.05:
            archive.writestr("README.txt", "made by a tool")
    asks = "more" in others and name != "vectors"
    what = f"arrays {', '.join(arrays)}" + (" and a text" if odd else "")
    return Made("mine.npz", file.getvalue(), what, x, asks=asks or odd)


def safetensors(rng: np.random.Generator, chance: random.Random) -> Made:
    """Tensors of every type, alone or with others."""
    x = table(rng, chance)
    kind = chance.choice(["f4", "f4", "f8", "f2", "i8", "u1", "?", "bf16"])
    expected: np.ndarray | None
    if kind == "bf16":
        half = (x.astype("<f4").view("<u4") >> 16).astype("<u2")
        header = (
            f'{{"v":{{"dtype":"BF16","shape":[{len(x)},{x.shape[1]}],"data_offsets":[0,{half.nbytes}]}}}}'
        )
        data = struct.pack("<Q", len(header)) + header.encode() + half.tobytes()
        expected = (half.astype("<u4") << 16).view("<f4").astype(np.float64)
        return Made("mine.safetensors", data, "BF16", expected)
    tensors = {"v": x.astype(kind)}
    others = chance.choice([{}, {}, {"labels": np.arange(len(x))}, {"more": x.astype("f4")}])
    expected = tensors["v"].astype(np.float64) if kind[0] == "f" else None
    if expected is None and "more" in others:
        expected = x.astype("f4").astype(np.float64)
    asks = "more" in others
    data = save_safetensors(tensors | others, chance.choice([None, {"format": "np"}]))
    return Made("mine.safetensors", data, f"{kind} {list(others)}", expected, asks=asks)


def _columns(x: np.ndarray, chance: random.Random) -> tuple[pa.Table, bool]:
    """(the vectors as a table, whether a question about it is right)."""
    n, d = x.shape
    form = chance.choice(["columns", "columns", "list", "large list", "fixed list", "decimal"])
    of = chance.choice([pa.float64(), pa.float64(), pa.float32()])
    if form in ("columns", "decimal"):
        made = {f"x{i}": pa.array(x[:, i], of) for i in range(d)}
        if form == "decimal":
            made = {
                name: pa.array(x[:, i]).cast(pa.decimal128(20, 9), safe=False) for i, name in enumerate(made)
            }
    else:
        kind = {"list": pa.list_(of), "large list": pa.large_list(of), "fixed list": pa.list_(of, d)}[form]
        made = {"embedding": pa.array(x.tolist(), kind)}
    extra: dict[str, pa.Array] = {
        "id": pa.array(range(n)),
        "text": pa.array([f"t{i}" for i in range(n)]).dictionary_encode(),
        "label": pa.array([float(i % 3) for i in range(n)]),
        "when": pa.array(np.arange(n).astype("M8[s]")),
        "flag": pa.array([i % 2 == 0 for i in range(n)]),
        "meta": pa.array([{"a": i} for i in range(n)]),
        "__index_level_0__": pa.array(np.linspace(0.5, 9, n)),
    }
    for name in chance.sample(sorted(extra), chance.choice([0, 0, 1, 2])):
        made = {name: extra[name], **made} if chance.random() < 0.5 else {**made, name: extra[name]}
    return pa.table(made), False


def _parquet(of: pa.Table, chance: random.Random) -> bytes:
    file = io.BytesIO()
    compression = chance.choice(["none", "snappy", "gzip", "zstd"])
    pq.write_table(of, file, row_group_size=chance.choice([2, 1000]), compression=compression)
    return file.getvalue()


def parquet(rng: np.random.Generator, chance: random.Random) -> Made:
    """Columns or lists of several types, with other columns, in one row group or many."""
    x = table(rng, chance)
    made, asks = _columns(x, chance)
    what = ", ".join(f"{field.name} {field.type}" for field in made.schema)
    narrow = any(pa.types.is_float32(getattr(one.type, "value_type", one.type)) for one in made.schema)
    return Made("mine.parquet", _parquet(made, chance), what, x.astype("f4") if narrow else x, asks=asks)


def parts(rng: np.random.Generator, chance: random.Random) -> Made:
    """A folder of Parquet files as Spark and Dask write them, some with their columns in another order."""
    x = table(rng, chance)
    made, asks = _columns(x, chance)
    made = made.drop_columns([name for name in ("meta",) if name in made.column_names])
    cuts = sorted(chance.sample(range(len(x) + 1), min(2, len(x))))
    folder: dict[str, bytes] = {"_SUCCESS": b""}
    mixed = chance.random() < 0.3
    for place, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(x)], strict=True)):
        one = made.slice(start, end - start)
        if mixed and place % 2:
            one = one.select(chance.sample(one.column_names, one.num_columns))
        folder[f"part-{place:05}.parquet"] = _parquet(one, chance)
    folder |= {"._part.parquet": b"x", "notes.txt": b"x"} if chance.random() < 0.2 else {}
    narrow = any(pa.types.is_float32(getattr(one.type, "value_type", one.type)) for one in made.schema)
    what = f"{len(cuts) + 1} parts{' in other orders' * mixed}: {made.schema.names}"
    return Made("mine.parquet", folder, what, x.astype("f4") if narrow else x, asks=asks)


MAKERS = (npy, npz, safetensors, parquet, parquet, parts)


def tables(made: Made, data: bytes) -> list[plain.Cells]:
    """What NumPy, pyarrow and safetensors find in bytes; nothing where they read nothing."""
    file = io.BytesIO(data)
    if made.name.endswith(".npy"):
        arrays = [np.load(file, allow_pickle=False)]
    elif made.name.endswith(".npz"):
        arrays = []
        with np.load(file, allow_pickle=False) as archive:
            for one in archive.files:
                with suppress(Exception):  # another array may be damaged
                    arrays += [archive[one]] if archive[one].ndim == 2 else []
    elif made.name.endswith(".safetensors"):
        from safetensors import deserialize

        arrays = []
        for _, tensor in deserialize(data):
            kind = {"F32": "<f4", "F64": "<f8", "F16": "<f2", "BF16": "<u2"}.get(tensor["dtype"])
            if kind and len(tensor["shape"]) == 2:
                array = np.frombuffer(tensor["data"], kind).reshape(tensor["shape"])
                wide = (array.astype("<u4") << 16).view("<f4") if kind == "<u2" else array
                arrays.append(wide)
    else:
        columns = []
        for name in pq.ParquetFile(file).schema_arrow.names:
            with suppress(Exception):  # another column may be damaged
                columns.append(pq.read_table(file, columns=[name]).column(0).to_pylist())
        return [[[_plain(cell) for cell in row] for row in zip(*columns, strict=True)]]
    return [array.tolist() for array in arrays]


def _plain(cell: object) -> object:
    from decimal import Decimal

    return float(cell) if isinstance(cell, Decimal) else cell
