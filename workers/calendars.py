"""Fetches the calendars of rotas that live on the net: politely, with caps, each by one process at a time.

due ─► claimed ─► asked whether it has changed ─► read by triage ─► kept, or the last good copy stays and it is told
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.settings import Rota
from listeners.fetch import Fetcher, Limits
from monitoring.metrics import Metrics
from triage import ical, remote_calendars
from triage.remote_calendars import Due

log = structlog.get_logger()

LOOK_EVERY = 5.0


async def keep_fresh(rotas: Mapping[str, Rota], engine: Engine, metrics: Metrics) -> None:
    """Fetch what is due, for ever; returns at once where no rota has a calendar on the net."""
    while any(rota.ical_url for rota in rotas.values()):
        try:
            await look(rotas, engine, metrics)
        except SQLAlchemyError as error:
            log.warning("calendars wait for PostgreSQL", reason=type(error).__name__)
        await asyncio.sleep(LOOK_EVERY)


async def look(rotas: Mapping[str, Rota], engine: Engine, metrics: Metrics) -> None:
    """Fetch what is due now."""
    due = await asyncio.to_thread(_claim, rotas, engine)
    await asyncio.gather(*(_fetch(one, rotas[one.rota], engine, metrics) for one in due))


def _claim(rotas: Mapping[str, Rota], engine: Engine) -> list[Due]:
    with engine.begin() as connection:
        return remote_calendars.claim(connection, rotas, clock.now())


async def _fetch(due: Due, rota: Rota, engine: Engine, metrics: Metrics) -> None:
    if rota.ical_url is None:
        return
    asked = {"If-None-Match": due.etag, "If-Modified-Since": due.last_modified}
    limits = Limits(size=ical.LARGEST, seconds=20.0, allow_private=rota.ical_allow_private)
    try:
        async with Fetcher(limits) as fetcher:
            page = await fetcher.get(rota.ical_url.get_secret_value(), {k: v for k, v in asked.items() if v})
        page.check()
        body = None if page.not_modified else page.body.decode("utf-8-sig", errors="replace")
        if body is not None:
            await asyncio.to_thread(remote_calendars.read, body, rota.timezone)
    except FetchError as error:
        await asyncio.to_thread(_failed, due, str(error), error.retry_after, engine, metrics)
        return
    except ValueError as error:
        await asyncio.to_thread(
            _failed, due, f"what it has is no calendar that can be read: {error}", None, engine, metrics
        )
        return
    etag, modified = page.headers.get("etag", due.etag), page.headers.get("last-modified", due.last_modified)
    await asyncio.to_thread(_keep, due, body, etag, modified, engine)
    metrics.calendar_fetches.labels(due.rota, "unchanged" if body is None else "fresh").inc()


def _keep(due: Due, body: str | None, etag: str, modified: str, engine: Engine) -> None:
    with engine.begin() as connection:
        remote_calendars.keep(connection, due, body, etag, modified, clock.now())


def _failed(due: Due, error: str, asked: timedelta | None, engine: Engine, metrics: Metrics) -> None:
    with engine.begin() as connection:
        remote_calendars.failed(connection, due, error, asked or timedelta(0), clock.now())
    metrics.calendar_fetches.labels(due.rota, "failed").inc()
    log.warning("calendar not fetched, the last copy stays", rota=due.rota, reason=error)
