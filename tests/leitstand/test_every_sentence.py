"""Every sentence that the stages write for people has its German: those of the sources are gathered and held to it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import triage
import workers
from leitstand.language.index import by_first_letter
from leitstand.language.sentences import ALL, speaker

_PLACES = [Path(package.__file__ or "").parent for package in (triage, workers)]
# A module that has to do with one of these writes sentences.
_WRITES = re.compile(r"\b(?:Notice|CaseReason|Line|Act|Start|Agreement|Severity|Clock)\b")
# What these write is for pages alone, or no sentence.
_ASIDE = frozenset({"checks", "digests/words", "explain", "idle_rules", "matrix", "risk/signs", "rules"})
_NOT_READ = ("text", "InputError", "EndedError", "compile", "info", "warning", "exception", "error")
# Texts that are no sentence of a timeline, a reason or a notice: refusals' words, keys, SQL.
_NOT_SAID = re.compile(
    r"(?s).*\b(?:SELECT|UPDATE|INSERT|FROM|JOIN)\b.*|[A-Z]{4,} .*|\w+:\{.*"
    r"|the (?:owner|label|target|note|measure's number|department's target)"
    r"|what .*|who .*|better days|double precision.*|rules on open cases"
)
EXAMPLES = [
    "acknowledged by Bea (acknowledge met after 4m)",
    "the escalation is acknowledged by Bea",
    "assigned to Bea",
    "assigned to nobody",
    "answered by Bea (first response missed: 5m late)",
    "answered by an own account on x: first response met after 4m",
    "label kfz added",
    "label kfz removed",
    "waiting for a department; the clocks stand still",
    "on hold; the clocks stand still",
    "the clocks run on",
    "escalated by Bea with paging",
    "escalated from sev3 to sev1 by Bea",
    "escalated from sev3 to sev1 by leitstand: rule “r0”: its risk is 0.60",
    "escalated from sev2 to sev1 by the author: rated 1 of 5",
    "approved by Bea",
    "resolved by Bea",
    "resolved by Bea (resolution met after 4m)",
    "resolved by leitstand: escalation sev1, step 2/2: the case is sev1 (resolution missed: 5m late)",
    "closed by Bea",
    "reopened by Bea",
    "reopened by the author: rated 1 of 5",
    "rated 1 of 5 by the author",
    "started by Bea",
    "started by the author",
    "SLA base: acknowledge in 5m, first response in 15m, next response in 1h, resolution in 4h, in the hours of cet",
    "SLA base: forward accepted in 5m",
    "SLA base: no deadlines",
    "severity raised from sev3 to sev1 (severity sev1: impact high × urgency critical)",
    "severity raised from sev3 to sev1 (case 5 was sev1)",
    "severity raised from sev3 to sev1 (rule “r0”: severity sev1)",
    "opened as sev1 from a post on x, 4m after it was written",
    "opened as sev1 from a review on x, 4m after it was written",
    "waits for a person before anybody is told: rule “r0” (Gerücht)",
    "waits for a person before anybody is told: rule “r0”",
    "waits for a person: a post would make it sev1: the assessment is 40% sure",
    "the conversation had a case before: 7",
    "one more reply joined: the same conversation",
    "one more reply joined: the same author and watchlist",
    "one more reply joined: the same story",
    "reopened: the conversation goes on",
    "reopened: a post of it was edited",
    "the author has written again: the clocks run on",
    "a post in the conversation is ignored: no watchlist that it matched wants the language de",
    "accepted by Bea at desk (forward accepted met after 4m)",
    "handed back by Bea at desk",
    "resolved by Bea at desk: Karte 5",
    "escalation paging: forward failed: HTTP 500",
    "escalation paging, step 1/2: desk has it",
    "escalation paging, step 1/2: desk has it, in a channel of its own: https://desk.example/5",
    "escalation paging, step 1/2: desk could not be told (HTTP 500); on to the next at once",
    "escalation 4 (Anmeldung): closed by Bea: das Zertifikat",
    "escalation 4 (Anmeldung): Es geht wieder.",
    "escalation 4 (incident 3 on acme): opened because of incident 3, about case 7 (sev1); owned by nobody yet",
    "escalation 4 (case 7): opened because of a missed deadline, about case 7 (sev1); owned by Bea",
    "escalation 4, handed over to desk by Bea: Karte 5 (due 2026-03-03 11:00 UTC)",
    "escalation 4: measure 2 of Bea is due 2026-03-03 11:00 UTC: Karte 5",
    "escalation 4: measure 2 of Bea is overdue since 2026-03-03 11:00 UTC: Karte 5",
    "escalation 4 is opened: a decision of Bea",
    "escalation 4 is opened: a sev1 case",
    "escalation 4 is opened: a missed deadline",
    "Bea owns it from now on",
    "Bea has joined the team",
    "Bea has left the team",
    "measure 2 handed over to desk, due 2026-03-03 11:00 UTC: Karte 5",
    "measure 2 is for Bea, due 2026-03-03 11:00 UTC: Karte 5",
    "measure 2 is accepted",
    "measure 2 is done",
    "closed by Bea; learned: Karten (Bea)",
    "case 7 was merged into case 5: it is about that one from now on",
    "escalation paging, step 1/2, round 1 of 3: the case is sev1",
    "escalation paging, step 1/2 skipped: somebody has acknowledged the case",
    "escalation paging, step 1/2: resolving the case",
    "escalation paging, step 1/2 waits: silence 3 by Bea until 2026-03-03 11:00 UTC (Karten)",
    "escalation paging, step 1/2: forwarding to desk",
    "escalation paging, step 1/2: opening a channel at desk",
    "escalation paging, step 1/2 failed: no target or team is named desk; on to the next at once",
    "escalation paging: all steps are taken and nobody has acknowledged the case",
    "escalation paging, step 1/2: the acknowledge is overdue",
    "acknowledge overdue by 5m (due 2026-03-03 11:00 UTC, 15m by SLA base)",
    "next response still overdue, by 5m (due 2026-03-03 11:00 UTC, 15m by SLA base)",
    "resolution: 80% of the time is used, 5m left (due 2026-03-03 11:00 UTC, 15m by SLA base)",
    "acknowledge overdue by 5m (due 2026-03-03 11:00 UTC, 15m by SLA base); it was past due when the post was seen",
    "forwarded to desk by Bea",
    "forwarded to desk by leitstand: escalation paging, step 1/2: rule “r0”",
    "shared with desk by Bea",
    "belongs to incident 3: its page is held back while the incident is open",
    "escalation sev1, step 1/2: the case is sev1; incident 3 is over",
    "incident 3 on acme: 6 authors within 5m where 0.3 are usual",
    "escalation nachts, step 1/2: incident 3 on acme: 6 authors within 5m where 0.3 are usual",
    "incident 3 on acme grows: 14 authors within 5m, 18 in all, 16 cases",
    "incident 3 on acme is over, it has ebbed away: 22m, 6 authors, 6 at once at its height; 6 cases (6 sev1,"
    " 6 still open); 0 pages held back, 0 of them sent now",
    "incident 3 on acme is over, its watchlist is not watched any more: 22m, 6 authors, 6 at once at its height;"
    " 6 cases (6 sev1, 6 still open); 0 pages held back, 0 of them sent now",
    "incident 3 on acme is over, closed by hand: 22m, 6 authors, 6 at once at its height; 6 cases (6 sev1,"
    " 6 still open); 0 pages held back, 0 of them sent now",
    "rule “r0”: severity sev1, team tier2, tags kfz, vif, policy nachts, SLA base, opens a case",
    "rule “r0”: held for a person",
    "rule “r0”: nothing else",
    "urgency critical",
    "urgency high: “Anmeldung” (anmeldung), „weg“",
    "urgency critical: “Anmeldung; weg” (anmeldung); severity sev1: impact major (the author is a VIP) × urgency"
    " critical; rule “r0”: team tier2",
    "severity sev1: impact high (the author has 12,000 followers, 5 posts tell the story) × urgency normal",
    "severity sev4",
    "merged into case 5 by leitstand: they tell one story",
    "merged into case 5 by Bea",
    "case 7 was merged into this one by Bea",
    "new deadlines: none moves",
    "escalation paging is held back by incident 3: the case is sev1",
    "escalation paging stopped: the case is acknowledged",
    "escalation paging stopped: the case is resolved",
    "escalation paging stopped: the case has become more severe",
    "escalation paging stopped: incident 3 is over",
    "escalation paging started: started by Bea",
    "escalation paging: its further steps wait for the end of incident 3",
    "split off case 7 by Bea",
    "2 of its posts became case 7, by Bea",
    "nobody has touched it for 2h since Bea acknowledged it: escalation paging begins again",
    "the author has edited a post of this case",
    "a post of this case was deleted",
    "the post was deleted: nobody waits for an answer any more",
    "the author is blocked: nobody waits for an answer any more",
    "the edited post was assessed again: urgency high → critical, sentiment negative → neutral, now about outage,"
    " no longer about legal",
    "the edited post was assessed again: nothing changes",
    "escalation paging, step 1/2 skipped: only mon fri 08:00-18:00",
    "escalation paging, step 1/2 skipped: 3 of 12 posts",
    "escalation paging, step 1/2 skipped: 3 posts per channel within 1h, not more than 12",
    "escalation paging, step 1/2 skipped: the risk is not known, not 0.5",
    "escalation paging, step 1/2 skipped: the risk is 0.3, not 0.5",
    "escalation paging, step 1/2 skipped: nobody has acknowledged the case",
    "escalation paging, step 1/2 skipped: the severity has not risen",
    "escalation paging, step 1/2 skipped: the severity has risen",
    "measures overdue: 3 (+0.30)",
    "nobody owns it",
    "no open measure: nothing is being done",
    "hand-overs not accepted: 2",
    "days open: 3",
    "the case's own risk is 30%",
    "the case is closed",
    "the case is open again",
    "the author's data was erased: remove what you keep of it",
]
# Words that German has, too, or that stay: abbreviations and the like.
_GERMAN_TOO = frozenset({
    "an", "hand", "in", "label", "sev", "sla", "still", "team", "utc", "vip", "was", "watchlist",
})  # fmt: skip


def _gathered() -> dict[str, str]:
    """Each text with blanks that the sources could write, with where it stands; `{}` is what is put in."""
    found: dict[str, str] = {}
    for folder in _PLACES:
        for path in sorted(folder.rglob("*.py")):
            module, source = path.relative_to(folder).with_suffix("").as_posix(), path.read_text("utf-8")
            if module not in _ASIDE and _WRITES.search(source):
                found |= dict.fromkeys(_texts(ast.parse(source)), f"{folder.name}/{module}")
    return {said: place for said, place in found.items() if not _NOT_SAID.fullmatch(said)}


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _name(node.func) in _NOT_READ):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        said = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        yield from [said] if " " in said and _words(said) else []
    elif isinstance(node, ast.Constant):
        yield from [node.value] if isinstance(node.value, str) and " " in node.value.strip() else []
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _words(said: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W\d_]{2,}", said)}


GATHERED = _gathered()


def _known(said: str) -> bool:
    shape = re.compile(".*".join(re.escape(part) for part in said.split("{}")), re.DOTALL)
    return any(shape.search(example) for example in EXAMPLES)


def test_every_sentence_of_the_sources_has_an_example() -> None:
    assert {said: place for said, place in GATHERED.items() if not _known(said)} == {}


ENGLISH = {word for said in GATHERED for word in _words(said)} - _GERMAN_TOO


@pytest.mark.parametrize("english", EXAMPLES)
def test_nothing_of_it_stays_english(english: str) -> None:
    german = speaker("de")(english)
    assert _words(german) & ENGLISH == set(), german


@pytest.mark.parametrize("english", EXAMPLES)
def test_english_stays_as_it_is_written(english: str) -> None:
    assert speaker("en")(english) == english


@pytest.mark.parametrize("english", EXAMPLES)
def test_the_index_finds_what_a_search_of_all_patterns_finds(english: str) -> None:
    letters, others = by_first_letter(ALL)
    candidates = letters.get(english[:1], others)
    found = [message for needed, pattern, message in candidates if needed in english and pattern.fullmatch(english)]
    assert found == [message for pattern, message in ALL if pattern.fullmatch(english)]
