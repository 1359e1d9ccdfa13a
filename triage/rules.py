"""`[[rules]]`: the first that matches decides. What it does not set comes from the matrix and the watchlist."""

from collections.abc import Sequence

from leitstand.model import Assessment, Mention, Urgency
from leitstand.settings import Rule, When


def first_match(
    rules: Sequence[Rule], mention: Mention, watchlists: tuple[str, ...], assessment: Assessment
) -> Rule | None:
    """The first rule all of whose conditions hold."""
    return next((rule for rule in rules if holds(rule.when, mention, watchlists, assessment)), None)


def holds(when: When, mention: Mention, watchlists: tuple[str, ...], assessment: Assessment) -> bool:
    """Whether all given conditions hold. A list holds if one of its values does."""
    return (
        (not when.intents or not set(when.intents).isdisjoint(assessment.intents))
        and (not when.sentiment or assessment.sentiment in when.sentiment)
        and (when.urgency_at_least is None or assessment.urgency >= Urgency[when.urgency_at_least.upper()])
        and (not when.languages or assessment.language in when.languages)
        and (not when.channels or mention.channel in when.channels)
        and (not when.watchlists or not set(when.watchlists).isdisjoint(watchlists))
        and (not when.authors or _plain(mention.author.handle) in map(_plain, when.authors))
        and (when.followers_at_least is None or (mention.author.followers or 0) >= when.followers_at_least)
    )


def _plain(handle: str) -> str:
    return handle.casefold().removeprefix("@")
