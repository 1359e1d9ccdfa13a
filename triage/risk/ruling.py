"""Rules on the risk of cases: asked of open ones whenever their risk has been estimated anew, each once for each case.

    risk estimated ─► the first rule that holds ─► not yet decided? ─► severity if worse, tags, policy, as by a person

What a rule asks beside the risk is asked of the case: its first post's channel, author, kind; its own watchlists,
language, sentiment, urgency and intents.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import StateError
from leitstand.model import Assessment, Author, Mention, Notice
from leitstand.settings import Rule
from triage import records, timeline
from triage.actions import act
from triage.policy import Policy
from triage.records import LIVE, CaseRecord
from triage.rules import CompiledRule, Subject

AT_ONCE = 100
# From the open cases: those that are over keep their last risk, and are soon many more.
_LOOK = text("""
    WITH live AS MATERIALIZED (SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting'))
    SELECT r.case_number, r.score FROM live JOIN case_risks r ON r.case_number = live.number
    WHERE r.score >= :least AND r.ruled_at IS DISTINCT FROM r.at ORDER BY r.score DESC, r.case_number LIMIT :limit
""")
_SEEN = text("UPDATE case_risks SET ruled_at = at WHERE case_number = ANY(:numbers)")
_DECIDED = text("""
    UPDATE case_risks SET ruled = array_append(ruled, CAST(:rule AS text))
    WHERE case_number = :number AND NOT CAST(:rule AS text) = ANY(ruled)
""")


def first_that_holds(rules: Sequence[CompiledRule], case: CaseRecord, risk: float, policy: Policy) -> Rule | None:
    """The rule that decides about a case of this risk, None if none does. Pure."""
    about = _subject(case, risk, policy)
    return next((found.rule for found in rules if found.holds(about)), None)


def sweep(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    """Ask the rules of the cases whose risk is new; returns whom to tell."""
    rules = policy.on_risk
    if not rules:
        return []
    # A score is stored with seven digits: what is shown as 0.6 is not to miss it by the eighth.
    least = min(rule.rule.when.risk_at_least or 1.0 for rule in rules) - 1e-6
    scores = {row.case_number: row.score for row in connection.execute(_LOOK, {"least": least, "limit": AT_ONCE})}
    if not scores:
        return []
    locked = records.lock(connection, scores)
    connection.execute(_SEEN, {"numbers": list(scores)})
    notices: list[Notice] = []
    for number, case in locked.items():
        rule = first_that_holds(rules, case, round(scores[number], 3), policy) if case.state in LIVE else None
        if rule and connection.execute(_DECIDED, {"rule": rule.name, "number": number}).rowcount:
            notices += _apply(connection, case, rule, scores[number], policy, now)
    return notices


def _apply(
    connection: Connection, case: CaseRecord, rule: Rule, risk: float, policy: Policy, now: datetime
) -> list[Notice]:
    then, why = rule.then, f"rule “{rule.name}”: its risk is {risk:.2f}"
    does = [("label", tag) for tag in then.tags]
    if then.severity is not None and then.severity < case.severity:
        does.append(("escalate", then.severity.value))
    if then.policy:
        does.append(("escalate", then.policy))
    timeline.append(connection, [timeline.Line(case.number, "ruled", now, why, data={"rule": rule.name})])
    notices: list[Notice] = []
    for action, value in does:
        try:
            acted = act(
                connection, case.number, action, actor=timeline.SYSTEM, now=now, policy=policy, value=value,
                text=why if action == "escalate" else "",
            )  # fmt: skip
        except StateError:
            continue  # it is worse by now than the rule would have it
        notices += acted.notices
    return notices


def _subject(case: CaseRecord, risk: float, policy: Policy) -> Subject:
    author = Author(case.author_id, case.author_handle, case.author_name, case.author_followers)
    mention = Mention(
        case.channel, "", "", case.posted_at, case.opened_at, kind=case.kind, language=case.language, author=author
    )  # fmt: skip
    said = Assessment(
        case.language, case.sentiment, 0.0, case.urgency, case.intents, needs_reply=False, reasons=(), model=""
    )
    vip = policy.is_vip(case.channel, author)
    return Subject(mention, said, case.watchlists, policy.zone, vip, case.tier, risk=risk)
