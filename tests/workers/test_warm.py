"""What the supervisor and the roles import, told by a fresh interpreter: time to start and memory hang on it."""

import subprocess
import sys

from leitstand import plugins

# Each costs a tenth of a second or more, and 10 MB or more: for the one role or the one command that needs it.
_HEAVY = ("spacy", "py3langid", "fastapi", "uvicorn", "jinja2", "alembic", "holidays", "feedparser", "tweepy")
_SCRIPT = """
import importlib, sys, threading
for module in sys.argv[1:]:
    importlib.import_module(module)
print(threading.active_count(), *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def _loaded(*modules: str) -> tuple[int, list[str]]:
    told = subprocess.run([sys.executable, "-c", _SCRIPT, *modules], capture_output=True, text=True, check=True)
    threads, *names = told.stdout.split()
    return int(threads), names


def test_what_one_role_alone_needs_is_not_imported_by_the_others() -> None:
    threads, names = _loaded("console.commands.run_", "workers.warm", "workers.deliver", "workers.sweep")
    assert [name for name in _HEAVY if name in names] == []
    assert threads == 1  # else the supervisor could not fork
    assert {"psycopg", "sqlalchemy", "pydantic"} <= set(names)


def test_no_source_or_target_keeps_the_supervisor_from_forking() -> None:
    kinds = [f"{folder}.{kind}" for folder in (plugins.SOURCES, plugins.TARGETS) for kind in plugins.kinds(folder)]
    threads, _ = _loaded("workers.warm", *kinds)
    assert threads == 1


def test_a_command_starts_without_what_the_roles_need() -> None:
    _, names = _loaded("console.cli")
    assert [name for name in (*_HEAVY, "numpy", "sqlalchemy", "psycopg", "pydantic", "rq") if name in names] == []
