"""Everything that a page's form can be refused for has its German: gathered from the sources, as sentences are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import console
import triage
from leitstand.language.sentences import speaker

_TRIAGE, _CONSOLE = (Path(package.__file__ or "").parent for package in (triage, console))
_PLACES = [
    *(
        _TRIAGE / f"{name}.py"
        for name in ("actions", "in_hand", "handing", "merging", "overrides", "policy", "ratings")
    ),
    *(_TRIAGE / f"{name}.py" for name in ("runs/silences", "splitting", "views", "incidents/views")),
    *(_TRIAGE / f"projects/{name}.py" for name in ("acts", "opening", "store")),
    *(_CONSOLE / f"web/{name}.py" for name in ("correcting", "silencing")),
]
_ERRORS = ("InputError", "StateError", "NotFoundError", "ApiError")
EXAMPLES = [
    "value: a case cannot be merged into itself",
    "there is no case 7",
    "case 7 is closed; only open cases are merged",
    "case 7 is closed; only open cases are split",
    "case 7 is closed; this needs a case that is new or open",
    "value: there is no target 'kasse'; known: desk, mail",
    "person: there is no target 'kasse'; known: desk, mail",
    "there is no rota 'kasse'; known: desk, mail",
    "there is no incident 7",
    "incident 7 is over already",
    "there is no action 'kasse'; known: desk, mail",
    "text: longer than 10000 characters",
    "comment: longer than 2000 characters",
    "text: must have at most 10000 characters, and no NUL",
    "text: the reply is missing",
    "text: the note is missing",
    "value: a label has at most 100 characters",
    "value: must be one of desk, mail",
    "value: there is no severity or escalation policy 'kasse'; known: desk, mail",
    "case 7 is sev1; escalating cannot make it milder",
    "matcher: say what is to be silenced: a silence of everything is refused",
    "owner: a silence needs its owner and a reason",
    "lasts: must last longer than nothing, and at most 31 days",
    "ends_at: must end after it starts, in time to come, and last at most 31 days",
    "there is no open silence 7",
    "until: must be a time to come, at most 31 days ahead",
    "until: must be a time with its offset",
    "there is no silence 7 that somebody has ended",
    "value: which mentions are to leave is missing",
    "value: case 7 has no mention 3",
    "case 7 has no post 3",
    "value: at least one mention must stay",
    "value: only the brand's own posts would leave",
    "score: must be a whole number from 1 to 5",
    "case 7 is not solved yet",
    "escalation 7 is closed",
    "due: say until when, as a time to come with its offset",
    "escalation 7 has no measure 3",
    "text: write a sentence: leadership reads it without knowing the case",
    "escalation 7 has open measures (2): finish them first",
    "there is no escalation 7",
    "the case of escalation 7 is no longer kept",
    "cursor: not a cursor of this list",
    "there is no such override 7",
    "sentiment: must be one of: desk, mail",
    "urgency: must be from 0 to 3",
    "needs_reply: must be yes or no",
    "intents: must be some of: desk, mail",
    "cases: must be the numbers of cases",
    "case 7 has an open escalation already",
    "value: the target is missing",
    "value: the label is missing",
    "value: the owner is missing",
    "value: who joins is missing",
    "text: what is to be done is missing",
    "value: who does it is missing",
    "value: the department's target is missing",
    "text: what the department is to do is missing",
    "value: the measure's number is missing",
    "text: what has been reached is missing",
    "why: what was learned (why) is missing",
]
_GERMAN_TOO = frozenset({"an", "in", "label", "milder", "was"})


def _gathered() -> set[str]:
    return {said for path in _PLACES for said in _refusals(ast.parse(path.read_text("utf-8")))}


def _refusals(tree: ast.AST) -> Iterator[str]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _ERRORS:
            yield from (said for argument in call.args[:2] if " " in (said := _text(argument)))
        elif name == "need":
            yield f"{_text(call.args[-1])} is missing"


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _words(said: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W\d_]{2,}", said)}


GATHERED = _gathered()
ENGLISH = {word for said in GATHERED for word in _words(said)} - _GERMAN_TOO


def test_every_refusal_of_the_sources_has_an_example() -> None:
    shapes = {said: re.compile(".*".join(map(re.escape, said.split("{}")))) for said in GATHERED}
    assert [said for said, shape in shapes.items() if not any(map(shape.search, EXAMPLES))] == []


@pytest.mark.parametrize("english", EXAMPLES)
def test_nothing_of_it_stays_english(english: str) -> None:
    german = speaker("de")(english)
    assert german != english
    assert _words(german) & ENGLISH == set(), german
