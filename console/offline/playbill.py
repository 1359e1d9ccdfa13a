"""A rehearsal shown: a line a post, then each case with its reasons, deadlines and whom it would wake; or as JSON."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.offline.rehearsal import Opened, Outcome, Rehearsal, Told
from console.offline.wording import count, due, intents, marked, sentiment, severity, span, urgency
from leitstand.model import Clock
from triage.decide import Move

Json = dict[str, Any]


def show(rehearsal: Rehearsal, now: datetime, say: Console) -> None:
    """Everything, for people."""
    table = Table("#", "post", "read as", "then", box=None, padding=(0, 2, 1, 0))
    table.columns[1].ratio, table.columns[2].ratio, table.columns[3].ratio = 5, 3, 4
    for number, outcome in enumerate(rehearsal.outcomes, 1):
        table.add_row(str(number), _post(outcome), _read_as(outcome), _then(outcome))
    say.print(table)
    for opened in rehearsal.cases:
        _case(opened, now, say)
    say.print(_summary(rehearsal), highlight=False)


def _post(outcome: Outcome) -> Text:
    mention = outcome.mention
    handle = mention.author.handle or mention.author.name
    places = {(start, end) for spans in outcome.watchlists.values() for field, start, end in spans if field == "text"}
    head = Text(f"{mention.channel}{' · ' + handle if handle else ''}\n", "dim")
    title = Text(mention.title + "\n", "italic") if mention.title else Text()
    return head + title + marked(mention.text, places)


def _read_as(outcome: Outcome) -> Text:
    found = outcome.assessment
    if found is None:
        return Text("not read", "dim")
    about = Text(f": {intents(found)}" if found.intents else "")
    return Text.assemble(f"{found.language} ", sentiment(found), "\n", urgency(found.urgency), about)


def _then(outcome: Outcome) -> Text:
    match outcome.move:
        case Move.OPEN:
            said = Text(f"opens case {outcome.case}", "bold")
        case Move.JOIN:
            said = Text(f"joins case {outcome.case}")
        case Move.ANSWER:
            said = Text(f"answers case {outcome.case}: stops its response clock")
        case _:
            said = Text(f"no case: {outcome.why}", "dim")
    matched = ", ".join(outcome.watchlists)
    return said + Text(f"\nwatchlist {matched}" if matched else "", "dim")


def _case(opened: Opened, now: datetime, say: Console) -> None:
    case = opened.case
    head = Text.assemble(
        (f"Case {case.number}  ", "bold"),
        severity(case.severity),
        f"  team {case.team}  {count(case.mention_count, 'post')}",
    )
    say.print(head, Text(case.title, "italic"), sep="\n")
    for label, lines in _why_when_who(opened, now):
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=8)
        grid.add_column()
        for index, line in enumerate(lines):
            grid.add_row(Text(label if index == 0 else "", "dim"), Text(line))
        say.print(grid)
    say.print()


def _why_when_who(opened: Opened, now: datetime) -> Iterator[tuple[str, list[str]]]:
    yield "  why", list(dict.fromkeys(reason.text for reason in opened.case.reasons))
    yield "  due", [_clock(clock, now) for clock in opened.clocks] or ["no deadline"]
    yield "  tells", _tells(opened.told) or ["nobody: name targets in [teams] or [escalation]"]


def _clock(clock: Clock, now: datetime) -> str:
    name = clock.name.value.replace("_", " ")
    if clock.ended_at is not None:
        return f"{name}: {clock.state.value}"
    return f"{name} {due(clock.due_at, now)} ({clock.due_at.astimezone():%a %H:%M})"


def _tells(told: Iterable[Told]) -> list[str]:
    """A line for each target and moment, with everything that tells it then."""
    why: dict[tuple[str, timedelta], list[Told]] = {}
    for one in told:
        why.setdefault((one.target, one.after), []).append(one)
    return [_tell(target, after, [t.why for t in same], same[0].until) for (target, after), same in why.items()]


def _tell(target: str, after: timedelta, why: list[str], until: str) -> str:
    when = f"after {span(after)}, unless {until}" if after else "at once"
    return f"{target} {when} ({', '.join(why)})"


def _summary(rehearsal: Rehearsal) -> str:
    matched = sum(bool(o.watchlists) for o in rehearsal.outcomes)
    cases = count(len(rehearsal.cases), "case")
    return (
        f"{count(len(rehearsal.outcomes), 'post')}, {matched:,} match a watchlist, {cases}. Nothing was stored or sent."
    )


def as_json(rehearsal: Rehearsal, ids: list[str | int]) -> Iterator[Json]:
    """One object a post, in their order; the case is told with the post that opens it."""
    cases = {opened.case.number: opened for opened in rehearsal.cases}
    for post_id, outcome in zip(ids, rehearsal.outcomes, strict=True):
        opened = cases.get(outcome.case) if outcome.move is Move.OPEN else None
        yield {"id": post_id, **_outcome_json(outcome), "opens": _case_json(opened) if opened else None}


def _outcome_json(outcome: Outcome) -> Json:
    found = outcome.assessment
    return {
        "channel": outcome.mention.channel,
        "external_id": outcome.mention.external_id,
        "watchlists": [
            {"name": name, "spans": [{"field": f, "start": s, "end": e} for f, s, e in spans]}
            for name, spans in outcome.watchlists.items()
        ],
        "language": found.language if found else None,
        "sentiment": found.sentiment.value if found else None,
        "sentiment_score": found.sentiment_score if found else None,
        "urgency": int(found.urgency) if found else None,
        "intents": list(found.intents) if found else [],
        "needs_reply": found.needs_reply if found else None,
        "reasons": list(found.reasons) if found else [],
        "move": outcome.move.value,
        "why": outcome.why,
        "case": outcome.case or None,
    }


def _case_json(opened: Opened) -> Json:
    case = opened.case
    return {
        "severity": case.severity.value,
        "team": case.team,
        "mention_count": case.mention_count,
        "reasons": [reason.text for reason in case.reasons],
        "clocks": {clock.name.value: {"state": clock.state.value, "due_at": clock.due_at} for clock in opened.clocks},
        "tells": [
            {"target": t.target, "after_seconds": int(t.after / timedelta(seconds=1)), "why": t.why, "unless": t.until}
            for t in opened.told
        ],
    }
