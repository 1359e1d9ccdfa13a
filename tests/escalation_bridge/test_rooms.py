"""Channels of a case's own, and what became of escalation steps."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from escalation_bridge import ledger, outbox, rooms
from escalation_bridge.attempt import attempt
from escalation_bridge.outbox import Taken
from leitstand import clock
from leitstand.model import Delivery, Notice, NoticeType, Receipt, Room
from leitstand.settings import TargetSettings
from tests.escalation_bridge.words import CASE, NOW, delivery

SETTINGS = TargetSettings(kind="log")
LEASE = timedelta(seconds=9)
STEP = Notice(
    "desk", CASE, NoticeType.CASE_ESCALATED, "escalation:sev1:1:0:0", "escalation sev1, step 1/2: …", "1/2", "room-1"
)


class Plain:
    """A target that opens no channels."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        return Receipt("told")

    async def close(self) -> None:
        pass


class Roomy(Plain):
    """A target that does."""

    async def open_room(self, delivery: Delivery) -> Receipt:
        return Receipt(f"opened {delivery.room}")


def test_a_room_is_opened_where_the_target_can_and_told_where_it_cannot() -> None:
    wanted = replace(delivery(), room="cloud-sev1-7", created_at=clock.now())
    assert asyncio.run(attempt(Roomy(), wanted, SETTINGS)) == Receipt("opened cloud-sev1-7")
    assert asyncio.run(attempt(Plain(), wanted, SETTINGS)) == Receipt("told")
    assert asyncio.run(attempt(Roomy(), replace(wanted, room=""), SETTINGS)) == Receipt("told")


def test_the_room_goes_through_the_outbox(database: Engine) -> None:
    with database.begin() as connection:
        outbox.add(connection, [STEP], NOW)
        (claimed,) = outbox.claim(connection, "desk", 9, LEASE, NOW)
    assert claimed.room == "room-1"


def test_each_end_of_a_step_is_told_once(database: Engine) -> None:
    plain = replace(STEP, purpose="opened", step="", target="other")
    lost = replace(STEP, target="manager")
    with database.begin() as connection:
        outbox.add(connection, [STEP, plain, lost], NOW)
        for target in ("desk", "other"):
            (claimed,) = outbox.claim(connection, target, 9, LEASE, NOW)
            outbox.mark_sent(connection, [Taken(claimed, Receipt(), NOW)])
        assert [a.target for a in ledger.answers(connection)] == ["desk"], "plain forwarding is no step"
        (claimed,) = outbox.claim(connection, "manager", 9, LEASE, NOW)
        outbox.mark_dead(connection, claimed, NOW, "HTTP 410")
        assert [(a.target, a.error) for a in ledger.answers(connection)] == [("manager", "HTTP 410")]
        assert ledger.answers(connection) == []


def test_of_two_that_would_tell_a_room_the_same_one_does(database: Engine) -> None:
    opened = Receipt("told", room=Room("C1", "cloud-sev1-7", "https://chat.example/C1"))
    with database.begin() as connection:
        outbox.add(connection, [STEP], NOW)
        (claimed,) = outbox.claim(connection, "desk", 9, LEASE, NOW)
        outbox.mark_sent(connection, [Taken(claimed, opened, NOW)])
        (room,) = rooms.standing(connection, NOW)
        assert rooms.mark(connection, room, "over") and not rooms.mark(connection, room, "over")
        (told,) = rooms.standing(connection, NOW)
    assert (room.told, told.told) == ("open", "over")
