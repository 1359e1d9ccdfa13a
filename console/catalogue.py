"""What can be connected: every source and target as each declares itself, for `integrations` and the docs."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path

from pydantic import BaseModel

from leitstand import plugins
from leitstand.errors import PluginError
from leitstand.schema import JsonSchema
from leitstand.settings import show_duration
from leitstand.substitution import secret_fields


@dataclass(frozen=True, slots=True)
class Option:
    """One key: what it means, what it takes and what it is if absent ("" where it must be given)."""

    name: str
    type: str
    default: str
    required: bool
    secret: bool
    description: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One source or target. `table` is the configuration's: listeners or targets."""

    name: str
    table: str
    title: str
    summary: str
    guide: str
    options: tuple[Option, ...]
    credentials_url: str
    extra: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the keys that hold secrets."""
        return tuple(option.name for option in self.options if option.secret)


_FOLDERS = {"listeners": plugins.SOURCES, "targets": plugins.TARGETS}


def kinds() -> Iterator[Kind]:
    """Every built-in kind, sources first. One whose SDK is missing is told of by its name alone."""
    for table, folder in _FOLDERS.items():
        for name in plugins.kinds(folder):
            yield _kind(table, folder, name)


def _kind(table: str, folder: str, name: str) -> Kind:
    try:
        module = plugins.load(folder, name)
    except PluginError as error:
        return Kind(name, table, name, str(error), "", (), "", name)
    about = module.ABOUT
    guide = inspect.cleandoc(module.__doc__ or "")
    return Kind(
        name,
        table,
        about.title,
        about.summary,
        guide,
        tuple(options(module.Settings)),
        about.credentials_url,
        about.extra,
    )


def options(section: type[BaseModel]) -> Iterator[Option]:
    """Every key of a table of the configuration, in order."""
    schema = section.model_json_schema(mode="validation")
    secrets = secret_fields(section)
    for name, field in section.model_fields.items():
        described: JsonSchema = schema["properties"][name]
        yield Option(
            name,
            "secret" if name in secrets else _type(described, schema.get("$defs", {})),
            "" if field.is_required() else _default(field.get_default(call_default_factory=True)),
            field.is_required(),
            name in secrets,
            field.description or "",
        )


def _default(value: object) -> str:
    """As it would be written in TOML; "" for what is absent by default."""
    match value:
        case None | BaseModel():
            return ""
        case timedelta():
            return json.dumps(show_duration(value))
        case Path() | Enum():
            return json.dumps(value.value if isinstance(value, Enum) else str(value))
        case dict():
            return "" if not value else str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


_WORDS = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}


def _type(schema: JsonSchema, definitions: JsonSchema) -> str:
    """What a key takes, in words."""
    if "$ref" in schema:
        return _type(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return " or ".join(_type(one, definitions) for one in schema["anyOf"] if one.get("type") != "null")
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), definitions)}"
    if schema.get("type") == "object":
        return "table"
    if "15m" in schema.get("examples", []):
        return "duration"
    if schema.get("format") == "path":
        return "path"
    return _WORDS[schema["type"]] + _bounds(schema)


def _bounds(schema: JsonSchema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    said = [f"from {low}" if low is not None else "", f"above {above}" if above is not None else ""]
    said.append(f"up to {high}" if high is not None else "")
    found = " ".join(part for part in said if part)
    return f" ({found})" if found else ""
