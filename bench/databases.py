"""A fresh, migrated database for each measurement, beside whatever else the server holds."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg2

NAME, TEMPLATE = "lxp_bench", "lxp_bench_empty"


def url_of(name: str) -> str:
    """DATABASE_URL with another database."""
    parts = urlsplit(os.environ["LXP_BENCH_SERVER"])
    return urlunsplit(parts._replace(path=f"/{name}"))


def make_template() -> None:
    """An empty, migrated database to copy from."""
    _run(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)', f'CREATE DATABASE "{TEMPLATE}"')
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url_of(TEMPLATE)}, check=True,
    )  # fmt: skip


def make_fresh() -> str:
    """Copy the empty database; returns the address of the copy."""
    _run(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)', f'CREATE DATABASE "{NAME}" TEMPLATE "{TEMPLATE}"')
    return url_of(NAME)


def drop_all() -> None:
    """Leave nothing behind."""
    _run(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in (NAME, TEMPLATE)))


def _run(*statements: str) -> None:
    connection = psycopg2.connect(url_of("postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
