"""A Slack target at work against the fake one, until it has done what a test asks of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from escalation_bridge.targets import slack
from tests.escalation_bridge.fake_slack import CHANNEL, TOKEN, FakeSlack
from tests.escalation_bridge.receivers import receiver

T = TypeVar("T")


def settings(url: str, **more: object) -> slack.Settings:
    return slack.Settings.model_validate(
        {"token": TOKEN, "channel": CHANNEL, "api_url": f"{url}/api/", "rate": 1000, **more}
    )


def using(server: FakeSlack, ask: Callable[[slack.SlackTarget], Awaitable[T]], **more: object) -> T:
    async def go(url: str) -> T:
        target = slack.connect("sev1-slack", settings(url, **more))
        try:
            return await ask(target)
        finally:
            await target.close()

    with receiver(server) as running:
        return asyncio.run(go(running.url))
