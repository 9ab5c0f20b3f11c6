"""References of real checkpoints: how far each is measured here."""

from dataclasses import asdict

import typer
from rich.table import Table

from cache import references
from cache.paths import store_folder
from cache.store import Store
from commands.terminal import JsonOption, StoreOption, draw, people, print_json
from core.hub.remote import is_off
from core.wording import references as wording

app = typer.Typer(help="Checkpoints with scores that predictions can learn from.", no_args_is_help=True)


@app.command("list")
def list_references(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the references: how many of their checkpoints are measured here, and what the rest would take."""
    opened = Store.open(store_folder(store))
    standings = references.standings(opened)
    if as_json:
        print_json({"references": [asdict(one) for one in standings], "hub_off": is_off()})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("reference", "what it is", "measured here", "parameters", "to download"):
        table.add_column(heading)
    for one in standings:
        rest = one.rest
        table.add_row(
            one.name,
            wording.TITLES[one.name],
            wording.measured(one.measured, one.checkpoints, one.measures),
            wording.parameters(one.parameters, one.sized, one.checkpoints),
            "" if rest is None else wording.download(rest.checkpoints, rest.sized, rest.stated, rest.bytes),
        )
    draw(table)
    if is_off():
        people.print(wording.HUB_OFF, highlight=False)
