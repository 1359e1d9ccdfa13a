"""The filters of a list of cases, as a page's address carries them: a bookmark shows the same list again. Pure."""

from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from starlette.requests import Request

from leitstand.model import CaseState, Severity
from leitstand.settings import Settings
from triage.policy import DEFAULT_TEAM
from triage.records import LIVE
from triage.views import Filters

NEWEST, DUE = "newest", "due"
_LIVE = tuple(state.value for state in CaseState if state in LIVE)


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters as picked on the page; "" means all (of the unfinished, for the state).

    `order` is "" for the most urgent first, DUE for what falls due first, or NEWEST; `cursor` goes on in a list of the
    newest.
    """

    state: str = ""
    severity: str = ""
    team: str = ""
    channel: str = ""
    watchlist: str = ""
    order: str = ""
    cursor: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return any((self.state, self.severity, self.team, self.channel, self.watchlist))

    @property
    def by_age(self) -> bool:
        """Whether the newest come first: what is over has no deadline to be sorted by."""
        return self.order == NEWEST or self.state in (CaseState.RESOLVED, CaseState.CLOSED)

    @property
    def due_first(self) -> bool:
        """Whether what falls due first comes first, however severe it is."""
        return self.order == DUE

    @property
    def query(self) -> str:
        """The choice as a query string, "" when nothing is picked."""
        picked = {name: value for name, value in asdict(self).items() if value}
        return f"?{urlencode(picked)}" if picked else ""

    @property
    def all_by_age(self) -> str:
        """The query string of the same choice with every case in it, the newest first."""
        return replace(self, order=NEWEST, cursor="").query

    def page_after(self, cursor: str) -> str:
        """The query string of the page that begins at `cursor`."""
        return replace(self, cursor=cursor).query

    def filters(self, *, review: bool = False) -> Filters:
        """The choice as triage's filters."""
        return Filters(
            (self.state,) if self.state else _LIVE,
            (self.severity,) if self.severity else (),
            self.team or None,
            self.channel or None,
            review,
            self.watchlist or None,
        )


def picked(request: Request) -> Choice:
    """The filters of a page's address; what is not one is left out."""
    query = request.query_params

    def word(name: str) -> str:
        return query.get(name, "").replace("\0", "")[:100]

    state, severity = word("state"), word("severity")
    return Choice(
        state if state in set(CaseState) else "",
        severity if severity in set(Severity) else "",
        word("team"),
        word("channel"),
        word("watchlist"),
        word("order") if word("order") in (NEWEST, DUE) else "",
        word("cursor"),
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What can be picked: the configuration's teams and watchlists."""

    teams: tuple[str, ...]
    watchlists: tuple[str, ...]
    states: tuple[CaseState, ...] = tuple(CaseState)
    severities: tuple[Severity, ...] = tuple(Severity)


def known(settings: Settings) -> Known:
    """What can be picked with this configuration."""
    teams = {DEFAULT_TEAM, *settings.teams, *(w.team for w in settings.watchlists)}
    return Known(tuple(sorted(teams)), tuple(w.name for w in settings.watchlists))
