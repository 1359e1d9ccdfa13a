"""GitHub as it is: signed calls that are not repeated, listings in the order of changes, limits, 304s."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import FetchError, HookRefusedError
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest, Received
from listeners.sources import github
from listeners.sources.github import Settings, receive, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_github import REPOSITORY, SECRET, SITE, TOKEN, FakeGitHub, at_second, comment, issue


@pytest.fixture
def server() -> Iterator[FakeGitHub]:
    one = FakeGitHub()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeGitHub, **more: Any) -> Settings:
    values = {
        "secret": SECRET,
        "repositories": [REPOSITORY],
        "token": TOKEN,
        "interval": "0.02s",
        "api_url": server.url,
        "allow_private": True,
        **more,
    }
    return Settings.model_validate(values)


def known() -> dict[str, str]:
    """Cursors of a listener that began before the posts of a test."""
    return {f"{REPOSITORY} {what}": json.dumps({"since": at_second(-1)}) for what in ("issues", "issues/comments")}


def hear(server: FakeGitHub, looks: int, cursors: dict[str, str], **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(github, at(server, **more), go, cursors)


def test_issues_and_comments_are_heard_once_and_belong_together(server: FakeGitHub) -> None:
    server.rows = {"issues": [issue(7)], "issues/comments": [comment(1), comment(2, html_url=f"{SITE}/pull/8#x-2")]}
    cursors = known()

    async def go(one: Hearing) -> list[Batch]:
        return [await one.next(), await one.next()]

    issues, comments = run(github, at(server), go, cursors)
    assert [(m.external_id, m.kind, m.title) for m in issues.mentions] == [(f"{REPOSITORY}#7", "post", "Acme issue 7")]
    assert [(m.external_id, m.conversation_id) for m in comments.mentions] == [
        ("comment-1", f"{REPOSITORY}#7"),
        ("comment-2", f"{REPOSITORY}#8"),
    ]
    assert hear(server, 2, cursors).heard == []


def test_the_first_look_begins_a_day_ago(server: FakeGitHub) -> None:
    now = clock.now()
    times = [(now - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (1, 30)]
    server.rows["issues"] = [issue(number, updated_at=at, created_at=at) for number, at in enumerate(times)]
    assert hear(server, 2, {}).heard == [f"{REPOSITORY}#0"]


def test_a_thousand_comments_of_the_same_second_are_all_heard_once(server: FakeGitHub) -> None:
    server.rows["issues/comments"] = [comment(number) for number in range(1000)]

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda batch: batch.caught_up and "comments" in batch.part and len(one.heard) >= 1000)
        return one.heard

    assert sorted(run(github, at(server), go, known())) == sorted(f"comment-{number}" for number in range(1000))


def test_a_thousand_comments_are_heard_though_we_start_again_and_again(server: FakeGitHub) -> None:
    server.rows["issues/comments"] = [comment(number, number) for number in range(1000)]
    cursors, heard = known(), list[str]()
    while len(heard) < 1000:
        heard += hear(server, 2, cursors).heard
    assert heard == [f"comment-{number}" for number in range(1000)]


def test_late_and_undated_ones_are_heard_once(server: FakeGitHub) -> None:
    """Late: written long ago, and shown only now."""
    server.rows["issues/comments"] = [comment(1, 50)]
    cursors = known()
    hear(server, 2, cursors)
    late = comment(2, 60, created_at=at_second(-(10**6)))
    server.rows["issues/comments"] += [late, comment(3, 60, created_at=""), comment(4, 60, created_at="never")]
    assert hear(server, 2, cursors).heard == ["comment-2", "comment-3", "comment-4"]
    assert hear(server, 2, cursors).heard == []


def test_an_edit_is_noticed(server: FakeGitHub) -> None:
    server.rows["issues/comments"] = [comment(1)]
    cursors = known()
    hear(server, 2, cursors)
    server.rows["issues/comments"] = [comment(1, body="Acme is up", updated_at=at_second(9))]
    heard = hear(server, 2, cursors)
    assert (heard.heard, heard.edited) == ([], ["comment-1"])


def test_what_has_not_changed_costs_nothing(server: FakeGitHub) -> None:
    server.rows["issues"] = [issue(7)]
    hear(server, 8, known())
    assert sum("if-none-match" in asked.headers for asked in server.asked) >= 2


def test_one_bad_row_harms_only_itself(server: FakeGitHub) -> None:
    bad = [7, {}, {"id": "x"}, {"id": 5, "user": 3}]
    server.rows["issues/comments"] = [*bad, comment(1), comment(2, user=None, created_at="never", body=None)]
    assert set(hear(server, 2, known()).heard) == {"comment-1", "comment-2"}


def test_a_bad_token_is_told_once_in_words(server: FakeGitHub) -> None:
    with pytest.raises(FetchError, match="does not take this token") as caught:
        hear(server, 1, known(), token="wrong-token")
    assert caught.value.permanent
    assert "wrong-token" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "least"),
    [
        (Reply({}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4000000000"}), 7000),
        (Reply({}, 429, {"Retry-After": "120"}), 119),
        (Reply({}, 429), 59),
    ],
)
def test_limits_are_obeyed(server: FakeGitHub, reply: Reply, least: float) -> None:
    server.instead["issues"] = reply
    begun = clock.now()

    async def go(one: Hearing) -> Batch:
        return await one.until(lambda batch: bool(batch.error))

    batch = run(github, at(server), go, known())
    assert batch.next_at is not None
    assert (batch.next_at - begun).total_seconds() >= least


def test_a_repository_that_is_not_shown_does_not_stop_the_others(server: FakeGitHub) -> None:
    server.instead["issues"] = Reply({}, 404)
    server.rows["issues/comments"] = [comment(1)]
    heard = hear(server, 2, known())
    assert heard.heard == ["comment-1"]
    assert "does not show us" in heard.errors[f"{REPOSITORY} issues"]


def test_without_repositories_it_waits_for_calls(server: FakeGitHub) -> None:
    assert run(github, at(server, repositories=[]), lambda one: one.next()) == Batch((), None, "hook")
    assert "waits for calls" in asyncio.run(verify(at(server, repositories=[])))
    assert asyncio.run(verify(at(server))) == "GitHub answers: 0 posts now"


# The webhook


def call(event: str, body: object, secret: str = SECRET) -> HookRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    mark = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return HookRequest(
        "POST", {"x-github-event": event, "x-hub-signature-256": f"sha256={mark}"}, {}, content, clock.now()
    )


HOOK = Settings.model_validate({"secret": SECRET})


def told(event: str, body: object) -> Batch:
    found = receive(HOOK, call(event, body))
    assert found.batch is not None
    return found.batch


def test_a_call_names_posts_as_the_listings_do(server: FakeGitHub) -> None:
    server.rows = {"issues": [issue(7)], "issues/comments": [comment(1)]}

    async def go(one: Hearing) -> list[Batch]:
        return [await one.next(), await one.next()]

    polled = [mention for batch in run(github, at(server), go, known()) for mention in batch.mentions]
    hooked = [
        *told("issues", {"action": "opened", "issue": issue(7)}).mentions,
        *told("issue_comment", {"action": "created", "issue": issue(7), "comment": comment(1)}).mentions,
    ]
    for one, other in zip(polled, hooked, strict=True):
        for name in (
            "channel",
            "external_id",
            "text",
            "title",
            "parent_id",
            "conversation_id",
            "kind",
            "author",
            "url",
        ):
            assert getattr(one, name) == getattr(other, name), name


def test_edits_deletes_and_discussions() -> None:
    assert [m.text for m in told("issues", {"action": "edited", "issue": issue(7, body="New")}).edits] == ["New"]
    assert told("issues", {"action": "deleted", "issue": issue(7)}).deletes == (Gone("github", f"{REPOSITORY}#7"),)
    deleted = told("issue_comment", {"action": "deleted", "comment": comment(1)})
    assert deleted.deletes == (Gone("github", "comment-1"),)
    at_discussion = f"{SITE}/discussions/4#discussioncomment-2"
    body = {"action": "created", "comment": comment(2, html_url=at_discussion, parent_id=1)}
    [reply] = told("discussion_comment", body).mentions
    assert (reply.external_id, reply.parent_id, reply.conversation_id) == ("reply-2", "reply-1", f"{REPOSITORY}#4")


def test_a_pull_request_is_named_as_the_listing_does() -> None:
    url = f"{SITE}/pull/9"
    [opened] = told("pull_request", {"action": "opened", "pull_request": issue(9, html_url=url)}).mentions
    assert (opened.external_id, opened.kind, opened.url) == (f"{REPOSITORY}#9", "post", url)
    assert receive(HOOK, call("pull_request", {"action": "synchronize", "pull_request": issue(9)})) == Received()


def test_a_call_that_comes_as_a_form_is_read_too() -> None:
    said = json.dumps({"action": "opened", "issue": issue(7, body="Größe & 100 % +1")})
    form = urlencode({"payload": said}).encode()
    mark = hmac.new(SECRET.encode(), form, hashlib.sha256).hexdigest()
    headers = {
        "x-github-event": "issues",
        "x-hub-signature-256": f"sha256={mark}",
        "content-type": "application/x-www-form-urlencoded",
    }
    found = receive(HOOK, HookRequest("POST", headers, {}, form, clock.now()))
    assert found.batch is not None
    assert [m.text for m in found.batch.mentions] == ["Größe & 100 % +1"]
    for body in (b"", b"payload", b"payload=%7B", b"&" * 50):
        mark = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        with pytest.raises(HookRefusedError) as caught:
            receive(
                HOOK, HookRequest("POST", headers | {"x-hub-signature-256": f"sha256={mark}"}, {}, body, clock.now())
            )
        assert caught.value.status == 400


def test_other_events_are_none_of_ours_and_bad_ones_are_named() -> None:
    for event, body in (("ping", {"zen": "x"}), ("push", {}), ("issues", {"action": "labeled", "issue": issue(7)})):
        assert receive(HOOK, call(event, body)) == Received()
    for bad in ({"action": "opened"}, {"action": "opened", "issue": 7}, {"action": "opened", "issue": {"id": "x"}}):
        assert receive(HOOK, call("issues", bad)).rejected


def test_a_bad_signature_is_refused_in_words() -> None:
    for request in (call("issues", {}, "another-secret"), HookRequest("POST", {}, {}, b"{}", clock.now())):
        with pytest.raises(HookRefusedError, match="sign") as caught:
            receive(HOOK, request)
        assert caught.value.status == 401
    with pytest.raises(HookRefusedError):
        receive(HOOK, HookRequest("GET", {}, {}, b"", clock.now()))
    with pytest.raises(HookRefusedError):
        receive(HOOK, call("issues", b"{"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "body", "user", "action", "html_url", "issue", "comment"]), inner, max_size=5
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(["issues", "issue_comment", "discussion"]), json_values, json_values)
def test_garbage_that_is_signed_is_refused_as_a_whole_or_named(event: str, body: Any, post: Any) -> None:
    try:
        receive(HOOK, call(event, body))
    except HookRefusedError as error:
        assert error.status == 400
    found = receive(HOOK, call(event, {"action": "opened", "issue": post, "comment": post, "discussion": post}))
    assert found.rejected or (found.batch and all(m.external_id for m in found.batch.mentions))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values, max_size=4))
def test_garbage_among_rows_stops_nothing(server: FakeGitHub, rows: list[Any]) -> None:
    there = [row for row in rows if not isinstance(row, dict)]
    server.rows = {"issues": [*there, issue(7)], "issues/comments": [comment(1), *there]}
    assert {f"{REPOSITORY}#7", "comment-1"} <= set(hear(server, 2, known()).heard)
