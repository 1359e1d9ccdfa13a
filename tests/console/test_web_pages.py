"""The pages over real HTTP: what they show, what they refuse, and that a post's words stay words."""

import re

import pytest
from sqlalchemy import text

from tests.console.alike import alike
from tests.console.running import INGEST, READ, Console
from tests.console.visiting import HTMX, SAME, sign_in


def test_one_case_explains_itself(open_console: Console) -> None:
    number = open_console.open_case(words="acme cloud is down", title="Help")
    with open_console.client() as client:
        page = client.get(f"/cases/{number}").text
    assert '<mark class="urgent" title="urgency: outage">down</mark>' in page
    assert re.search(r"<dt>urgency</dt><dd><q>down</q>", page)
    for words in ("urgency high", "severity sev2: impact high", "SLA default/sev2", "opened as sev2 from a post on x"):
        assert words in page
    assert 'href="https://x.example/1" rel="noopener noreferrer nofollow"' in page
    assert re.search(r'<time datetime="[\d-]+T[\d:]+Z" title="[\d-]+ [\d:]+ UTC"', page)


NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'&lt; {{ 7 * 7 }} acme is down"


def test_a_posts_words_are_never_markup(open_console: Console) -> None:
    number = open_console.open_case(
        words=NASTY, title=NASTY, author='"><script>alert(3)</script>', name=NASTY, url="javascript:alert(4)"
    )
    with open_console.client() as client:
        client.post(f"/cases/{number}/note", data={"text": NASTY}, headers=SAME)
        pages = [client.get(path).text for path in ("/", "/board", f"/cases/{number}", f"/cases/{number}/part")]
    for page in pages:
        assert "&lt;script&gt;alert(1)" in page
        assert not re.search(r"<script(?! src=)|<img|onerror=(?!alert\(2\)&gt;)|javascript:", page)
        assert "49 acme" not in page


def test_a_name_that_turns_the_writing_round_turns_nothing_but_itself(open_console: Console) -> None:
    number = open_console.open_case(name="\u202egnp.exe", author="tidy")
    with open_console.client() as client:
        for path in ("/", f"/cases/{number}"):
            assert "<bdi><b>\u202egnp.exe</b></bdi> <bdi>@tidy</bdi>" in client.get(path).text


def test_no_page_carries_a_script_or_style_of_its_own(open_console: Console) -> None:
    number = open_console.open_case()
    with open_console.client() as client:
        for path in ("/", f"/cases/{number}", "/nowhere"):
            response = client.get(path)
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["x-content-type-options"] == "nosniff"
            assert not re.search(r"<style|<script>| style=| on[a-z]+=", response.text)
            for address in re.findall(r'(?:src|href)="([^"]+)"', response.text):
                assert address.startswith(("/", "#")) or "x.example" in address


def test_files_are_kept_by_browsers_until_they_change(open_console: Console) -> None:
    with open_console.client() as client:
        address = re.findall(r'src="(/static/console.js\?\w+)"', client.get("/").text)[0]
        assert "immutable" in client.get(address).headers["cache-control"]
        assert client.get("/").headers["cache-control"] == "no-store"
        for name in ("htmx", "idiomorph"):
            assert "Zero-Clause BSD" in client.get(f"/static/{name}.LICENSE.txt").text
        assert client.get("/static/../auth.py").status_code == 404


def test_acknowledge_note_and_resolve_from_the_page(console: Console) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}").text
        assert "/acknowledge" in page
        assert "Ana Costa (desk)" in page
        part = client.post(f"/cases/{number}/acknowledge", headers=HTMX)
        assert part.status_code == 200
        assert "acknowledged by Ana Costa (desk)" in part.text
        assert "<html" not in part.text
        assert "/acknowledge" not in part.text
        noted = client.post(f"/cases/{number}/note", data={"text": "fix on its way\0"})
        assert (noted.status_code, noted.headers["location"]) == (303, f"/cases/{number}")
        assert "fix on its way" in client.get(f"/cases/{number}").text
        assert "/reopen" in client.post(f"/cases/{number}/resolve", headers=HTMX).text
        again = client.post(f"/cases/{number}/acknowledge", headers=HTMX)
        assert again.status_code == 409
        assert "is resolved" in again.text
        assert client.post(f"/cases/{number}/note", headers=HTMX).status_code == 422
    with console.database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deliveries")) == 1  # resolved: the team's target is told


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
    ],
)
def test_another_sites_page_cannot_act(open_console: Console, headers: dict[str, str], status: int) -> None:
    number = open_console.open_case()
    with open_console.client() as client:
        assert client.post(f"/cases/{number}/acknowledge", headers=headers).status_code == status
        state = "open" if status == 303 else "new"
        with open_console.database.connect() as connection:
            assert connection.scalar(text("SELECT state FROM cases")) == state


def test_a_browser_that_only_says_its_origin_may_act(open_console: Console) -> None:
    number = open_console.open_case()
    with open_console.client(Origin=open_console.url) as client:
        assert client.post(f"/cases/{number}/acknowledge").status_code == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421), ("localhost:8080", 200), ("[::1]", 200)],
)
def test_another_name_for_this_address_is_not_served(open_console: Console, host: str, status: int) -> None:
    with open_console.client() as client:
        assert client.get("/", headers={"Host": host}).status_code == status


def test_pages_need_a_login_and_lead_back(console: Console) -> None:
    number = console.open_case()
    with console.client(**SAME) as client:
        for path in ("/", "/board", f"/cases/{number}", f"/cases/{number}/part", "/live"):
            response = client.get(path)
            assert response.status_code == 303
            assert response.headers["location"].startswith("/login?next=")
            assert str(number) not in response.text
        login = client.get(client.get(f"/cases/{number}").headers["location"]).text
        assert f'value="/cases/{number}"' in login
        assert client.post(f"/cases/{number}/acknowledge").headers["location"] == "/login?next=%2F"
        assert client.get("/board", headers={"HX-Request": "true"}).headers["hx-redirect"] == "/login?next=%2F"
        with console.database.connect() as connection:
            assert connection.scalar(text("SELECT state FROM cases")) == "new"


def test_who_acts_when_the_session_is_over_is_led_back_to_the_same_page(console: Console) -> None:
    number = console.open_case()
    page = f"{console.url}/cases/{number}?a=b"
    with console.client(**SAME) as client:
        there = f"/login?next=%2Fcases%2F{number}%3Fa%3Db"
        part = client.post(f"/cases/{number}/note", headers={**HTMX, "HX-Current-URL": page})
        assert (part.status_code, part.headers["hx-redirect"]) == (401, there)
        whole = client.post(f"/cases/{number}/note", headers={"Referer": page})
        assert (whole.status_code, whole.headers["location"]) == (303, there)
        elsewhere = client.post(f"/cases/{number}/note", headers={"Referer": "https://evil.example//evil.example"})
        assert elsewhere.headers["location"] == "/login?next=%2F"


@pytest.mark.parametrize(
    "path", ["/", "/review", "/cases/{number}", "/escalations", "/oncall", "/silences", "/listeners"]
)
def test_what_a_live_update_looks_for_is_there_once(console: Console, path: str) -> None:
    """update.js names a form by its action and a field by its name: two alike would be taken for each other."""
    number = console.open_case()
    with sign_in(console) as client:
        page = client.get(path.format(number=number)).text
    assert "<form" in page and not alike(page)


def test_what_was_written_is_kept_whatever_button_was_pressed(console: Console) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        client.post(f"/cases/{number}/acknowledge", data={"text": "the cable is cut"}, headers=HTMX)
        client.post(f"/cases/{number}/resolve", data={"text": "a new cable"}, headers=HTMX)
        client.post(f"/cases/{number}/resolve", data={"text": "twice as thick"}, headers=HTMX)  # somebody was quicker
        page = client.get(f"/cases/{number}").text
    for words in ("the cable is cut", "resolved by Ana Costa (desk): a new cable", "twice as thick"):
        assert page.count(words) == 1


def test_a_browser_that_is_not_let_in_gets_a_page_and_a_program_json(open_console: Console) -> None:
    page = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "de"}
    with open_console.client(Host="other.example") as client:
        wrong = client.get("/", headers=page)
        assert (wrong.status_code, wrong.headers["content-type"]) == (421, "text/html; charset=utf-8")
        assert "server.url" in wrong.text and wrong.headers["x-content-type-options"] == "nosniff"
        assert "server.url" in client.get("/api/v1/cases", headers=page).json()["error"]
    with open_console.client(**{"Sec-Fetch-Site": "cross-site"}) as client:
        assert "einer anderen Website" in client.post("/login", headers=page).text
        assert "another site" in client.post("/login").json()["error"]


def test_a_link_from_a_chat_message_gets_a_second_try_with_its_cookie(console: Console) -> None:
    with console.client() as client:
        response = client.get('/cases/1?a="<b>', headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert 'content="0;url=/cases/1?a=%22%3Cb%3E"' in response.text


@pytest.mark.parametrize("token", ["wrong", INGEST, "", "a" * 5000])
def test_a_token_that_may_not_read_opens_nothing(console: Console, token: str) -> None:
    with console.client(**SAME) as client:
        response = client.post("/login", data={"token": token})
        assert response.status_code == 401
        assert "not known" in response.text
        assert "set-cookie" not in response.headers


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Console) -> None:
    with console.client(**SAME) as client:
        cookie = client.post("/login", data={"token": READ}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("forward", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_signing_in_never_leads_to_another_site(console: Console, forward: str) -> None:
    with console.client(**SAME) as client:
        response = client.post("/login", data={"token": READ, "next": forward})
    assert response.headers["location"] == "/"


def test_who_may_only_read_sees_no_buttons_and_cannot_act(console: Console) -> None:
    number = console.open_case()
    with sign_in(console, READ) as client:
        assert "<textarea" not in client.get(f"/cases/{number}").text
        assert client.post(f"/cases/{number}/acknowledge", headers=HTMX).status_code == 403


def test_signing_out_ends_it(console: Console) -> None:
    with sign_in(console) as client:
        assert client.get("/").status_code == 200
        client.post("/logout")
        assert client.get("/").status_code == 303


@pytest.mark.parametrize("path", ["/cases/999999", "/cases/abc", "/nowhere"])
def test_what_is_not_there_gets_a_page_that_leads_back(open_console: Console, path: str) -> None:
    with open_console.client() as client:
        response = client.get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.text
    assert 'href="/"' in response.text


@pytest.mark.parametrize(
    ("headers", "language", "words"),
    [
        ({}, "en", "All clear"),
        ({"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}, "de", "Alles ruhig"),
        ({"Accept-Language": "fr,de;q=0.3"}, "de", "Alles ruhig"),
        ({"Accept-Language": "fr"}, "en", "All clear"),
        ({"Accept-Language": "de;q=0,en"}, "en", "All clear"),
        ({"Accept-Language": ";;;,de;q=x"}, "en", "All clear"),
    ],
)
def test_the_browsers_language(open_console: Console, headers: dict[str, str], language: str, words: str) -> None:
    with open_console.client(**headers) as client:
        response = client.get("/")
    assert f'<html lang="{language}">' in response.text
    assert response.headers["content-language"] == language
    assert words in response.text


def test_the_language_switch_is_remembered(open_console: Console) -> None:
    number = open_console.open_case(words="acme cloud is down")
    with open_console.client(**SAME) as client:
        response = client.post("/language", data={"language": "de", "next": f"/cases/{number}"})
        assert response.headers["location"] == f"/cases/{number}"
        page = client.get(f"/cases/{number}").text
        for words in ("Bestätigen", "Dringlichkeit hoch", "Auswirkung hoch", "eröffnet als Sev 2", "Fristen"):
            assert words in page
        client.post("/language", data={"language": "xx", "next": "/"})
        assert "Fall" in client.get(f"/cases/{number}").text


def test_a_large_form_is_refused(open_console: Console) -> None:
    number = open_console.open_case()
    with open_console.client(**SAME) as client:
        response = client.post(f"/cases/{number}/note", data={"text": "a" * 200_000})
    assert response.status_code == 413
