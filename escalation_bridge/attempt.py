"""One attempt at one delivery: look up first if an earlier one may have arrived, then send. It raises nothing."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from escalation_bridge.contract import LooksUp, OpensRooms, Removes, Target
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import Delivery, NoticeType, Receipt
from leitstand.settings import TargetSettings, show_duration

log = structlog.get_logger()


class ExpiredError(DeliveryError):
    """The notice is older than the target's max_age."""

    def __init__(self, max_age: timedelta) -> None:
        super().__init__(f"not delivered within {show_duration(max_age)}", DeliveryOutcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed. `doubtful`: an earlier attempt may still have arrived, the look-up could not tell."""

    error: DeliveryError
    doubtful: bool = False


async def attempt(target: Target, delivery: Delivery, settings: TargetSettings) -> Receipt | Failure:
    """Deliver it, unless an earlier attempt did or it is too old."""
    removing = delivery.type is NoticeType.CASE_FORGOTTEN
    if delivery.doubtful and isinstance(target, LooksUp) and not removing:  # removing twice does no harm
        found = await _look_up(target, delivery, settings.timeout)
        if found:
            return found
    if clock.now() >= (delivery.retried_at or delivery.created_at) + settings.max_age:
        return Failure(ExpiredError(settings.max_age))
    try:
        async with asyncio.timeout(settings.timeout.total_seconds()):
            return await _hand_over(target, delivery)
    except TimeoutError:
        return Failure(DeliveryError("no answer in time", DeliveryOutcome.UNKNOWN))
    except DeliveryError as error:
        return Failure(error)
    except Exception as error:  # noqa: BLE001 (a target's fault must not stop its loop; it may have sent it)
        return Failure(_unexpected(delivery, error, DeliveryOutcome.UNKNOWN))


async def _hand_over(target: Target, delivery: Delivery) -> Receipt:
    if delivery.type is NoticeType.CASE_FORGOTTEN:
        if isinstance(target, Removes):
            return await target.remove(delivery)
        raise DeliveryError("the target cannot take back what it was told", DeliveryOutcome.REFUSED)
    if delivery.room and isinstance(target, OpensRooms):
        return await target.open_room(delivery)
    return await target.deliver(delivery)


async def _look_up(target: LooksUp, delivery: Delivery, within: timedelta) -> Receipt | Failure | None:
    """None if it is to be sent: it surely is not there, or the target can tell nobody whether it is."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await target.lookup(delivery)
    except TimeoutError:
        return Failure(DeliveryError("no answer to the look-up", DeliveryOutcome.RETRY), doubtful=True)
    except DeliveryError as error:
        if error.outcome is not DeliveryOutcome.REFUSED:
            return Failure(error, doubtful=True)
        log.warning(
            "the target cannot tell whether it has this: sending it again", target=delivery.target, key=delivery.key
        )
        return None
    except Exception as error:  # noqa: BLE001 (as above)
        return Failure(_unexpected(delivery, error, DeliveryOutcome.RETRY), doubtful=True)


def _unexpected(delivery: Delivery, error: Exception, outcome: DeliveryOutcome) -> DeliveryError:
    log.error("target failed unexpectedly", target=delivery.target, key=delivery.key, exc_info=error)
    return DeliveryError(f"unexpected {type(error).__name__}", outcome)
