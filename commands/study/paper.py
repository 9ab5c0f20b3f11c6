"""The numbers that arXiv 2406.12159 prints, beside those of its own data."""

import typer

from commands.terminal import (
    JsonOption,
    people,
    print_frame,
    print_json,
    records,
)

app = typer.Typer()


@app.command("paper")
def study_paper(as_json: JsonOption = False) -> None:
    """Every number that arXiv 2406.12159 prints, beside what its own data give."""
    from core.studies import latent_geometry
    from core.studies import latent_geometry_print as paper
    from core.wording.latent_geometry_print import compared

    rows = compared()
    if as_json:
        print_json({"comparisons": records(rows), "verdicts": rows["verdict"].value_counts().to_dict()})
        return
    for table, part in rows.groupby("table"):
        print_frame(paper.for_people(part), f"{table} of arXiv 2406.12159")
        for row in part[part["comment"] != ""].itertuples():
            place = f"{row.row}, {latent_geometry.COLUMNS.get(str(row.column), row.column)}"
            people.print(f"{place}: {row.comment}", highlight=False)
        people.print()
    for verdict, count in rows["verdict"].value_counts().items():
        people.print(f"{count} {paper.VERDICTS[verdict]}")
