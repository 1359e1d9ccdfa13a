"""A corrected label in the console is stored, with who said so and when, over real HTTP."""

import re

import pytest
from sqlalchemy import text

from leitstand import clock
from leitstand.model import Intent, Sentiment, Urgency
from nlp import labels
from nlp.labels import Label
from tests.console.running import READ, Console
from tests.console.visiting import HTMX, sign_in

RIGHT = {"sentiment": "neutral", "urgency": "1", "intents": ["question", "praise"], "needs_reply": "no"}


def post_of(console: Console, number: int) -> int:
    """The only post of a case."""
    with console.database.connect() as connection:
        found: int = connection.scalars(
            text("SELECT mention_id FROM case_mentions WHERE case_number = :n"), {"n": number}
        ).one()
        return found


def test_a_corrected_label_is_stored_with_who_and_when_and_shown(console: Console) -> None:
    number = console.open_case()
    post, before = post_of(console, number), clock.now()
    with sign_in(console) as client:
        form = client.get(f"/cases/{number}").text
        assert re.search(r'<option value="negative" selected>', form)
        assert re.search(r'name="intents" value="outage" checked', form)
        response = client.post(f"/cases/{number}/posts/{post}/correct", data=RIGHT)
        assert (response.status_code, response.headers["location"]) == (303, f"/cases/{number}#post-{post}")
        page = client.get(f"/cases/{number}").text
    with console.database.connect() as connection:
        given = labels.given(connection, [post])[post]
    assert given.label == Label(Sentiment.NEUTRAL, Urgency.NORMAL, (Intent.QUESTION, Intent.PRAISE), needs_reply=False)
    assert given.author == "Ana Costa (desk)"
    assert before <= given.at <= clock.now()
    assert "what was understood of a post was corrected by Ana Costa (desk): sentiment neutral" in page
    assert '<span class="tag new">corrected</span> neutral' in page
    assert re.search(r'name="intents" value="question" checked', page)


def test_words_that_only_the_model_weighed_are_told_as_such(console: Console) -> None:
    number = console.open_case()
    learned = (
        '[{"about": "outage", "cue": "acme", "start": 0, "end": 4, "weight": 0.4, "field": "text", "learned": true}]'
    )
    with console.database.begin() as connection:
        connection.execute(text("UPDATE assessments SET reasons = reasons || CAST(:more AS jsonb)"), {"more": learned})
    with sign_in(console) as client:
        page = client.get(f"/cases/{number}").text
    assert '<abbr title="learned from other posts; in no word list">≈</abbr> <q>acme</q>' in page
    assert re.search(r'<mark class="" title="[^":]* ≈ acme">acme</mark>', page)


def test_a_second_correction_replaces_the_first_and_the_case_stays_as_it_is(console: Console) -> None:
    number = console.open_case()
    post = post_of(console, number)
    with sign_in(console) as client:
        client.post(f"/cases/{number}/posts/{post}/correct", data=RIGHT)
        client.post(f"/cases/{number}/posts/{post}/correct", data={**RIGHT, "urgency": "3", "intents": []})
    with console.database.connect() as connection:
        assert labels.given(connection, [post])[post].label.urgency is Urgency.CRITICAL
        assert labels.given(connection, [post])[post].label.intents == ()
        assert connection.scalar(text("SELECT urgency FROM cases")) == Urgency.HIGH
        assert len(labels.corrected(connection)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"sentiment": "angry"}, {"urgency": "9"}, {"urgency": ""}, {"intents": "love"}, {"needs_reply": ""}],
)
def test_what_is_no_choice_of_the_form_is_refused(console: Console, wrong: dict[str, str]) -> None:
    number = console.open_case()
    with sign_in(console) as client:
        response = client.post(f"/cases/{number}/posts/{post_of(console, number)}/correct", data={**RIGHT, **wrong})
    assert response.status_code == 422
    with console.database.connect() as connection:
        assert labels.corrected(connection) == []


def test_only_posts_of_the_case_and_only_by_who_may_act(console: Console) -> None:
    number, other = console.open_case(author="a"), console.open_case(author="b")
    foreign = post_of(console, other)
    with sign_in(console) as client:
        assert client.post(f"/cases/{number}/posts/{foreign}/correct", data=RIGHT).status_code == 404
        assert client.post(f"/cases/{number}/posts/x/correct", data=RIGHT).status_code == 404
    with sign_in(console, READ) as client:
        assert "/correct" not in client.get(f"/cases/{other}").text
        path = f"/cases/{other}/posts/{foreign}/correct"
        assert client.post(path, data=RIGHT, headers=HTMX).status_code == 403
