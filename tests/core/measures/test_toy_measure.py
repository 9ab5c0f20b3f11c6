"""A new measure is one module: everything that shows or computes measures finds it, with no other edit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.measures import GROUPS, MEASURES, select
from tests import TOP

FAMILY = '''
"""A toy family."""

from core.measures.entry import Group, Measure


def toy_span(cloud):
    """The largest coordinate of the mean vector."""
    return float(abs(cloud.rows.take(slice(0, cloud.n)).mean(0)).max())


GROUP = Group("toys", "what a test adds", place=9)
ENTRIES = (
    Measure(
        name="toy_span",
        function=toy_span,
        needs=("directions",),
        title="Toy span",
        meaning="How far the mean lies from the origin along one axis.",
        direction="higher: farther",
        source="this test",
        group="toys",
        cost="one pass",
    ),
)
'''

USE = """
import json, sys
import numpy as np
from streamlit.testing.v1 import AppTest
from core.measures import GROUPS, MEASURES, measure, select
from core.measures.titles import title_of

app = AppTest.from_file("app.py", default_timeout=120).run()
app.switch_page("pages/add.py").run()
assert not app.exception, [one.value for one in app.exception]
print(json.dumps({
    "groups": list(GROUPS),
    "names": list(MEASURES),
    "all": select("all"),
    "toys": select("toys"),
    "value": measure(np.load(sys.argv[1]), "toy_span"),
    "title": title_of("toy_span"),
    "boxes": {box.key: box.help for box in app.checkbox if box.key},
}))
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product, with the one module more."""
    copy = tmp_path_factory.mktemp("copy") / "product"
    for folder in ("core", "cache", "commands", "pages", ".streamlit"):
        shutil.copytree(TOP / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (TOP / "app.py", TOP / "cli.py"):
        shutil.copy(file, copy)
    (copy / "core/measures/families/toy.py").write_text(FAMILY)
    vectors = np.random.default_rng(0).normal((0, 3, 0, 0), 1, (50, 4))
    np.save(copy / "mine.npy", vectors.astype(np.float32))
    return copy


def run(product: Path, *command: str) -> str:
    environment = os.environ | {"LATENT_SHORTLIST_STORE": str(product / "store")}
    done = subprocess.run(
        [sys.executable, *command], cwd=product, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def used(product: Path) -> dict[str, Any]:
    return json.loads(run(product, "-c", USE, "mine.npy").splitlines()[-1])


def test_it_is_selected_and_computed(used: dict[str, Any], product: Path) -> None:
    assert used["groups"] == [*GROUPS, "toys"]
    assert used["names"] == [*MEASURES, "toy_span"]
    assert (used["all"], used["toys"]) == ([*select("all"), "toy_span"], ["toy_span"])
    expected = float(np.load(product / "mine.npy").mean(0).max())
    assert used["value"] == {"toy_span": pytest.approx(expected)}


def test_it_has_a_title_and_a_box_to_tick(used: dict[str, Any]) -> None:
    assert used["title"] == "Toy span"
    assert used["boxes"]["measure_toy_span"] == (
        "How far the mean lies from the origin along one axis. Higher: farther. Source: this test. "
        "Cost: one pass."
    )


def test_commands_list_it_measure_it_and_remember_it(product: Path) -> None:
    listed = json.loads(run(product, "cli.py", "measures", "--json"))
    assert listed[-1]["name"] == "toy_span"
    assert "toys" in run(product, "cli.py", "measure", "--help")
    measure = ("cli.py", "measure", "--vectors", "mine.npy", "--measures", "toys", "--json")
    first, again = (json.loads(run(product, *measure))["results"][0] for _ in range(2))
    assert list(first["measures"]) == ["toy_span"] and first["measures"] == again["measures"]
    assert (first["cached"], again["cached"]) == (False, True)


def test_the_page_of_documentation_has_it(product: Path) -> None:
    page = run(product, "cli.py", "measures", "--markdown")
    assert "## Toys: what a test adds" in page
    assert "- `toy_span`: The largest coordinate of the mean vector." in page
    assert page.replace("`toy_span`", "").count("|") > (TOP / "docs/measures.md").read_text().count("|")
