"""Names that a configuration uses must be defined in it, once."""

import pytest

from leitstand.references import references, suggest
from leitstand.settings import Settings


@pytest.mark.parametrize(
    ("tree", "path", "says"),
    [
        ({"watchlists": [{"name": "a", "query": "a"}, {"name": "a", "query": "b"}]}, "watchlists.1.name", "used twice"),
        ({"watchlists": [{"name": "a", "query": "a", "team": "x"}]}, "watchlists.0.team", "no team named 'x'"),
        (
            {"sla": [{"calendar": "ofice", "resolution": "1d"}], "calendars": {"office": {"hours": {}}}},
            "sla.0.calendar",
            "'office'",
        ),
        ({"teams": {"t": {"forward": ["x"]}}}, "teams.t.forward.0", "no target named 'x'"),
        ({"teams": {"t": {"rota": "x"}}}, "teams.t.rota", "no rota named 'x'"),
        (
            {"rules": [{"name": "r", "when": {}, "then": {"policy": "x"}}]},
            "rules.0.then.policy",
            "no escalation policy",
        ),
        ({"escalation": {"p": {"steps": [{"notify": "x"}]}}}, "escalation.p.steps.0.notify", "no target or team"),
        ({"rotas": {"r": {"people": ["x"]}}}, "rotas.r.people.0", "no target named 'x'"),
        ({"digests": [{"name": "d", "target": "x"}]}, "digests.0.target", "no target named 'x'"),
        ({"incidents": {"watchlists": ["x"]}}, "incidents.watchlists.0", "no watchlist named 'x'"),
        ({"escalations": {"leadership": "x"}}, "escalations.leadership", "no target named 'x'"),
    ],
)
def test_a_name_that_is_not_there_is_told_where_it_is_used(tree: dict[str, object], path: str, says: str) -> None:
    (found,) = references(Settings.model_validate(tree))
    assert found.path == path
    assert says in found.message


def test_nothing_is_said_of_names_that_are_there() -> None:
    tree = {
        "teams": {"t": {}},
        "watchlists": [{"name": "a", "query": "a", "team": "t"}],
        "targets": {"hook": {"kind": "log"}},
        "escalation": {"p": {"steps": [{"webhook": "hook"}, {"notify": "t"}, {"notify": "on-call"}]}},
    }
    assert list(references(Settings.model_validate(tree))) == []


def test_a_slip_of_the_finger_is_found() -> None:
    assert suggest("ofice", ["office", "night"]) == "did you mean 'office'? known: night, office"
    assert suggest("x", []) == "none is defined"
