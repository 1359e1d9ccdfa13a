"""The operator's configuration: what each key means, its default, and what is allowed.

`leitstand.configuration` reads the file into these models. Cross-checks between sections live there, the stages' own
(does a query parse, does an SLA entry tie) in the stages.
"""

from pydantic import Field, SerializeAsAny

from leitstand.settings.agreements import Calendar, Customers, Sla, Team
from leitstand.settings.base import (
    Account,
    Duration,
    Hours,
    Name,
    Score,
    Section,
    Share,
    Weekday,
    parse_duration,
    show_duration,
)
from leitstand.settings.daemon import Api, Brand, Database, Redis, Retention, Server, Token, Workers
from leitstand.settings.desk import Digest, Feedback, Incidents, Knowledge, Nlp, Reply, Triage
from leitstand.settings.ends import ListenerSettings, TargetSettings, Watchlist
from leitstand.settings.escalation import Escalation, Escalations, Only, Override, Rota, Step
from leitstand.settings.rules import Counter, Rule, Then, When

__all__ = [
    "Account",
    "Api",
    "Brand",
    "Calendar",
    "Counter",
    "Customers",
    "Database",
    "Digest",
    "Duration",
    "Escalation",
    "Escalations",
    "Feedback",
    "Hours",
    "Incidents",
    "Knowledge",
    "ListenerSettings",
    "Name",
    "Nlp",
    "Only",
    "Override",
    "Redis",
    "Reply",
    "Retention",
    "Rota",
    "Rule",
    "Score",
    "Section",
    "Server",
    "Settings",
    "Share",
    "Sla",
    "Step",
    "TargetSettings",
    "Team",
    "Then",
    "Token",
    "Triage",
    "Watchlist",
    "Weekday",
    "When",
    "Workers",
    "parse_duration",
    "show_duration",
]


class Settings(Section):
    """The whole file."""

    brand: Brand = Brand()
    server: Server = Server()
    database: Database = Database()
    redis: Redis = Redis()
    workers: Workers = Workers()
    retention: Retention = Retention()
    nlp: Nlp = Nlp()
    triage: Triage = Triage()
    incidents: Incidents = Incidents()
    watchlists: list[Watchlist] = Field([])
    listeners: dict[Name, SerializeAsAny[ListenerSettings]] = Field({})
    targets: dict[Name, SerializeAsAny[TargetSettings]] = Field({})
    api: Api = Api()
    calendars: dict[Name, Calendar] = Field({})
    sla: list[Sla] = Field([])
    teams: dict[Name, Team] = Field({})
    customers: dict[Name, Customers] = Field({})
    feedback: Feedback = Feedback()
    rules: list[Rule] = Field([])
    escalation: dict[Name, Escalation] = Field({})
    rotas: dict[Name, Rota] = Field({})
    escalations: Escalations = Escalations()
    knowledge: Knowledge = Knowledge()
    replies: list[Reply] = Field([])
    digests: list[Digest] = Field([])
