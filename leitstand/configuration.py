"""Reads a configuration file whole and reports everything that is wrong with it in one go, before anything connects.

bytes → TOML → ${ENV} and *_file put in → plugins' Settings → Settings → cross-checks → the stages' checks
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from leitstand import plugins
from leitstand.errors import ConfigurationError, PluginError, Problem
from leitstand.leaving_out import Remainder
from leitstand.references import references, suggest
from leitstand.settings import ListenerSettings, Section, Settings, TargetSettings, show_duration
from leitstand.substitution import Found, Tree, in_environment, in_files, is_outside, secret_fields
from leitstand.toml_lines import KeyPath, line_of, lines

MAX_BYTES = 5_000_000
MOST_ROUNDS = 10  # each leaves out what was found wrong, at last the table around it
Check = Callable[[Settings], Iterable[Problem]]

Plugin = ListenerSettings | TargetSettings
_FOLDERS: dict[str, tuple[str, type[Plugin]]] = {
    "listeners": (plugins.SOURCES, ListenerSettings),
    "targets": (plugins.TARGETS, TargetSettings),
}


def load(
    path: Path, checks: Sequence[Check] = (), environment: Mapping[str, str] | None = None, *, secrets: bool = True
) -> Settings:
    """The settings in the file at `path`. Raises ConfigurationError with every Problem, each with file and line.

    `checks` are the stages' own; they run once the shape is right. Paths inside the file are relative to it. Without
    `secrets`, those that are not at hand are no problem: for who talks to nobody.
    """
    source = _read(path)
    known = lines(source)
    try:
        tree = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise ConfigurationError(
            [Problem("", f"not valid TOML: {error}", int(found[1]) if found else 0, str(path))]
        ) from None
    absent: Found = []
    tree = in_environment(tree, os.environ if environment is None else environment, absent)
    unset = {at for at, _ in absent}
    problems: Found = []
    classes = _plugin_sections(tree, problems)
    unset |= in_files(tree, classes, path.parent, absent)
    shape: Found = []
    settings, rest = _validate(tree, classes, shape)
    problems += [(at, message) for at, message in shape if at not in unset]  # an empty value is no second problem
    problems = absent + problems if secrets else _without(problems, unset) + [p for p in absent if not is_outside(p[0])]
    if settings is not None:
        settings = cast(Settings, _absolute(settings, path.parent))
        problems += _checked(settings, checks, rest)
    if problems or settings is None:
        raise ConfigurationError(
            [Problem(_show(at), message, line_of(at, known), str(path)) for at, message in problems]
        )
    return settings


def _without(problems: Found, unset: Iterable[KeyPath]) -> Found:
    """Those that cannot come of what is unset in the same entry of a listener, a target or their like."""
    entries = {at[:2] for at in unset if is_outside(at)}
    return [(at, message) for at, message in problems if at[:2] not in entries]


def _checked(settings: Settings, checks: Sequence[Check], rest: Remainder) -> Found:
    found: Found = []
    for check in (references, *checks):
        for problem in check(settings):
            at = rest.told(problem, _key_path(problem.path), of_names=check is references)
            found += [(at, problem.message)] if at is not None else []
    return found


def _absolute(value: Any, folder: Path) -> Any:
    """Every path in the file is relative to its folder."""
    match value:
        case Path():
            return value if value.is_absolute() else (folder / value).resolve()
        case BaseModel():
            moved = {name: there for name, one in value if (there := _absolute(one, folder)) != one}
            return value.model_copy(update=moved) if moved else value
        case dict():
            return {name: _absolute(one, folder) for name, one in value.items()}
        case list():
            return [_absolute(one, folder) for one in value]
    return value


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        hint = "; `leitstand init` writes one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationError(
            [Problem("", f"cannot read the configuration ({error.strerror}){hint}", 0, str(path))]
        ) from None
    if len(raw) > MAX_BYTES:
        raise ConfigurationError([Problem("", f"larger than {MAX_BYTES} bytes", 0, str(path))])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError([Problem("", "not UTF-8", line, str(path))]) from None


def _plugin_sections(tree: Tree, problems: Found) -> dict[KeyPath, type[Section]]:
    """The Settings class of each listener and target, by its kind."""
    classes: dict[KeyPath, type[Section]] = {}
    for table, (folder, base) in _FOLDERS.items():
        entries = tree.get(table)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            if not isinstance(entry, dict):
                classes[table, name] = base  # which says that a table is wanted
                continue
            kind = entry.get("kind")
            if not isinstance(kind, str):
                problems.append(((table, name, "kind"), f"is required; known: {', '.join(plugins.kinds(folder))}"))
                continue
            try:
                classes[table, name] = cast(type[Section], plugins.load(folder, kind).Settings)
            except PluginError as error:
                problems.append(((table, name, "kind"), str(error)))
    return classes


def _validate(tree: Tree, classes: dict[KeyPath, type[Section]], problems: Found) -> tuple[Settings | None, Remainder]:
    """The settings, with every problem of shape added to `problems`.

    What is wrong is left out and the rest read again, so that the cross-checks still see it: one run reports all. None
    if too little is left.
    """
    rest = {key: value for key, value in tree.items() if key not in _FOLDERS or not isinstance(value, dict)}
    for table, (_, base) in _FOLDERS.items():
        entries = tree.get(table)
        if isinstance(entries, dict):
            rest[table] = {
                name: _section(entry, (table, name), classes.get((table, name)), base, problems)
                for name, entry in entries.items()
            }
    left = Remainder(rest)
    for again in range(MOST_ROUNDS):
        try:
            return Settings.model_validate(left.tree), left
        except ValidationError as error:
            if not again:
                problems += _translate(error, (), Settings)
            wrong = [(item["loc"], item["type"] == "missing") for item in error.errors(include_url=False)]
            if not left.leave_out(wrong):
                break
    return None, left


def _section(entry: Any, at: KeyPath, section: type[Section] | None, base: type[Plugin], problems: Found) -> Section:
    """A listener or target by its own class; where it is wrong a bare one, so that at least its name stands."""
    if section is not None:
        try:
            return section.model_validate(entry)
        except ValidationError as error:
            problems += _translate(error, at, section)
    kind = str(entry["kind"]) if section is not None and isinstance(entry, dict) else ""
    return base.model_construct(kind=kind)


def _translate(error: ValidationError, prefix: KeyPath, section: type[BaseModel]) -> Found:
    return [((*prefix, *item["loc"]), _say(dict(item), section)) for item in error.errors(include_url=False)]


def _say(item: dict[str, Any], section: type[BaseModel]) -> str:
    """A validation error in the operator's words, never with the value of a secret in it."""
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            known = _fields_at(section, item["loc"][:-1])
            return f"unknown key; {suggest(str(item['loc'][-1]), known)}"
        case "missing":
            return "is required"
        case "enum" | "literal_error":
            return f"must be one of {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            examples = _examples_at(section, item["loc"])
            return f"must be written like {examples[0]!r}" if examples else f"must match {context['pattern']}"
        case kind if kind in _SAID:
            return _SAID[kind].format(**{name: _shown(limit) for name, limit in context.items()})
        case _:
            return str(item["msg"])


def _shown(limit: Any) -> Any:
    """A duration as it is written in the file; pydantic tells it as Python writes it."""
    if not isinstance(limit, str) or not limit.startswith("datetime.timedelta("):
        return limit
    return show_duration(timedelta(**{unit: int(count) for unit, count in _UNITS.findall(limit)}))


_UNITS = re.compile(r"(days|seconds|microseconds)=(\d+)")
_SAID = {
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be text",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} or fewer entries",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
}


def _fields_at(section: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The known keys of the table at `loc`, found by walking the models' annotations."""
    for part in loc:
        field = section.model_fields.get(str(part))
        if field is None:
            continue  # a name in a dict, or an index in a list: the class stays
        nested = _model_in(field.annotation)
        if nested is None:
            return []
        section = nested
    names = list(section.model_fields)
    return names + [f"{name}_file" for name in secret_fields(section)]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, get_args(annotation)) if m is not None), None)


def _examples_at(section: type[BaseModel], loc: tuple[str | int, ...]) -> list[Any]:
    """The examples that the field at `loc` gives, itself or by the type of what is in it."""
    field: FieldInfo | None = None
    for part in loc:
        inside = _model_in(field.annotation) if field else section
        field = inside.model_fields.get(str(part), field) if inside else field
    return [*(field.examples or []), *_examples_in(field.annotation)] if field else []


def _examples_in(annotation: Any) -> list[Any]:
    own = [one for note in getattr(annotation, "__metadata__", ()) for one in getattr(note, "examples", None) or []]
    return own + [one for part in get_args(annotation) for one in _examples_in(part)]


def _key_path(path: str) -> KeyPath:
    return tuple(int(part) if part.isdigit() else part for part in path.split(".")) if path else ()


def _show(path: KeyPath) -> str:
    return ".".join(str(part) for part in path)
