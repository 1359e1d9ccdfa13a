"""An office in Berlin, and times on its wall."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from leitstand.settings import Calendar
from triage.hours import WorkingTime, working_hours

OFFICE = {"mon-fri": ["08:00-12:00", "13:00-18:00"]}


def office(**changes: object) -> WorkingTime:
    return working_hours(Calendar.model_validate({"timezone": "Europe/Berlin", "hours": OFFICE, **changes}))


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
