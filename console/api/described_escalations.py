"""The API's description, continued: incidents, escalations, silences, who is on call, and the matrix."""

from collections.abc import Iterable
from typing import cast

import msgspec

from console.api.answers import Problem
from console.api.escalations import EscalationAction, NewEscalation, NewSilence, Reopened
from console.api.incidents import EndIncident
from console.api.oncall import NewStandIn
from triage.incidents.views import Detail as IncidentDetail
from triage.incidents.views import Incident
from triage.matrix import Trigger
from triage.overrides import StandIn
from triage.projects import acts
from triage.projects.store import Project
from triage.projects.views import Detail as EscalationDetail
from triage.projects.views import Risky
from triage.runs.silences import Silence

Json = dict[str, object]
_REF = "#/components/schemas/"
_TYPES = (
    Incident, IncidentDetail, Project, EscalationDetail, Silence, Problem, EndIncident, NewEscalation, EscalationAction,
    NewSilence, Reopened, StandIn, NewStandIn, Trigger,
)  # fmt: skip


class IncidentList(msgspec.Struct):
    """The newest first."""

    incidents: list[Incident]


class EscalationList(msgspec.Struct):
    """The newest first."""

    escalations: list[Project]


class RiskyList(msgspec.Struct):
    """Of `state=risky`: the riskiest open ones first, each with its score and reasons."""

    escalations: list[Risky]


class SilenceList(msgspec.Struct):
    """Those that are open or will be."""

    silences: list[Silence]


class StandInList(msgspec.Struct):
    """Those that hold or will, by rota."""

    overrides: list[StandIn]


class Matrix(msgspec.Struct):
    """What sets which policy off, and who is told after how long."""

    matrix: list[Trigger]


def schemas() -> Json:
    """What the paths refer to."""
    return dict(_described()[1])


def paths() -> Json:
    """Every path under /api/v1/incidents, /escalations, /silences, /oncall and /matrix."""
    number = _parameter("number", "path", {"type": "integer", "minimum": 1})
    action = _parameter("action", "path", {"type": "string", "enum": list(acts.ACTIONS)})
    put = _parameter("action", "path", {"type": "string", "enum": ["remove", "restore"]})
    words = _parameter("q", "query", {"type": "string", "maxLength": 200})
    incidents, escalations = _choice("open", "all"), _choice("open", "closed", "all", "risky")
    return {
        "/api/v1/incidents": {"get": _read("Incidents", IncidentList, [incidents], 422)},
        "/api/v1/incidents/{number}": {"get": _read("One incident with its cases", IncidentDetail, [number], 404)},
        "/api/v1/incidents/{number}/close": {
            "post": _write("End an incident by hand", IncidentDetail, [number], EndIncident, 404, 409)
        },
        "/api/v1/escalations": {
            "get": _listed([escalations, words]),
            "post": _write("Open an escalation about a case", Project, [], NewEscalation, 404, 409, status=201),
        },
        "/api/v1/escalations/{number}": {
            "get": _read("One escalation, its measures and its log", EscalationDetail, [number], 404)
        },
        "/api/v1/escalations/{number}/{action}": {
            "post": _write("Act on an escalation", EscalationDetail, [number, action], EscalationAction, 404, 409)
        },
        "/api/v1/silences": {
            "get": _read("Silences", SilenceList, []),
            "post": _write("Make escalation steps wait", Silence, [], NewSilence, status=201),
        },
        "/api/v1/silences/{number}/end": {"post": _write("End a silence", Silence, [number], None, 404)},
        "/api/v1/silences/{number}/reopen": {
            "post": _write("Undo the end of a silence", Silence, [number], Reopened, 404)
        },
        "/api/v1/oncall": {"get": _read("Who is on call, by rota", None, [])},
        "/api/v1/oncall/overrides": {
            "get": _read("Who stands in for whom", StandInList, []),
            "post": _write("Let somebody stand in", StandIn, [], NewStandIn, 404, status=201),
        },
        "/api/v1/oncall/overrides/{number}/{action}": {
            "post": _write("Remove a stand-in, or put one back", StandIn, [number, put], None, 404)
        },
        "/api/v1/matrix": {"get": _read("The escalation matrix", Matrix, [])},
    }


def _described() -> tuple[dict[object, Json], Json]:
    lists = (IncidentList, EscalationList, RiskyList, SilenceList, StandInList, Matrix)
    types = (*_TYPES, *lists)
    refs, components = msgspec.json.schema_components(types, ref_template=_REF + "{name}")
    return dict(zip(types, refs, strict=True)), components


def _read(summary: str, told: type | None, parameters: list[Json], *problems: int) -> Json:
    return _operation(summary, "read", parameters, told, 200, problems)


def _listed(parameters: list[Json]) -> Json:
    operation = _read("Escalations; `q` searches titles and lessons", EscalationList, parameters, 422)
    refs = _described()[0]
    told = _content("Escalations.", {"anyOf": [refs[EscalationList], refs[RiskyList]]})
    return {**operation, "responses": {**cast(Json, operation["responses"]), "200": told}}


def _write(
    summary: str, told: type, parameters: list[Json], given: type | None, *problems: int, status: int = 200
) -> Json:
    operation = _operation(summary, "act", parameters, told, status, (*problems, 400, 408, 413, 415, 422))
    if given is None:
        return operation
    content = {"application/json": {"schema": _described()[0][given]}}
    return {**operation, "requestBody": {"required": status == 201, "content": content}}


def _operation(
    summary: str, scope: str, parameters: list[Json], told: type | None, status: int, problems: Iterable[int]
) -> Json:
    refs = _described()[0]
    schema: Json = refs[told] if told else {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
    failed = {str(code): _content("Says why.", refs[Problem]) for code in sorted({*problems, 401, 403, 503})}
    return {
        "summary": summary,
        "description": f"Scope: {scope}.",
        "security": [{"token": []}],
        "parameters": parameters,
        "responses": {str(status): _content(f"{summary}.", schema), **failed},
    }


def _content(description: str, schema: Json) -> Json:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, place: str, schema: Json) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _choice(*values: str) -> Json:
    return _parameter("state", "query", {"type": "string", "enum": list(values), "default": values[0]})
