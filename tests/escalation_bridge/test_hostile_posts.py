"""What a post says is data at every target: it pings nobody, formats nothing, links nowhere and runs nothing.

Whoever adds a target adds here how its messages are read.
"""

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from escalation_bridge import message
from escalation_bridge.contract import Target, connect
from escalation_bridge.targets import email
from leitstand import plugins
from leitstand.model import Author, CaseReason, CaseSnapshot, Delivery, Letter, NoticeType, Sentiment
from leitstand.settings import TargetSettings
from tests.escalation_bridge.fake_mail import FakeMail, mail_server
from tests.escalation_bridge.fake_slack import CHANNEL, TOKEN, FakeSlack
from tests.escalation_bridge.receivers import receiver
from tests.escalation_bridge.words import CASE, NOW, delivery
from triage.digests import words
from triage.digests.digest import WEEK, Count, Digest, Quote

KINDS = plugins.kinds(plugins.TARGETS)
SECRET = "whsec_" + "bGVpdHN0YW5k" * 3
MENTION = "<!subteam^S0123456789>"
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Importance"),
    *("X-Auto-Response-Suppress", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}
LOGGED = {
    *("event", "log_level", "target", "type", "key", "case", "severity", "state", "channel", "team", "step", "link")
}
ELEMENTS = {"html", "head", "meta", "title", "body", "h1", "h2", "p", "ul", "li", "blockquote", "br", "a"}
PINGS = re.compile(r"@(everyone|channel|here|all|room|team|group|online)\b|<[!@#]", re.IGNORECASE)

pieces = st.sampled_from(
    [
        *("@everyone", "@here", "<!channel>", "<!here|x>", "<@U0123456>", "<#C0123456>", "<!subteam^S1>", "[~ann]"),
        *("*b*", "_i_", "~s~", "`c`", "```\n", "> q", "\n# h", "||x||", ":skull:", "{panel}", "{{7*7}}", "${jndi:x}"),
        *("[bank](https://evil.example)", "<https://evil.example|bank>", "https://evil.example", "javascript:alert(1)"),
        *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "&amp;", "=1+1", "\n+1", "@SUM(1)"),
        *("\r\nBcc: x@evil.example", "\r\n\r\n", "\n.\n", "\r\n.\r\nMAIL FROM:<x@evil.example>", "=?utf-8?q?=0D=0A?="),
        *("\x00", "\x1b[31m", "\u202e", "\u2066", "\u2028", "\x85", "\r", "\t", " ", "|", "<", ">", "&", '"', "\\"),
    ]
)  # fmt: skip
hostile = st.lists(pieces | st.characters(codec="utf-8"), min_size=1, max_size=8).map("".join)


@st.composite
def posts(draw: st.DrawFn) -> CaseSnapshot:
    author = Author("1", draw(hostile), draw(hostile), 5)
    reasons = (CaseReason("urgency", f"urgency critical: “{draw(hostile)}”"),)
    title, text, url = draw(hostile), draw(hostile), "https://evil.example/" + draw(hostile)
    return replace(CASE, title=title, text=text, url=url, author=author, reasons=reasons, assignee=draw(hostile))


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    """A week's digest with what people said."""
    url = "https://evil.example/" + draw(hostile)
    quotes = tuple(Quote(n, "x", url, draw(hostile), Sentiment.NEGATIVE, 1.0) for n in range(2))
    week = Digest("product", "Cloud", NOW - WEEK, NOW, Count(5, 4), Count(1, 1), 1, 2, 1, (), quotes)
    return words.letter(week, "en", ZoneInfo("UTC"), "https://desk.example/cases")


def told(kind: NoticeType, case: CaseSnapshot = CASE, letter: Letter | None = None) -> Delivery:
    return delivery(type=kind, case=case, reason=case.reasons[0].text, letter=letter)


Deliver = Callable[[Delivery], None]


@contextmanager
def at_work(kind: str, values: dict[str, Any]) -> Iterator[Deliver]:
    """A target of this kind, connected once."""
    module = plugins.load(plugins.TARGETS, kind)
    one: TargetSettings = module.Settings.model_validate(values)
    with asyncio.Runner() as runner:
        target = connect("a-name", one)
        try:
            yield lambda told: runner.run(_taken(target, told))
        finally:
            runner.run(target.close())


async def _taken(target: Target, told: Delivery) -> None:
    await target.deliver(told)


@contextmanager
def on_slack() -> Iterator[Deliver]:
    server = FakeSlack()
    with receiver(server) as running:
        place = {"token": TOKEN, "channel": CHANNEL, "api_url": f"{running.url}/api/", "mention": MENTION}
        with at_work("slack", place) as deliver:

            def tell(told: Delivery) -> None:
                deliver(told)
                assert set(server.calls) == {"chat.postMessage"} and len(server.calls) == 1, "taken as it was made"
                server.calls.clear()
                as_slack_shows_it(server.messages.pop(), told)

            yield tell


def as_slack_shows_it(said: dict[str, Any], told: Delivery) -> None:
    assert (said["parse"], said["link_names"], said["unfurl_links"], said["unfurl_media"]) == ("none", *[False] * 3)
    assert "<" not in said["text"].removeprefix(f"{MENTION} ")
    *mention, rich = said["blocks"][:1] if told.letter else said["blocks"][:2]
    *others, links = said["blocks"][len(mention) + 1 :]
    assert [block["text"]["text"] for block in mention] == ([] if told.letter else [MENTION])
    assert re.fullmatch(
        r"<https://desk\.example/[^<>|\s]+\|(Leitstand|Case)>( · <https://evil\.example/[^<>|\s]+\|Post>)?",
        links["text"]["text"],
    )
    (section,) = rich["elements"]
    assert {one["type"] for one in section["elements"]} == {"text"}
    bold = [one["text"] for one in section["elements"] if "style" in one]
    assert set(bold[1:]) <= {"Why:", "State:", "Author:", "Read as:"}
    assert all(block["text"]["type"] == "plain_text" and not block["text"]["emoji"] for block in others)
    shown = [said["text"], *(one["text"] for one in section["elements"]), *(block["text"]["text"] for block in others)]
    assert not PINGS.search("\n".join(shown).replace(MENTION, ""))
    is_clean("\n".join(shown))


@contextmanager
def in_the_mail() -> Iterator[Deliver]:
    server = FakeMail()
    place = {
        "host": "127.0.0.1",
        "security": "none",
        "sender": "leitstand@example.org",
        "recipients": ["a@example.org"],
    }
    with mail_server(server), at_work("email", {**place, "port": server.port}) as deliver:

        def tell(told: Delivery) -> None:
            deliver(told)
            ((recipients, mail),), (raw,) = server.taken, server.raw
            server.taken, server.raw = [], []
            assert recipients == ("a@example.org",)
            assert raw.isascii(), "not every server takes anything else"
            assert max(map(len, raw.split(b"\r\n"))) <= 998
            as_a_mail_shows_it(mail, message.render(told, email.Settings.model_validate(place), "en", told.created_at))

        yield tell


def as_a_mail_shows_it(mail: EmailMessage, said: message.Message) -> None:
    assert {*mail.keys()} <= {*HEADERS, "X-Peer", "X-MailFrom", "X-RcptTo"}
    assert mail["From"] == "Leitstand <leitstand@example.org>"
    # Where a long one is folded, and read again, blanks may come and go.
    assert "".join(mail["Subject"].split()) == "".join(said.subject.split())
    assert not PINGS.search(mail["Subject"])
    parts = [part for part in mail.walk() if isinstance(part, EmailMessage) and not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"][: 2 if said.letter else 1]
    body, *pages = [part.get_content().replace("\r\n", "\n") for part in parts]
    is_clean(body + mail["Subject"])
    assert not PINGS.search("\n".join(line for line in body.split("\n") if not line.startswith("Post: ")))
    if not said.letter:
        assert "".join(f"> {line}\n" for line in said.text.split("\n") if said.text) in body
    for page in pages:
        as_a_page(page)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def as_a_page(html: str) -> None:
    """Only elements of our own, without a script, a picture or a style; links lead where a post is."""
    page = Elements()
    page.feed(html)
    assert {tag for tag, _ in page.found} <= ELEMENTS
    for tag, attrs in page.found:
        assert {name for name, _ in attrs} <= {"a": {"href"}, "html": {"lang"}, "meta": {"charset"}}.get(tag, set())
        assert all(str(value).startswith("https://evil.example/") for name, value in attrs if name == "href")
    is_clean(unescape(html))


@contextmanager
def by_webhook() -> Iterator[Deliver]:
    with receiver() as running, at_work("webhook", {"url": running.url, "secret": SECRET}) as deliver:

        def tell(told: Delivery) -> None:
            deliver(told)
            request = running.next()
            assert running.requests.empty()
            assert request.headers["content-type"] == "application/json"
            assert json.loads(request.body) == Webhook(SECRET).verify(request.body, dict(request.headers))
            data = json.loads(request.body)["data"]
            if told.letter:
                assert (data["letter"]["text"], data["letter"]["html"]) == (told.letter.text, told.letter.html)
                return
            case = data["case"]
            assert (case["title"], case["text"], case["url"]) == (told.case.title, told.case.text, told.case.url)

        yield tell


@contextmanager
def in_the_log() -> Iterator[Deliver]:
    with at_work("log", {}) as deliver:

        def tell(told: Delivery) -> None:
            with capture_logs() as logs:
                deliver(told)
            (line,) = logs
            assert set(line) == LOGGED
            assert line["link"] == CASE.link and line["channel"] == CASE.channel

        yield tell


def is_clean(shown: str) -> None:
    """Nothing hides, turns the direction of writing or ends a line in a way that only some see."""
    for one in shown:
        assert one in "\n\t" or unicodedata.category(one) not in ("Cc", "Zl", "Zp")
        assert one not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


READERS = {"slack": on_slack, "email": in_the_mail, "webhook": by_webhook, "log": in_the_log}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_post_says_is_data(kind: str) -> None:
    with READERS[kind]() as tell:

        @settings(max_examples=40)
        @given(post=posts())
        def is_data(post: CaseSnapshot) -> None:
            tell(told(NoticeType.CASE_OPENED, post))

        @settings(max_examples=20)
        @given(letter=letters())
        def is_data_in_a_letter(letter: Letter) -> None:
            tell(told(NoticeType.DIGEST, letter=letter))

        is_data()
        is_data_in_a_letter()
