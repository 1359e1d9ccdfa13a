"""Hears X by its filtered stream, with the recent search for what was missed, and the mentions of own accounts.

    [listeners.x]
    kind = "x"
    bearer_token = "${LEITSTAND_X_TOKEN}"
    own_ids = ["1234567890"]                      # numbers of own accounts: their mentions cost a fifth
    daily_posts = 2000                            # at most so many posts read a day (UTC); 0: no limit
    watchlist_posts = { campaign = 500 }          # of those, at most so many for a watchlist

In the developer portal (console.x.com) make a project with an app and buy credits; the app's page "Keys and tokens"
issues the bearer token. X charges about half a US cent for each post read, so the watchlists are pushed down to the
narrowest rules that lose nothing, and `daily_posts` is kept. A watchlist that has used up its own `watchlist_posts` is
first: it is taken out of the rules and of the search, which is written down as a gap. When the whole gets short, posts
of open cases are no longer looked up again (below 40 %), then what was missed is no longer fetched (below 25 %), then
the stream pauses (below 10 %), and at last own mentions rest too; all go on at midnight UTC. A post that was read for
several watchlists counts for each of them.

X tells nobody of deleted or edited posts, and wants them honoured: every post of an open case is looked up again once
in `recheck_every`, at the price of a post. What is gone, or whose author is suspended or protected, loses its words
here, and its case says so.

X allows one connection a project: run one listener of this kind. Rules whose tag begins with "leitstand:" are this
listener's, others are left alone, and what they bring is heard, too; `leitstand try` touches none and reads ten posts
of the first five searches.
`rules` and `searches` replace what follows from the watchlists; searches have at most 512 characters.
Needs `pip install 'leitstand[x]'`.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import Annotated, Final, Literal, Self

import structlog
from pydantic import Field, PrivateAttr, SecretStr, model_validator

from leitstand import clock
from leitstand.model import Mention
from leitstand.plugins import About
from leitstand.references import suggest
from leitstand.settings import Duration, ListenerSettings
from listeners import rechecks
from listeners.budget import DayBudget
from listeners.contract import Batch, Due, nothing_due
from listeners.query.push import x as push
from listeners.query.tree import Node
from listeners.streams import together
from listeners.x import again, mentions, stream
from listeners.x.api import Api, XError
from listeners.x.marks import Mark, Marks, Spent, latest
from listeners.x.posts import number_at, read_page
from listeners.x.shares import Wanted
from listeners.x.spending import Spending

log = structlog.get_logger()

SAMPLED: Final = 5  # searches
SAMPLE: Final = 10  # posts of each: X takes no smaller number
A_DAY: Final = timedelta(days=1)

ABOUT = About(
    title="X",
    summary="The filtered stream with a budget, gaps filled by search, mentions of own accounts.",
    credentials_url="https://console.x.com",
    extra="x",
)


class Settings(ListenerSettings):
    """The app, what it may cost, and what to hear."""

    kind: Literal["x"] = Field("x", description="x")
    bearer_token: SecretStr = Field(description="The app's bearer token.")
    own_ids: list[Annotated[str, Field(pattern=r"^\d{1,19}$")]] = Field(
        [], max_length=20, description="Numbers of own accounts, whose mentions are polled."
    )
    own_every: Duration = Field(timedelta(minutes=1), description="How often their mentions are asked for.")
    daily_posts: int = Field(2000, ge=0, description="At most so many posts are read a day (UTC); 0: no limit.")
    watchlist_posts: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {},
        description="Of those, at most so many a day for a watchlist, by its name (a rule's, with `rules`).",
    )
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a post of an open case is looked up again; 0s: never."
    )
    rules: dict[str, Annotated[str, Field(max_length=1024)]] = Field(
        {}, description="Rules of the stream by name; empty: what follows from the watchlists."
    )
    searches: list[Annotated[str, Field(max_length=512)]] = Field(
        [], description="Searches for what was missed; empty: what follows from the watchlists."
    )
    most_rules: int = Field(1000, ge=1, le=25_000, description="How many rules the app may have.")
    url: str = Field("https://api.x.com", pattern=r"^https?://[^/\s]\S*$", description="Where X's API is.")
    _serves: dict[str, frozenset[str]] = PrivateAttr(default_factory=dict)

    def watchlist_names(self) -> Mapping[str, Iterable[str]]:
        """Where the rules are the operator's own, a budget is for one of them."""
        return {} if self.rules else {"watchlist_posts": self.watchlist_posts}

    @model_validator(mode="after")
    def _budgets_for_rules_that_exist(self) -> Self:
        for name in self.watchlist_posts if self.rules else ():
            if name not in self.rules:
                raise ValueError(f"`watchlist_posts`: there is no rule named {name!r}; {suggest(name, self.rules)}")
        return self


def asking(settings: Settings, watchlists: Mapping[str, Node]) -> Settings:
    """The settings with the rules and searches that follow from the watchlists, where the operator gave none."""
    if settings.rules:
        return settings
    for name, why in push.unheard(watchlists, limit=settings.most_rules).items():
        log.warning("watchlist cannot be heard on X", watchlist=name, reason=why)
    rules = {rule.tag: rule.value for rule in push.rules(watchlists, limit=settings.most_rules)}
    told = settings.model_copy(update={"rules": rules, "searches": settings.searches or push.searches(watchlists)})
    told._serves = push.serving(watchlists, limit=settings.most_rules)
    return told


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what the stream, the mentions and looking again bring."""
    async with Api(settings.url.rstrip("/"), settings.bearer_token.get_secret_value()) as api:
        marks = Marks.parse(cursors.get(mentions.PART, ""))
        spent = latest(Mark.parse(cursors.get("", "")), marks, Spent.parse(cursors.get(rechecks.PART, "")))
        spending = _spending(settings, spent, looks_again=due is not nothing_due)
        parts = []
        if settings.rules:
            parts.append(stream.hear(stream.start(api, _wanted(settings), spending, cursors.get("", ""))))
        if settings.own_ids:
            parts.append(mentions.hear(mentions.Ear(api, settings.own_ids, settings.own_every, spending, marks)))
        if not parts:
            await api.rules()
            raise XError("no watchlist can be asked of X, and there are no own_ids", "http", permanent=True)
        if spending.looks_again:
            look_up = partial(again.look_up, api, spending)
            parts.append(rechecks.rechecks(due, look_up, lambda: spending.again(clock.now())))
        async with aclosing(together(parts)) as batches:
            async for batch in batches:
                yield batch


async def sample(settings: Settings, most: int) -> Sequence[Mention]:
    """The newest ten posts that each of the first searches finds: no rule is touched, no stream opened."""
    if not settings.searches:
        raise XError("no watchlist can be searched for on X, and there are no `searches`", "http", permanent=True)
    now, found = clock.now(), dict[str, Mention]()
    async with Api(settings.url.rstrip("/"), settings.bearer_token.get_secret_value()) as api:
        for query in settings.searches[:SAMPLED]:
            page = read_page(await api.search(query, number_at(now - A_DAY), "", SAMPLE), now)
            found |= {one.external_id: one for one in (*page.mentions, *page.edits)}
    return sorted(found.values(), key=lambda one: one.created_at)[-most:]


async def verify(settings: Settings) -> str:
    """Ask for the rules, which costs nothing, and have ours checked."""
    async with Api(settings.url.rstrip("/"), settings.bearer_token.get_secret_value()) as api:
        found = await api.rules()
        wanted = push.diff(found, [push.Rule(_tag(tag), value) for tag, value in settings.rules.items()]).add
        known = {value for _, _, value in found}
        if add := [(rule.tag, rule.value) for rule in wanted if rule.value not in known]:
            await api.add_rules(add, dry_run=True)
    return f"X accepts the token; {len(found)} rules are set, {len(settings.rules)} are wanted"


def _tag(name: str) -> str:
    return name if name.startswith(push.TAG) else push.TAG + name


def _wanted(settings: Settings) -> Wanted:
    serves = settings._serves or {_tag(name): frozenset([name]) for name in settings.rules}
    return Wanted({_tag(name): value for name, value in settings.rules.items()}, settings.searches, serves)


def _spending(settings: Settings, spent: Spent, *, looks_again: bool) -> Spending:
    """What was read today, as the part that stored it last knew."""
    now = clock.now()
    shares = {
        name: DayBudget(allowed, spent.day, spent.shares.get(name, 0)).on(now)
        for name, allowed in settings.watchlist_posts.items()
    }
    return Spending(DayBudget(settings.daily_posts, spent.day, spent.used).on(now), shares, looks_again)
