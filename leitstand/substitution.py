"""Puts into a configuration what it only names: environment variables (`${NAME}`), and what stands in a secret's file.

What is absent leaves an empty value, and a problem.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from leitstand.settings import Rota, Section, Token
from leitstand.toml_lines import KeyPath

Tree = dict[str, Any]  # what tomllib gives
Found = list[tuple[KeyPath, str]]

_ENV = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SERVICES = ("database", "redis")
# Tables of our own whose entries have names, and secrets.
_NAMED: dict[KeyPath, type[Section]] = {("api", "tokens"): Token, ("rotas",): Rota}
_OUTSIDE = {"listeners", "targets", *_SERVICES, *(table for table, *_ in _NAMED)}


def is_outside(at: KeyPath) -> bool:
    """Whether a key is about others that are talked to: where secrets stand."""
    return at[0] in _OUTSIDE


def secret_fields(section: type[BaseModel]) -> list[str]:
    """The names of a section's fields that hold secrets."""
    return [name for name, field in section.model_fields.items() if _is_secret(field.annotation)]


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def in_environment(tree: Tree, env: Mapping[str, str], problems: Found) -> Tree:
    """The tree with the variables of `env` in place of `${NAME}`."""
    return {key: _substitute(value, (key,), env, problems) for key, value in tree.items()}


def _substitute(node: Any, at: KeyPath, env: Mapping[str, str], problems: Found) -> Any:
    if isinstance(node, dict):
        return {key: _substitute(value, (*at, key), env, problems) for key, value in node.items()}
    if isinstance(node, list):
        return [_substitute(value, (*at, index), env, problems) for index, value in enumerate(node)]
    if not isinstance(node, str):
        return node
    missing = [name for name in _ENV.findall(node) if name not in env]
    problems += [(at, f"the environment variable {name} is not set") for name in missing]
    if "${" in _ENV.sub("", node):  # else a mistyped reference would be the secret itself
        problems.append((at, "has a ${ that names no variable: write ${NAME}"))
    return _ENV.sub(lambda m: env.get(m[1], ""), node)


def in_files(tree: Tree, classes: Mapping[KeyPath, type[Section]], folder: Path, problems: Found) -> set[KeyPath]:
    """Puts `token = <what is in the file>` in place of `token_file = "path"`, for every secret of the tree.

    `classes` are the sections of its listeners and targets. Returns the keys whose file cannot be read.
    """
    unreadable: set[KeyPath] = set()
    places: list[tuple[KeyPath, list[str]]] = [((service,), ["url"]) for service in _SERVICES]
    places += [(at, secret_fields(section)) for at, section in classes.items()]
    for table, section in _NAMED.items():
        entries = _at(tree, table)
        places += [((*table, name), secret_fields(section)) for name in (entries if isinstance(entries, dict) else ())]
    for at, fields in places:
        given = _at(tree, at)
        for field in fields:
            if not isinstance(given, dict) or f"{field}_file" not in given:
                continue
            if field in given:
                problems.append(((*at, f"{field}_file"), f"stands beside {field}: give one of them"))
            file = given.pop(f"{field}_file")
            try:
                given[field] = (folder / str(file)).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(
                    ((*at, f"{field}_file"), f"cannot be read: {getattr(error, 'strerror', None) or 'not text'}")
                )
                given[field] = "unreadable"
                unreadable.add((*at, field))
    return unreadable


def _at(tree: Tree, path: KeyPath) -> Any:
    node: Any = tree
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node
