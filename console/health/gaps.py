"""What a valid configuration still leaves out, so that Leitstand would run and be of no use. Pure."""

from collections.abc import Iterator, Sequence

from console.auth import console_tokens, is_open
from console.health.finding import Finding, State
from console.offline.wording import count
from escalation_bridge import forgetting
from leitstand.settings import Retention, Settings, show_duration


def gaps(settings: Settings) -> Iterator[Finding]:
    """One finding that sums up the configuration, one on what is kept, then one for each thing it lacks."""
    listeners = [name for name, entry in settings.listeners.items() if entry.enabled]
    parts = (
        count(len(settings.watchlists), "watchlist"),
        count(len(listeners), "listener"),
        count(len(settings.targets), "target"),
    )
    yield Finding("configuration", State.OK, f"valid: {', '.join(parts)}")
    able = [] if settings.retention.forwarded else list(forgetting.able(settings.targets))
    yield _kept(settings.retention, sorted([*able, *forgetting.unable(settings.targets)]))
    if not settings.watchlists:
        yield _gap("watchlists", "nothing is listened for: every post is dropped", "add a [[watchlists]]")
    if not listeners:
        yield _gap("listeners", "no post can come in", "add a [listeners.…]; `leitstand integrations` lists the kinds")
    if not settings.targets:
        yield _gap(
            "targets", "nobody is told of anything", "add a [targets.…]; `leitstand integrations` lists the kinds"
        )
    elif "sev1" not in settings.escalation:
        yield _gap("escalation", "a sev1 case wakes nobody", "add [escalation.sev1] with its steps")
    if not is_open(settings) and not console_tokens(settings):
        yield _gap("api.tokens", "nobody can sign in to the console", 'add an [api.tokens.…] with the scope "read"')


def _kept(limits: Retention, keeping: Sequence[str]) -> Finding:
    """Not a gap: to keep all is a choice, which whoever runs this should know of."""
    told = {"posts in no case": limits.posts, "ended cases": limits.cases}
    said = "; ".join(
        f"{what} {f'go after {show_duration(limit)}' if limit else 'are kept for ever'}" for what, limit in told.items()
    )
    if limits.cases and keeping:
        said += f"; what was told to {', '.join(keeping)} of them stays there"
    advice = "" if limits.posts and limits.cases else "[retention] sets limits, for what people wrote is theirs too"
    return Finding("retention", State.OK, said, advice)


def _gap(part: str, said: str, advice: str) -> Finding:
    return Finding(part, State.WARN, said, advice)
