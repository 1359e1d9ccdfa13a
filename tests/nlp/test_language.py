"""Languages: the right one, or an honest "unknown"."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from nlp.language import LANGUAGES, UNKNOWN, detect, letters


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mein Internet geht seit heute Morgen nicht mehr", "de"),
        ("geht nicht", "de"),
        ("Des is ned guad gwesn, i mog des net", "de"),
        ("My internet has been down since this morning", "en"),
        ("not working again", "en"),
        ("Mon colis n'est toujours pas arrivé, que faire ?", "fr"),
        ("¿Dónde está mi pedido? Llevo tres días esperando", "es"),
        ("Mijn pakket is nog steeds niet aangekomen", "nl"),
        ("Il mio pacco non è ancora arrivato", "it"),
        ("O meu pedido ainda não chegou", "pt"),
        ("Paczka jeszcze nie dotarła, co się dzieje?", "pl"),
        ("Paketim hâlâ gelmedi, neden bu kadar sürüyor?", "tr"),
        ("Мой заказ до сих пор не пришёл", "ru"),
        ("لم يصل طلبي حتى الآن", "ar"),
        ("@AcmeHelp https://x.example/abc #fail ich warte immer noch auf eine Antwort von euch", "de"),
        ("soooo schlecht ist das hier noch nie gewesen", "de"),
        ("Totalausfall acme", "de"),
        ("@acme HILFE!!!", "de"),
        ("acme nervt :rolling_eyes:", "de"),
        ("acme sucks", "en"),
        ("acme outage", "en"),
    ],
)
def test_a_language_is_recognised(text: str, language: str) -> None:
    found, confidence = detect(text)
    assert found == language
    assert 0 < confidence <= 1


@pytest.mark.parametrize("text", ["", "   ", "@acme", "https://acme.example/der/die/das", "12:30 !!!", "😀😀", "#"])
def test_no_word_no_language(text: str) -> None:
    assert detect(text)[0] == UNKNOWN


def test_what_the_network_declares_tips_the_scale_but_does_not_overrule() -> None:
    clear = "Das ist doch nicht euer Ernst, ich warte seit Tagen auf eine Antwort"
    assert detect(clear, "en")[0] == "de"
    assert detect("Kaffee", "de-AT")[1] > detect("Kaffee")[1]


@settings(deadline=None)
@given(st.text(max_size=300), st.sampled_from(["", "de", "xx", "en-US"]))
def test_any_text_gets_an_answer(text: str, declared: str) -> None:
    language, confidence = detect(text, declared)
    assert language == UNKNOWN or len(language) == 2
    assert 0 <= confidence <= 1


def test_letters_are_read_as_by_the_model_of_all_languages_limited_to_ours() -> None:
    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    whole.set_languages(list(LANGUAGES))
    assert sorted(letters().labels) == sorted(LANGUAGES)
    for text in ("", "?", "kaffee", "où est mon colis", "где мой заказ", "paketim hâlâ gelmedi", "pakket 12 niet hier"):
        assert letters().rank(text) == whole.rank(text)
