"""Which texts are copies of each other: edits are, what people say in their own words is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.likeness.words import fold, words_of
from triage.stories.copies import is_copy, same_language

SAID = "Third time this month that Brightwell Broadband goes dark right before my night shift"


def changed(said: str, becomes: str) -> str:
    """The text with the first word of `becomes` exchanged for its others."""
    was, _, now = becomes.partition(" ")
    return said.replace(was, now)


def alike(one: str, other: str) -> bool:
    """Whether they are copies; asked both ways."""
    there, back = is_copy(words_of(one), words_of(other)), is_copy(words_of(other), words_of(one))
    assert there == back
    return there


@pytest.mark.parametrize(
    "other",
    [
        f"RT @nightowl: {SAID}",
        f"RT @a: RT @b: {SAID} https://clips.example/1",
        SAID.upper() + "!!! 😡😡 #brightwell @brightwell",
        "Third time this month Brightwell Broadband goes dark right before my shift",
        "Third time this month that Brightwel Broadband goes drak right before my nite shift",
        f"Unbelievable. {SAID}. Again.",
        "Third time this month that Brightwell Broad…",
        "Third time this month that Brightwell Broadband goes... https://clips.example/1",
        "Third time this month that Brightwell Broadband goes dark right bef",
        f"This is my sister, she works nights at the children's ward and needs a line: {SAID}. Please share it widely",
        f"(1/2) {SAID}",
    ],
)
def test_a_copy_with_edits_is_a_copy(other: str) -> None:
    assert alike(SAID, other)


@pytest.mark.parametrize(
    "other",
    [
        "My night shift starts and Brightwell Broadband is dark, for the third time this month",
        "Brightwell goes dark every month right when I have a night shift, third time now",
        "Third time this month that Lanchester Parcel leaves my box in the rain",
        "Third time this month…",
        "",
    ],
)
def test_the_same_in_other_words_is_no_copy(other: str) -> None:
    assert not alike(SAID, other)


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("Zug 4711 nach Hainfurt fällt heute wegen einer Weichenstörung aus", "4711 4712"),
        ("The bill went from 40 to 400 pounds for a flat of two", "400 900"),
        ("We waited two hours in the tunnel without any light or water", "two six"),
        ("Auf der #S3 geht es nach dem Einsatz wieder weiter", "#S3 #S5"),
        ("This is the second outage of the week and the third of the month", "third fourth"),
        ("The RE5 to Mornau is late again, reason unknown, mood known", "RE5 RE7"),
    ],
)
def test_other_numbers_are_another_story(said: str, becomes: str) -> None:
    assert not alike(said, changed(said, becomes))


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("The queue at gate 7 took two hours to get through in the end", "two 2"),
        ("The queue at gate 7 took 1,200 people and their dogs to build", "1,200 1.200"),
        ("Der Zug IC2023 steht seit zwanzig Minuten vor Hainfurt herum", "zwanzig 20"),
        ("Die Straße ist für Fußgänger wieder frei, schöne Grüße", "für fuer"),
        ("Die Straße ist für Fußgänger wieder frei, schöne Grüße", "Straße Strasse"),
        ("I can't believe it isn't open on a Monday of all days", "can't can’t"),
        ("I can't believe it isn't open on a Monday of all days", "isn't isnt"),
    ],
)
def test_the_same_written_otherwise_is_the_same(said: str, becomes: str) -> None:
    assert words_of(said).tokens == words_of(changed(said, becomes)).tokens


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("Kestrel has confirmed that card data was taken in the breach", "card no card"),
        ("Die Bank hat bestätigt, dass Kontodaten abgeflossen sind", "Kontodaten keine Kontodaten"),
        ("The outage is over and we have light and water again", "is isn't"),
        ("Ich kann den Dienst jedem empfehlen, der ein Klavier hat", "jedem niemandem"),
        ("Mein Antrag wurde mit Begründung abgelehnt, Widerspruch ist unterwegs", "mit ohne"),
        ("Der Aufzug am Bahnhof Mornau ist für Rollstühle benutzbar", "benutzbar unbenutzbar"),
    ],
)
def test_an_opposite_negation_is_no_copy(said: str, becomes: str) -> None:
    assert not alike(said, changed(said, becomes))


@pytest.mark.parametrize("remark", ["Oh no! {}", "Not again: {}", "{}. Geht gar nicht!", "{} – no words", "No. {}"])
def test_a_remark_beside_the_text_denies_nothing(remark: str) -> None:
    assert alike(SAID, remark.format(SAID))


@pytest.mark.parametrize("remark", ["Not true: {}", "{}. Stimmt nicht!", "It is not true that {}", "Not {}", "{} not"])
def test_a_remark_that_takes_the_text_back_makes_it_another_story(remark: str) -> None:
    assert not alike(SAID, remark.format(SAID))


def test_a_cut_text_may_not_differ_in_what_is_left() -> None:
    assert not alike(SAID, "Fourth time this month that Brightwell Broadband goes not dark rig…")


def test_few_words_must_be_more_alike() -> None:
    assert not alike("Thank you for the tip", "Thank you for the help")
    assert alike("Thank you for the tip", "thank you for the tip!!")
    assert not alike("Lumo is down.", "Lumo is down!")


def test_every_character_of_a_script_without_blanks_is_a_word() -> None:
    assert alike("アクメのクラウドがまた落ちています", "アクメのクラウドがまた落ちています！！")
    assert not alike("アクメのクラウドがまた落ちています", "今日のお昼はラーメンでした")


def test_unknown_languages_stand_in_no_way() -> None:
    assert same_language("de", "unknown")
    assert same_language("de", "de")
    assert not same_language("de", "en")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_texts_can_be_compared(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one)
    words = words_of(one)
    assert is_copy(words, words) == words.enough
    assert all(token and token == token.casefold() for token in words.tokens)


@pytest.mark.parametrize(
    ("said", "folded"),
    [("Café", "Cafe"), ("schön", "schon"), ("schoen", "schon"), ("Ελλάδα", "Ελλαδα"), ("мой", "мой"), ("が", "が")],
)
def test_marks_are_taken_off_letters_that_mean_the_same_without(said: str, folded: str) -> None:
    assert fold(said) == folded
