"""What one mention is worth by itself: its severity and team, whether it opens a case, and why. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from leitstand.model import Assessment, CaseReason, Intent, MatchedMention, Mention, Reason, Severity, Urgency
from leitstand.settings import Rule
from triage.policy import Policy
from triage.rules import Facts, Subject, first_match
from triage.severity import explain, from_matrix, impact

NO_FACTS = Facts()
_DOUBT = "a post would make it "
_QUOTED = re.compile(r"“.*?”(?: \(([^()]*)\))?(?=, |$)", re.DOTALL)
_GONE = "\0"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What triage makes of one mention. `ignored` says why it must not even join a case, "" where it may.

    `raises` says whether it can make an existing case worse. `watchlists` are those that want its language. `review`
    says why a person must look before anybody is told. `policy` is an escalation policy to run, `sla` the name of the
    `[[sla]]` entry that a rule wants.
    """

    opens: bool
    raises: bool
    severity: Severity
    team: str
    watchlists: tuple[str, ...]
    tags: tuple[str, ...] = ()
    reasons: tuple[CaseReason, ...] = ()
    ignored: str = ""
    review: str = ""
    policy: str = ""
    sla: str = ""
    tier: str = ""
    rule: str = ""


def judge(item: MatchedMention, assessment: Assessment, policy: Policy, facts: Facts = NO_FACTS) -> Judgement:
    """The matrix, unless the first matching rule says otherwise."""
    mention = item.mention
    about = subject(item, assessment, policy, facts)
    watchlists, rule = about.watchlists, first_match(policy.rules, about)
    level, lift = impact(mention.channel, mention.author, watchlists, policy, facts.story)
    severity = from_matrix(level, assessment.urgency)
    team = policy.team(watchlists)
    reasons = [*_urgency(mention, assessment), explain(severity, level, assessment.urgency, lift)]
    tags: tuple[str, ...] = ()
    if rule is not None:
        reasons = _ruled(rule, reasons)
        severity, team, tags = rule.then.severity or severity, rule.then.team or team, tuple(rule.then.tags)
    heard = assessment.urgency > Urgency.NONE and Intent.SPAM not in assessment.intents
    review = _review(rule, assessment, policy)
    return Judgement(
        opens=heard or (rule is not None and rule.then.case in ("open", "hold")),
        raises=heard or (rule is not None and rule.then.severity is not None),
        severity=severity,
        team=team,
        watchlists=watchlists,
        tags=tags,
        reasons=tuple(reasons),
        ignored=_ignored(item, watchlists, assessment.language, rule),
        review=review,
        policy=(rule.then.policy or "") if rule else "",
        sla=(rule.then.sla or "") if rule else "",
        tier=about.tier,
        rule=rule.name if rule else "",
    )


def doubt(severity: Severity, why: str) -> str:
    """Why a case waits for a person to say whether a post that is not sure makes it as severe as this."""
    return f"{_DOUBT}{severity}: {why}"


def doubted(review: str) -> Severity | None:
    """The severity that such a case would have; None where the case itself is in doubt, or nothing is."""
    said = review.removeprefix(_DOUBT).partition(":")[0]
    return Severity(said) if review.startswith(_DOUBT) and said in set(Severity) else None


def unquoted(reasons: Iterable[CaseReason]) -> tuple[CaseReason, ...]:
    """The reasons of a case without the words that they quote of posts: what was deleted or edited is not kept."""
    return tuple(replace(r, text=_unquoted(r.text)) if r.about == "urgency" else r for r in reasons)


def _unquoted(said: str) -> str:
    """What the quoted words were taken for; nothing of those that were taken for themselves."""
    level, between, cues = said.partition(": ")
    found = _QUOTED.sub(lambda quote: quote[1] or _GONE, cues).split(", ")
    kept = ", ".join(cue for cue in found if cue != _GONE)
    return f"{level}{between}{kept}" if kept else level


def subject(item: MatchedMention, assessment: Assessment, policy: Policy, facts: Facts = NO_FACTS) -> Subject:
    """What the rules are asked about."""
    mention = item.mention
    return Subject(
        mention,
        assessment,
        _wanted(item.watchlists, assessment.language, policy),
        policy.zone,
        policy.is_vip(mention.channel, mention.author),
        policy.tier(mention.channel, mention.author),
        facts,
    )


def _review(rule: Rule | None, assessment: Assessment, policy: Policy) -> str:
    """Why a person must look first, "" if nobody must."""
    if rule is not None and rule.then.case == "hold":
        return f"rule “{rule.name}”{_because(rule)}"
    if assessment.confidence < policy.triage.review_below:
        return f"the assessment is {assessment.confidence:.0%} sure"
    return ""


def _because(rule: Rule) -> str:
    return f" ({rule.then.reason})" if rule.then.reason else ""


def _wanted(watchlists: tuple[str, ...], language: str, policy: Policy) -> tuple[str, ...]:
    """A watchlist with languages does not want a post that is surely in another one."""
    return tuple(
        name
        for name in watchlists
        if (found := policy.watchlists.get(name)) is None
        or not found.languages
        or language in found.languages
        or language == "unknown"
    )


def _ignored(item: MatchedMention, wanted: tuple[str, ...], language: str, rule: Rule | None) -> str:
    if item.watchlists and not wanted:
        return f"no watchlist that it matched wants the language {language}"
    if rule is not None and rule.then.case == "ignore":
        return f"rule “{rule.name}”{_because(rule)}"
    return ""


def _ruled(rule: Rule, reasons: list[CaseReason]) -> list[CaseReason]:
    """The rule's sentence takes the place of the matrix's where it sets the severity."""
    said = [f"severity {rule.then.severity}"] if rule.then.severity else []
    said += [f"team {rule.then.team}"] if rule.then.team else []
    said += [f"tags {', '.join(rule.then.tags)}"] if rule.then.tags else []
    said += [f"policy {rule.then.policy}"] if rule.then.policy else []
    said += [f"SLA {rule.then.sla}"] if rule.then.sla else []
    said += {"open": ["opens a case"], "hold": ["held for a person"]}.get(rule.then.case or "", [])
    kept = [r for r in reasons if r.about != "severity" or rule.then.severity is None]
    return [*kept, CaseReason("rule", f"rule “{rule.name}”: {', '.join(said) or 'nothing else'}")]


def _urgency(mention: Mention, assessment: Assessment) -> list[CaseReason]:
    level = assessment.urgency.name.lower()
    cues = [r for r in assessment.reasons if r.about == "urgency"]
    if not cues:
        return [CaseReason("urgency", f"urgency {level}")]
    found = dict.fromkeys(_cue(mention, r) for r in sorted(cues, key=lambda r: -r.weight)[:5])
    return [CaseReason("urgency", f"urgency {level}: {', '.join(found)}")]


def _cue(mention: Mention, reason: Reason) -> str:
    """The words in the text, and what they were taken for where that is something else."""
    text = mention.title if reason.field == "title" else mention.text
    words, cue = " ".join(text[reason.start : reason.end].split())[:80], reason.cue.replace("_", " ")
    taken = "" if words.casefold() == cue.casefold() else f" ({cue})"
    return f"“{words}”{taken}" if words else cue
