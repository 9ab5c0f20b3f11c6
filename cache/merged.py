"""The tables as readers see them: what stands under a provisional fingerprint is the checkpoint's own.

A checkpoint whose weights were not read through is identified by what was known of them (place, size and time
of local files, the digests that a hub states). Once they are read, `aliases` says which fingerprint is meant.
Nothing that was written is changed for it: each table with a column `subject` has a view of its name in the
schema `merged`, which `Store.query` looks in first, so that every reader sees one row a checkpoint. Rows that
are marked as `deleted` are in none.
"""

import duckdb

SCHEMA = "merged"
SEARCH = f"SET search_path = '{SCHEMA},main'"


def make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views anew, after the tables; of rows with equal keys that of the own fingerprint is kept."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    keys = connection.execute(
        "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
        "WHERE schema_name = 'main' AND constraint_type = 'PRIMARY KEY'"
    ).fetchall()
    columns = connection.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND NOT internal GROUP BY ALL"
    ).fetchall()
    columns_of = dict(columns)
    for table, key in keys:
        if "subject" in columns_of[table] and table != "aliases":
            oldest = "t.created_at" if "created_at" in columns_of[table] else "t.subject"
            _make_view(connection, table, key, oldest, deleted="deleted" in columns_of[table])


def _make_view(
    connection: duckdb.DuckDBPyConnection, table: str, key: list[str], order: str, *, deleted: bool
) -> None:
    others = [f't."{column}"' for column in key if column != "subject"]
    columns = "t.* EXCLUDE (deleted)" if deleted else "t.*"
    kept = "t.deleted IS NOT TRUE" if deleted else "true"
    same = " AND ".join(["own.subject = a.subject", *(f"own.{one[2:]} = {one}" for one in others)])
    connection.execute(f"""
        CREATE OR REPLACE VIEW {SCHEMA}.{table} AS
        SELECT {columns} FROM main.{table} t ANTI JOIN main.aliases a ON t.subject = a.provisional
        WHERE {kept}
        UNION ALL
        SELECT {columns} REPLACE (a.subject AS subject)
        FROM main.{table} t JOIN main.aliases a ON t.subject = a.provisional
        WHERE {kept} AND NOT EXISTS (SELECT 1 FROM main.{table} own WHERE {same})
        QUALIFY row_number() OVER (PARTITION BY {", ".join(["a.subject", *others])} ORDER BY {order}) = 1
    """)
