"""What other tools were seen to lose, double or break, on the real daemon: each a promise of ours."""

import os
import secrets
import signal
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from tests.end_to_end.conftest import House, StartHouse, send
from tests.escalation_bridge.receivers import OK, Reply, Request, receiver
from workers.child_states import read_child_states

DANGER = "acme: data breach, my account was hacked right now and somebody is buying things with it"


def danger(number: int, text: str = DANGER) -> dict[str, object]:
    """A post of its own: what differs in its numbers is no copy."""
    words = f"{text}, ticket {number}"
    return {"channel": "x", "external_id": str(number), "text": words, "author": {"id": f"a{number}"}}


def accepted(house: House, *mentions: dict[str, object]) -> dict[str, Any]:
    answer = house.daemon.post("/api/v1/mentions", msgspec.json.encode({"mentions": mentions}))
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_twenty_identical_calls_at_once_are_one_post_one_case_one_notice(house: House) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: accepted(house, danger(1)), range(20)))
    assert sum(answer["accepted"] for answer in answers) == 1
    assert sum(answer["duplicates"] for answer in answers) == 19
    house.told.wait_for_one_of("a1")
    house.daemon.wait_handled(120)
    cases: list[Any] = [*house.daemon.cases()]
    assert [case["mention_count"] for case in cases if case["author"]["id"] == "a1"] == [1]
    assert len(house.told.of("a1")) == 1


def test_ids_and_links_arrive_whole(house: House) -> None:
    link = "https://social.example/acme/status/1993183534948932060?s=20&t=Zg_-~1#4711"
    accepted(house, danger(2, f"{DANGER}: {link}") | {"external_id": "1993183534948932061", "url": link})
    case = house.told.wait_for_one_of("a2").body["data"]["case"]
    assert case["url"] == link
    assert link in case["text"]
    (kept,) = house.daemon.get(f"/api/v1/cases/{case['number']}").json()["mentions"]
    assert kept["mention"]["external_id"] == "1993183534948932061"


def test_one_bad_mention_is_refused_alone(house: House) -> None:
    answer = accepted(house, danger(3), {"channel": "x", "external_id": "4"}, danger(5))
    assert answer["accepted"] == 2
    assert answer["rejected"] == [{"index": 1, "error": "text: is required"}]
    told = [house.told.wait_for_one_of(author).body["data"]["case"]["text"] for author in ("a3", "a5")]
    assert told == [f"{DANGER}, ticket 3", f"{DANGER}, ticket 5"]


def test_a_post_that_is_edited_into_danger_is_told(house: House) -> None:
    calm = danger(6, "acme, guten Morgen zusammen") | {"created_at": "2026-01-05T08:00:00Z"}
    assert accepted(house, calm)["accepted"] == 1
    house.daemon.wait_handled(30)
    assert house.told.of("a6") == []
    edit = danger(6) | {"edited_at": "2026-01-05T08:30:00Z"}
    assert accepted(house, edit)["accepted"] == 1
    assert "ticket 6" in house.told.wait_for_one_of("a6").body["data"]["case"]["text"]
    house.daemon.wait_handled(30)
    assert accepted(house, edit)["duplicates"] == 1
    house.daemon.wait_handled(30)
    assert len(house.told.of("a6")) == 1


def second_group(address: str) -> str:
    """A team whose cases are told to a target of the test's own, beside the one that always works."""
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    return (
        f'[targets.pager]\nkind = "webhook"\nurl = "{address}"\nsecret = "{secret}"\n'
        '[[watchlists]]\nname = "other"\nquery = "globex"\nteam = "others"\n'
        '[teams.others]\nforward = ["pager", "support"]\n'
    )


def other(number: int) -> dict[str, object]:
    return danger(number, DANGER.replace("acme", "globex"))


def test_a_target_that_is_down_is_told_when_it_is_back_and_holds_up_no_other(start_house: StartHouse) -> None:
    back = threading.Event()
    with receiver(lambda _: OK if back.is_set() else Reply(503)) as pager:
        house = start_house(second_group(pager.url))
        accepted(house, other(6))
        ids = {pager.next().headers["webhook-id"]}
        house.told.wait_for(2)  # the Sev1 group and support, while the pager is down
        back.set()
        house.daemon.wait_handled(120)
        while not pager.requests.empty():
            ids.add(pager.next().headers["webhook-id"])
    assert len(ids) == 1
    assert len(house.told.notices) == 2


def test_a_sender_killed_between_sending_and_committing_tells_again_under_the_same_id(start_house: StartHouse) -> None:
    deliver = threading.Event()
    victims: list[int] = []

    def respond(_: Request) -> Reply:
        if not victims:
            victims.extend(s.pid for s in read_child_states(house.data_dir) if s.name == "deliver" and s.pid)
            os.kill(victims[0], signal.SIGKILL)
            deliver.set()
        return OK

    with receiver(respond) as pager:
        house = start_house(second_group(pager.url))
        accepted(house, other(7))
        first = pager.next()
        assert deliver.is_set()
        again = pager.requests.get(timeout=120)
        house.daemon.wait_handled(120)
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body
    assert pager.requests.empty()
    assert len({notice.id for notice in house.told.notices}) == 2


@pytest.mark.parametrize("server", ["redis", "postgres"])
def test_a_killed_server_comes_back_and_nothing_is_missing(start_house: StartHouse, server: str) -> None:
    house = start_house()
    accepted(house, *(danger(number) for number in range(10, 15)))
    house.told.wait_for(5)
    (victim,) = (s.pid for s in read_child_states(house.data_dir) if s.name == server)
    assert victim
    os.kill(victim, signal.SIGKILL)
    for number in range(15, 20):
        send(house, [danger(number)])
    house.told.wait_for(10)
    house.daemon.wait_handled(120)
    assert len({notice.id for notice in house.told.notices}) == 10
    assert len(house.daemon.cases()) == 10
