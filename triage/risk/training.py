"""Fits the weights of risk to a site's own cases, and says whether they are better: pure, but for where they are kept.

examples ─► the earlier 70 % of the cases fit, the later 30 % judge ─► better than the starting weights? ─► all fit
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from triage.risk.fit import Example, Measured, fit, measure
from triage.risk.model import SIGNS, STARTING, Model

LEAST_CASES, LEAST_ESCALATED = 200, 30
_EARLIER = 0.7

_KEEP = text(
    "INSERT INTO risk_models (fitted_at, model, report) VALUES (:now, CAST(:model AS jsonb), CAST(:report AS jsonb))"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign's weight before and after, and in words what became of it."""

    sign: str
    words: str
    before: float
    after: float
    said: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a fit found. `refused` says why the weights are not to be used, "" where they are."""

    cases: int
    escalated: int
    moments: int
    judged_on: int
    refused: str
    model: Model | None = None
    starting: Measured | None = None
    fitted: Measured | None = None
    signs: tuple[Sign, ...] = ()


def train(examples: Sequence[Example], now: datetime) -> Report:
    """Fit and judge. Examples are in the order in which their cases were opened."""
    cases = list(dict.fromkeys(e.case for e in examples))
    escalated = {e.case for e in examples if e.escalated}
    plain = Report(len(cases), len(escalated), len(examples), 0, "")
    mild = len(cases) - len(escalated)
    if len(cases) < LEAST_CASES or min(len(escalated), mild) < LEAST_ESCALATED:
        wanted = f"{LEAST_CASES} cases are wanted, {LEAST_ESCALATED} of them escalated and {LEAST_ESCALATED} not"
        return replace(plain, refused=f"too little is known: {wanted}")
    early = set(cases[: round(_EARLIER * len(cases))])
    learned, judged = [e for e in examples if e.case in early], [e for e in examples if e.case not in early]
    tried = fit(learned)
    starting, fitted = measure(Model(), judged), measure(tried, judged)
    plain = replace(plain, judged_on=len(cases) - len(early), starting=starting, fitted=fitted)
    whole = replace(fit(examples), fitted=f"{len(cases)} cases until {now:%Y-%m-%d}")
    found = replace(plain, model=whole, signs=_signs(whole))
    if fitted.brier >= starting.brier or fitted.log_loss >= starting.log_loss:
        return replace(found, refused="on the later cases the new weights are no better than the starting ones")
    return found


def keep(connection: Connection, report: Report, now: datetime) -> None:
    """Put the report's weights to use."""
    encode = msgspec.json.encode
    connection.execute(
        _KEEP, {"now": now, "model": encode(report.model).decode(), "report": encode(report).decode()}
    )  # fmt: skip


def forget(connection: Connection, now: datetime) -> None:
    """Go back to the starting weights."""
    model = msgspec.json.encode(Model()).decode()
    connection.execute(_KEEP, {"now": now, "model": model, "report": "{}"})


def _signs(model: Model) -> tuple[Sign, ...]:
    return tuple(
        Sign(name, words, STARTING[name], model.weights[name], _said(STARTING[name], model.weights[name]))
        for name, words in SIGNS.items()
    )


def _said(before: float, after: float) -> str:
    if after < 0.01:
        return "says nothing here"
    if abs(after - before) < 0.05:
        return "about as assumed"
    return f"{'more' if after > before else 'less'} than assumed"
