"""The wall over real HTTP: which cases come first, the numbers above them, and the filters."""

import re
from datetime import timedelta

from sqlalchemy import text

from console.web.troubles import KEPT, House, Troubles
from leitstand import clock
from leitstand.model import Urgency
from listeners.cursors import report_status
from tests.console.running import Console


def test_the_wall_shows_the_most_urgent_case_first_with_light_clock_and_author(open_console: Console) -> None:
    mild = open_console.open_case(author="mild", urgency=Urgency.NORMAL)
    worst = open_console.open_case(author="worst", name="Wendy Worst", urgency=Urgency.CRITICAL)
    with open_console.client() as client:
        page = client.get("/").text
    assert re.findall(r'data-case="(\d+)"', page) == [str(worst), str(mild)]
    row = page[page.index(f'data-case="{worst}"') : page.index(f'data-case="{mild}"')]
    for words in ("Sev 1", "on time", "Wendy Worst", "@worst", "1.2k followers", "cloud-support", "acknowledge", "in "):
        assert words in row
    assert "aria-live" in page or 'role="alert"' in page


def test_a_case_whose_clocks_stand_still_tells_what_is_left(open_console: Console) -> None:
    number = open_console.open_case(author="worst", urgency=Urgency.CRITICAL)
    with open_console.client(**{"sec-fetch-site": "same-origin"}) as client:
        client.post(f"/cases/{number}/pause", data={"value": "department"})
        page, case = client.get("/").text, client.get(f"/cases/{number}").text
        assert re.search(r'class="still">\d[^<]* left</span><span class="clock">[^<]+, stands still', page)
        assert "stands still" in case
        client.post(f"/cases/{number}/resume")
        assert "stands still" not in client.get("/").text


def test_a_case_without_a_deadline_tells_since_when_nobody_has_acknowledged_it(open_console: Console) -> None:
    number = open_console.open_case(author="worst", urgency=Urgency.CRITICAL)
    with open_console.database.begin() as connection:
        connection.execute(text("DELETE FROM sla_clocks"))
    with open_console.client(**{"sec-fetch-site": "same-origin"}) as client:
        assert "opened, not acknowledged" in client.get("/").text
        client.post(f"/cases/{number}/acknowledge")
        assert "opened, not acknowledged" not in client.get("/").text


def test_the_next_deadline_leads_to_its_case_also_where_it_has_missed_another(open_console: Console) -> None:
    soon = open_console.open_case(minutes=60, author="late", urgency=Urgency.NORMAL)
    open_console.open_case(author="worst", urgency=Urgency.CRITICAL)
    with open_console.database.begin() as connection:
        connection.execute(
            text("UPDATE sla_clocks SET due_at = now() + interval '60 s' WHERE case_number = :n"), {"n": soon}
        )
        connection.execute(
            text(
                "INSERT INTO sla_clocks SELECT case_number, 'acknowledge', 'breached', started_at, budget,"
                " now() - interval '50 min', NULL, '{}', policy, calendar, paused, NULL, NULL, history"
                " FROM sla_clocks WHERE case_number = :n AND name = 'resolution' ON CONFLICT (case_number, name)"
                " DO UPDATE SET state = 'breached', due_at = excluded.due_at"
            ),
            {"n": soon},
        )
    with open_console.client() as client:
        page = client.get("/").text
    assert f'<a href="/cases/{soon}">Next deadline: #{soon}' in page
    assert '<a href="/?order=due">Overdue</a></dt><dd>1</dd>' in page
    assert "<title>1 Sev 1 · 1 overdue · Cases · " in page
    assert "50 min late" in page


def test_the_most_urgent_of_a_team_are_found_among_any_number(open_console: Console) -> None:
    number = open_console.open_case(channel="mastodon", urgency=Urgency.NORMAL)
    with open_console.client() as client:
        for query in ("team=cloud-support", "watchlist=cloud", "state=new", "order=newest", "channel=mastodon"):
            assert f'data-case="{number}"' in client.get(f"/?{query}").text
        page = client.get("/?watchlist=cloud&channel=mastodon").text
        for query in ("team=nobody", "watchlist=other", "state=closed", "channel=x"):
            assert "No case matches these filters" in client.get(f"/?{query}").text
    assert '<option value="cloud" selected>' in page
    assert 'data-refresh="/board?channel=mastodon&amp;watchlist=cloud"' in page


def test_the_wall_can_begin_with_what_falls_due_first(open_console: Console) -> None:
    worst = open_console.open_case(author="worst", urgency=Urgency.CRITICAL)
    soon = open_console.open_case(author="soon", minutes=300, urgency=Urgency.NORMAL)
    with open_console.database.begin() as connection:
        connection.execute(
            text("UPDATE sla_clocks SET due_at = due_at + interval '9 days' WHERE case_number = :n"), {"n": worst}
        )
    with open_console.client() as client:
        assert re.findall(r'data-case="(\d+)"', client.get("/").text) == [str(worst), str(soon)]
        assert re.findall(r'data-case="(\d+)"', client.get("/?order=due").text) == [str(soon), str(worst)]


def test_filters_narrow_the_wall_and_say_when_nothing_is_left(open_console: Console) -> None:
    number = open_console.open_case(channel="mastodon")
    with open_console.client() as client:
        assert f'data-case="{number}"' in client.get("/?channel=mastodon&severity=sev2").text
        assert "No case matches these filters" in client.get("/?severity=sev1").text
        # What is no filter is left out: a mistyped bookmark still shows the wall.
        assert f'data-case="{number}"' in client.get("/?severity=terrible&state=%00").text


def test_an_empty_wall_says_that_all_is_clear(open_console: Console) -> None:
    with open_console.client() as client:
        page = client.get("/").text
    assert "All clear" in page
    assert "<title>Cases · " in page and "data-alarm" not in page


def test_an_empty_wall_does_not_call_all_clear_what_is_not_heard(open_console: Console) -> None:
    now = clock.now()
    with open_console.database.begin() as connection:
        report_status(connection, "ingest", "", error="the token has expired", last_post_at=None, now=now)
    house = House(open_console.database, open_console.settings)
    assert house.troubles(now) == Troubles(deaf=1, stuck=0)
    with open_console.database.begin() as connection:
        report_status(connection, "ingest", "", error="", last_post_at=now, now=now, heard=True)
        connection.execute(
            text(
                "INSERT INTO target_status (target, paused_until, error, failures, updated_at)"
                " VALUES ('desk', :later, 'HTTP 503', 3, :now)"
            ),
            {"now": now, "later": now + timedelta(minutes=1)},
        )
    assert house.troubles(now + timedelta(seconds=1)) == Troubles(deaf=1, stuck=0)  # as it was a moment ago
    assert house.troubles(now + KEPT) == Troubles(deaf=0, stuck=1)


def test_what_burns_stands_in_the_title_and_its_numbers_are_the_languages_own(open_console: Console) -> None:
    number = open_console.open_case(urgency=Urgency.CRITICAL)
    with open_console.database.begin() as connection:
        connection.execute(text("UPDATE cases SET mention_count = 12345 WHERE number = :n"), {"n": number})
    with open_console.client() as client:
        english = client.get("/board").text
        german = client.get("/", headers={"Accept-Language": "de"}).text
        case = client.get(f"/cases/{number}", headers={"Accept-Language": "de"}).text
    assert 'data-title="1 Sev 1 · Cases · ' in english and "data-alarm" in english
    assert "12,345 posts" in english and "1.2k followers" in english
    assert "<title>1 Sev 1 · Fälle · " in german
    assert "12.345 Beiträge" in german and "1.200 Follower" in german
    assert f"<title>Sev 1 · Fall {number}: " in case


def test_what_is_worst_and_due_soonest_comes_first_however_likely_another_is_to_be_escalated(
    open_console: Console,
) -> None:
    mild = open_console.open_case(author="mild", urgency=Urgency.NORMAL)
    worst = open_console.open_case(author="worst", urgency=Urgency.CRITICAL)
    with open_console.database.begin() as connection:
        connection.execute(
            text("INSERT INTO case_risks (case_number, score, reasons, at) VALUES (:n, 0.9, '[]', now())"), {"n": mild}
        )
        connection.execute(text("UPDATE cases SET review = 'not sure'"))
    with open_console.client() as client:
        orders = [re.findall(r'data-case="(\d+)"', client.get(path).text) for path in ("/", "/review")]
    assert orders == [[str(worst), str(mild)], [str(mild), str(worst)]]
