"""The words that only pages show, in English, marked for translation."""

from leitstand.language.words import N_

# The pages of the console: what a template says it is, its address, its name.
PAGES: tuple[tuple[str, str, str], ...] = (
    ("cases", "/", N_("Cases")),
    ("review", "/review", N_("Review")),
    ("incidents", "/incidents", N_("Incidents")),
    ("escalations", "/escalations", N_("Escalations")),
    ("duty", "/oncall", N_("On duty")),
    ("listeners", "/listeners", N_("Listeners")),
)
WAITS_FOR: dict[str, str] = {
    "author": N_("the author"),
    "department": N_("a department"),
    "hold": N_("better days (on hold)"),
}
CONDITIONS: dict[str, str] = {
    "up": N_("heard"),
    "catching up": N_("catching up"),
    "down": N_("not heard"),
    "no word yet": N_("no word yet"),
}
NOTICES: dict[str, str] = {
    "case.opened": N_("new case"),
    "case.updated": N_("change"),
    "case.escalated": N_("escalation"),
    "case.closed": N_("case closed"),
    "sla.warning": N_("deadline near"),
    "sla.breached": N_("deadline missed"),
    "incident.opened": N_("incident"),
    "incident.grown": N_("incident grows"),
    "incident.closed": N_("incident over"),
    "escalation.milestone": N_("milestone"),
    "escalation.reminder": N_("reminder"),
    "case.shared": N_("worth knowing"),
    "case.forgotten": N_("no longer kept"),
    "digest.weekly": N_("digest"),
}
CHANNELS = {
    "x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky", "reddit": "Reddit", "facebook": "Facebook",
    "youtube": "YouTube", "hackernews": "Hacker News", "github": "GitHub", "instagram": "Instagram",
    "appstore": "App Store", "googleplay": "Google Play",
}  # fmt: skip


def channel(name: str) -> str:
    """A network as it writes itself."""
    return CHANNELS.get(name, name)
