"""What the rules make of the posts of a file: for each, which one decides, why, and what it sets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from console.offline.assessing import BATCH
from console.offline.posts import Post, Refused
from leitstand.model import Assessment, MatchedMention
from leitstand.settings import Settings
from listeners.watchlists import Watchlists
from nlp.pipeline import Assessor
from triage.judgement import judge, subject
from triage.policy import Policy, compile_policy
from triage.rules import because, failed

LISTENER = "rules"


class Ruled(msgspec.Struct):
    """What becomes of one post, as `rules test --json` prints it.

    `rule` is None where none matches; `case` is "open", "hold", "ignore" or "none". `passed_over` are the rules before
    it, each with the first condition that does not hold.
    """

    id: str | int
    rule: str | None
    why: list[str]
    case: str
    severity: str
    team: str
    tags: list[str]
    policy: str
    sla: str
    reason: str
    passed_over: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Bench:
    settings: Settings
    policy: Policy
    watchlists: Watchlists
    assessor: Assessor


def test(
    lines: Iterable[Post | Refused], settings: Settings, assessor: Assessor
) -> Iterator[tuple[Post, Ruled] | Refused]:
    """Each post's ruling, in the order of the file; a refused line as it is.

    Earlier cases of an author and the size of a story are for the daemon to know: here they are 0 and 1.
    """
    bench = _Bench(settings, compile_policy(settings), Watchlists(settings), assessor)
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        posts = [line for line in batch if isinstance(line, Post)]
        assessments = iter(assessor.assess([post.mention for post in posts]))
        for line in batch:
            yield line if isinstance(line, Refused) else (line, _ruled(line, next(assessments), bench))


def _ruled(post: Post, assessment: Assessment, bench: _Bench) -> Ruled:
    names, own = bench.watchlists.match(post.mention), bench.watchlists.is_own(post.mention)
    item = MatchedMention(0, LISTENER, names, own, post.mention)
    if own or not names:
        why = "written by one of your own accounts" if own else "matches no watchlist"
        return Ruled(post.id, None, [why], "none", "", "", [], "", "", "", {})
    policy = bench.policy
    judged, about = judge(item, assessment, policy), subject(item, assessment, policy)
    before, fired = {}, None
    for rule in policy.rules:
        if not (missing := failed(rule, about)):
            fired = rule.rule
            break
        before[rule.rule.name] = missing
    case = "ignore" if judged.ignored else "none" if not judged.opens else "hold" if judged.review else "open"
    return Ruled(
        post.id,
        fired.name if fired else None,
        list(because(fired, about)) if fired else [r.text for r in judged.reasons],
        case,
        judged.severity.value,
        judged.team,
        list(judged.tags),
        judged.policy,
        judged.sla,
        judged.ignored or judged.review,
        before,
    )
