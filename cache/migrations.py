"""The store's tables, as recorded migration functions: each runs once, and is never edited later."""

from collections.abc import Callable
from datetime import UTC, datetime

import duckdb

from cache import merged

Connection = duckdb.DuckDBPyConnection


def m001_tables(connection: Connection) -> None:
    """The first schema. Text keys are fingerprints or 'published:…'; times are UTC."""
    connection.execute("""
        CREATE TABLE checkpoints (
            subject TEXT PRIMARY KEY, name TEXT NOT NULL, origin TEXT NOT NULL, source TEXT, path TEXT,
            revision TEXT, family TEXT, architecture TEXT, kind TEXT, parameters BIGINT,
            parameters_without_embeddings BIGINT, layers INTEGER, width INTEGER, heads INTEGER,
            vocabulary INTEGER, tied BOOLEAN, dtype TEXT, max_positions INTEGER, base TEXT, variant TEXT,
            alpha DOUBLE, note TEXT, added_at TIMESTAMP);
        CREATE TABLE clouds (
            cloud TEXT PRIMARY KEY, subject TEXT NOT NULL, corpus TEXT, corpus_fingerprint TEXT,
            sample_fingerprint TEXT, sequences INTEGER, text_seed BIGINT, layer INTEGER, position TEXT,
            max_length INTEGER, precision TEXT, extractor_version INTEGER, n BIGINT, d INTEGER, tokens BIGINT,
            seconds DOUBLE, created_at TIMESTAMP);
        CREATE TABLE measurements (
            subject TEXT, cloud TEXT DEFAULT '', measure TEXT, parameters TEXT DEFAULT '{}',
            seed BIGINT DEFAULT 0, version INTEGER DEFAULT 1, value DOUBLE, standard_error DOUBLE, note TEXT,
            n BIGINT, d INTEGER, seconds DOUBLE, origin TEXT NOT NULL, source TEXT, created_at TIMESTAMP,
            PRIMARY KEY (subject, cloud, measure, parameters, seed, version));
        CREATE TABLE scores (
            subject TEXT, name TEXT NOT NULL, benchmark TEXT, task TEXT, metric TEXT, value DOUBLE NOT NULL,
            split TEXT DEFAULT '', formed TEXT, source TEXT, origin TEXT NOT NULL,
            PRIMARY KEY (subject, benchmark, task, metric, split, source));
        CREATE TABLE covariates (
            subject TEXT, name TEXT NOT NULL, covariate TEXT, value DOUBLE, source TEXT,
            PRIMARY KEY (subject, covariate, source));
        CREATE TABLE jobs (
            job TEXT PRIMARY KEY, title TEXT, request TEXT, submitted_at TIMESTAMP, finished_at TIMESTAMP,
            state TEXT, done INTEGER, failed INTEGER, total INTEGER);
        CREATE TABLE parts (name TEXT PRIMARY KEY);
        CREATE TABLE published (digest TEXT)
    """)


def m002_gaps(connection: Connection) -> None:
    """Dispersion gaps measured here, whole: `details` is the JSON that cache.tasks.gap writes and reads."""
    connection.execute("""
        CREATE TABLE gaps (
            subject TEXT, parameters TEXT, seed BIGINT, version INTEGER, domain TEXT, reference TEXT,
            details TEXT, created_at TIMESTAMP, PRIMARY KEY (subject, parameters, seed, version))
    """)


def m003_cloud_notes(connection: Connection) -> None:
    """What a reader of a measure of a cloud should know, for example text that a tokenizer left out."""
    connection.execute("ALTER TABLE clouds ADD COLUMN note TEXT")


def m004_cell_curves(connection: Connection) -> None:
    """What is drawn of a quantized cloud, keyed as its measures; `curves`: core.cells.curves.Curves, JSON."""
    connection.execute("""
        CREATE TABLE cell_curves (
            subject TEXT, cloud TEXT, quantizer TEXT, parameters TEXT DEFAULT '{}', seed BIGINT,
            version INTEGER, curves TEXT, created_at TIMESTAMP,
            PRIMARY KEY (subject, cloud, quantizer, parameters, seed, version))
    """)


def m006_origin_of_covariates(connection: Connection) -> None:
    """Whether a covariate is published or imported: a new release of figures replaces only the former."""
    connection.execute("ALTER TABLE covariates ADD COLUMN IF NOT EXISTS origin TEXT")
    connection.execute("UPDATE covariates SET origin = 'published' WHERE subject LIKE 'published:%'")
    connection.execute("UPDATE covariates SET origin = 'imported' WHERE origin IS NULL")


def m005_fine_tunings(connection: Connection) -> None:
    """GLUE scores made here, a row a task: `protocol`, `details` are JSON, `data` digests the examples."""
    connection.execute("""
        CREATE TABLE fine_tunings (
            subject TEXT, task TEXT, protocol TEXT, data TEXT, version INTEGER, score DOUBLE NOT NULL,
            metrics TEXT, details TEXT, seconds DOUBLE, created_at TIMESTAMP,
            PRIMARY KEY (subject, task, protocol, data, version))
    """)


def m007_aliases(connection: Connection) -> None:
    """Fingerprints given before a checkpoint's weights were read through → the one that they have."""
    connection.execute("""
        CREATE TABLE aliases (
            provisional TEXT PRIMARY KEY, subject TEXT NOT NULL, created_at TIMESTAMP)
    """)


def m008_newest_scores(connection: Connection) -> None:
    """When a score was imported, and its standard error; further names and places of a checkpoint."""
    connection.execute("ALTER TABLE scores ADD COLUMN IF NOT EXISTS added_at TIMESTAMP")
    connection.execute("ALTER TABLE scores ADD COLUMN IF NOT EXISTS standard_error DOUBLE")
    connection.execute("""
        CREATE TABLE names (
            subject TEXT, name TEXT, path TEXT, created_at TIMESTAMP, PRIMARY KEY (subject, name, path))
    """)


def m009_deleted_imports(connection: Connection) -> None:
    """Whether an imported value was deleted: no reader sees it then; another import brings it back."""
    for table in ("scores", "covariates"):
        connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS deleted BOOLEAN")


def m010_marks(connection: Connection) -> None:
    """A star and a note on a checkpoint, as its user set them last."""
    connection.execute("""
        CREATE TABLE marks (
            subject TEXT PRIMARY KEY, starred BOOLEAN, note TEXT, created_at TIMESTAMP)
    """)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    m001_tables,
    m002_gaps,
    m003_cloud_notes,
    m004_cell_curves,
    m005_fine_tunings,
    m006_origin_of_covariates,
    m007_aliases,
    m008_newest_scores,
    m009_deleted_imports,
    m010_marks,
)


def version(connection: Connection) -> int:
    """The schema a store was written with; 0 for an empty file."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'migrations'"
    if not connection.execute(query).fetchall()[0][0]:
        return 0
    return connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchall()[0][0]


def migrate(connection: Connection) -> None:
    """Run, each in a transaction of its own, the migrations that this store has not seen.

    The views of `cache.merged` follow from the tables and are no migration: they are made anew each time.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TIMESTAMP)"
    )
    for number, function in enumerate(MIGRATIONS, start=1):
        if number > version(connection):
            connection.begin()
            function(connection)
            row = [number, function.__name__, datetime.now(UTC).replace(tzinfo=None)]
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", row)
            connection.commit()
    merged.make_views(connection)
