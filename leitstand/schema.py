"""The JSON Schema of the configuration file, for editors: the sections, and each built-in kind's own keys."""

from typing import Any

from pydantic import BaseModel

from leitstand import plugins
from leitstand.settings import Database, Redis, Rota, Settings, Token
from leitstand.substitution import secret_fields

JsonSchema = dict[str, Any]


def json_schema() -> JsonSchema:
    """The schema, complete in itself. Installed kinds beyond the built-in ones are allowed any keys."""
    schema: JsonSchema = Settings.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Leitstand configuration"
    definitions: JsonSchema = schema["$defs"]
    for section in (Database, Redis, Token, Rota):
        definitions[section.__name__] = _with_secret_files(section, definitions[section.__name__])
    for table, folder in (("listeners", plugins.SOURCES), ("targets", plugins.TARGETS)):
        entries = schema["properties"][table]["patternProperties"]
        for pattern in entries:
            entries[pattern] = {
                "oneOf": [_kind(folder, kind, definitions) for kind in plugins.kinds(folder)] + [_dotted()]
            }
    return schema


def _kind(folder: str, kind: str, definitions: JsonSchema) -> JsonSchema:
    module = plugins.load(folder, kind)
    own: JsonSchema = module.Settings.model_json_schema(mode="validation")
    definitions.update(own.pop("$defs", {}))
    own = _with_secret_files(module.Settings, own)
    own["title"], own["description"] = module.ABOUT.title, module.ABOUT.summary
    own["properties"]["kind"] = {"const": kind}
    definitions[f"{folder}.{kind}"] = own
    return {"$ref": f"#/$defs/{folder}.{kind}"}


def _dotted() -> JsonSchema:
    return {"type": "object", "properties": {"kind": {"type": "string", "pattern": r"\."}}, "required": ["kind"]}


def _with_secret_files(section: type[BaseModel], schema: JsonSchema) -> JsonSchema:
    """`token_file` beside `token`; a required secret may come either way."""
    for name in secret_fields(section):
        schema["properties"][f"{name}_file"] = {"type": "string", "description": f"A file that holds `{name}`."}
        if name in schema.get("required", []):
            schema["required"] = [other for other in schema["required"] if other != name]
            schema.setdefault("allOf", []).append({"anyOf": [{"required": [name]}, {"required": [f"{name}_file"]}]})
    return schema
