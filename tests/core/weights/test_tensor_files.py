"""Headers of safetensors files: read as the safetensors library reads them, or refused as it refuses them."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core.errors import InputError
from core.weights.tensor_files import read_header

WEIGHTS = {
    "embeddings": np.arange(12, dtype=np.float32).reshape(3, 4),
    "half": np.arange(4, dtype=np.float16),
    "empty": np.zeros((0, 5), np.float32),
    "count": np.array(7, np.int64),
}


def with_header(header: bytes, data: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header + data


def parts() -> tuple[dict, bytes]:
    content = save(WEIGHTS)
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def theirs(file: Path) -> dict[str, tuple] | None:
    """What the library says is in a file, or None."""
    try:
        with safe_open(file, "np") as opened:
            slices = {name: opened.get_slice(name) for name in list(opened.keys())}
            return {name: (one.get_dtype(), tuple(one.get_shape())) for name, one in slices.items()}
    except (SafetensorError, OverflowError):
        return None


def ours(file: Path) -> dict[str, tuple] | None:
    try:
        return {name: (one.dtype, one.shape) for name, one in read_header(file).items()}
    except InputError as error:
        assert str(file) in str(error) and "again." in str(error)
        return None


def test_a_whole_file_is_read_with_its_places(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(save(WEIGHTS, {"format": "np"}))
    tensors, content = read_header(file), file.read_bytes()
    assert set(tensors) == set(WEIGHTS)
    for name, array in WEIGHTS.items():
        assert content[tensors[name].start : tensors[name].end] == array.tobytes()


def test_damaged_headers_are_refused_where_the_library_refuses_them(tmp_path: Path) -> None:
    """600 files with one to three bytes of the header changed, most of them digits."""
    file, draw = tmp_path / "model.safetensors", random.Random(0)
    header, data = parts()
    whole = json.dumps(header).encode()
    accepted = refused = 0
    for _ in range(600):
        changed = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            digits = [place for place, byte in enumerate(changed) if chr(byte).isdigit()]
            place = draw.choice(digits) if draw.random() < 0.8 else draw.randrange(len(changed))
            changed[place] = ord(draw.choice('0123456789,]}"-. eFB'))
        file.write_bytes(with_header(bytes(changed), data))
        expected = theirs(file)
        assert ours(file) == expected, bytes(changed)
        accepted, refused = accepted + (expected is not None), refused + (expected is None)
    assert accepted > 20 and refused > 400


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"embeddings": {"shape": [3, 5]}}, "3 × 5 numbers of type F32"),
        ({"embeddings": {"dtype": "F16"}}, "3 × 4 numbers of type F16"),
        ({"embeddings": {"dtype": "F33"}}, "3 × 4 numbers of type F33"),
        ({"embeddings": {"data_offsets": [0, 48]}}, "3 × 4 numbers of type F32"),
    ],
    ids=["shape", "type", "unknown type", "overlap"],
)
def test_a_tensor_that_does_not_fit_is_named(tmp_path: Path, change: dict, what: str) -> None:
    file = tmp_path / "model.safetensors"
    header, data = parts()
    for name, news in change.items():
        header[name] |= news
    file.write_bytes(with_header(json.dumps(header).encode(), data))
    with pytest.raises(InputError) as caught:
        read_header(file)
    assert theirs(file) is None
    message = str(caught.value)
    assert message.startswith(f"{file} is damaged: ") and message.endswith("; download or save it again.")
    assert f"{what} do not fit where its header says that the tensor embeddings stands" in message


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":' * 50_000,
        b'{"a":{},"a":{}}',
        b"[]",
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
    ],
    ids=["nested", "twice", "a list", "negative"],
)
def test_a_header_that_is_none_is_one_sentence(tmp_path: Path, header: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(with_header(header, b"\0" * 4))
    with pytest.raises(InputError) as caught:
        read_header(file)
    assert str(caught.value) == (
        f"{file} is damaged: its safetensors header cannot be read; download or save it again."
    )
