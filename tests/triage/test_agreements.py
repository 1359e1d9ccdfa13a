"""Which deadlines apply: the entry that says most, frozen with a version; ties against asking about every case."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import Severity
from leitstand.settings import Sla
from triage.agreements import DEFAULTS, Choice, Traits, agreement, best, left_over, ties

X = Traits("x", "reply", "sev1", "de", "cloud", "gold")


@pytest.mark.parametrize(
    ("narrowed", "fits"),
    [
        ({"channels": ["x", "blog"]}, True),
        ({"channels": ["blog"]}, False),
        ({"kinds": ["reply"]}, True),
        ({"kinds": ["review"]}, False),
        ({"severity": ["sev1", "sev2"]}, True),
        ({"severity": ["sev3"]}, False),
        ({"languages": ["de"]}, True),
        ({"languages": ["en"]}, False),
        ({"watchlists": ["cloud"]}, True),
        ({"watchlists": ["brand"]}, False),
        ({"tiers": ["gold"]}, True),
        ({"tiers": ["silver"]}, False),
    ],
)
def test_each_trait_narrows_an_entry(narrowed: dict[str, object], fits: bool) -> None:
    choice = Choice([Sla.model_validate({"name": "narrow", "acknowledge": "1m", **narrowed})])
    assert choice.pick(X).name == ("narrow" if fits else "default/sev1")


def test_the_entry_that_says_most_wins_whatever_the_order() -> None:
    entries = [
        Sla.model_validate({"name": "vague", "channels": ["x"]}),
        Sla.model_validate({"name": "exact", "channels": ["x"], "tiers": ["gold"], "languages": ["de"]}),
        Sla.model_validate({"name": "middle", "channels": ["x"], "severity": ["sev1"]}),
    ]
    for order in (entries, entries[::-1]):
        assert Choice(order).pick(X).name == "exact"
        assert Choice(order).pick(X._replace(tier="")).name == "middle"
        assert Choice(order).pick(X._replace(tier="", severity="sev4")).name == "vague"
        assert Choice(order).pick(X._replace(channel="blog")) == DEFAULTS[Severity.SEV1]


def test_a_version_is_the_content_of_an_entry() -> None:
    one, same, other = (
        agreement(Sla.model_validate({"name": "a", "acknowledge": budget})) for budget in ("60s", "1m", "2m")
    )
    assert one.version == same.version
    assert one.version != other.version
    assert one.version.startswith("a@")


def test_an_entry_says_what_it_grants() -> None:
    entry = Sla.model_validate(
        {
            "channels": ["x"], "kinds": ["review"], "first_response": "15m", "next_response": "30m",
            "resolution": "4h", "forward_accepted": "1h", "calendar": "office",
        }
    )  # fmt: skip
    assert agreement(entry).text == (
        "SLA x/any/review: first response in 15m, next response in 30m, resolution in 4h, forward accepted in 1h,"
        " in the hours of office"
    )


# --- ties: the boxes against asking about every case -----------------------------------------------------------------

CHANNELS, LANGUAGES, TIERS = ["x", "blog", ""], ["de", "en", ""], ["gold", ""]
some = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.lists(st.sampled_from(CHANNELS[:2]), min_size=1, max_size=2),
        "severity": st.lists(st.sampled_from(["sev1", "sev2", "sev3", "sev4"]), min_size=1, max_size=4),
        "languages": st.lists(st.sampled_from(LANGUAGES[:2]), min_size=1, max_size=2),
        "tiers": st.just(["gold"]),
    },
)


@settings(deadline=None, max_examples=150)
@given(st.lists(some, max_size=5))
def test_a_tie_is_found_exactly_if_some_case_has_two_best_entries(forms: list[dict[str, list[str]]]) -> None:
    entries = [Sla.model_validate(form) for form in forms]
    cases = [Traits(c, "", s, lang, "", t) for c, s, lang, t in product(CHANNELS, list(Severity), LANGUAGES, TIERS)]
    tied = {pair for case in cases if len(found := best(entries, case)) > 1 for pair in product(found, found)}
    found_pairs = {(i, j): case for i, j, case in ties(entries)}
    assert set(found_pairs) == {(i, j) for i, j in tied if i < j}
    for (i, j), case in found_pairs.items():
        assert {i, j} <= set(best(entries, case))


def test_a_box_less_what_covers_it_is_nothing() -> None:
    def box(*values: str) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(value) for value in values)

    assert left_over(box("ab", "cd"), [box("a", "cd"), box("b", "c"), box("b", "d")]) is None
    assert left_over(box("ab", "cd"), [box("a", "cd"), box("b", "c")]) == box("b", "d")
    assert left_over(box("", "cd"), []) is None
