"""What of a post's reasons a page shows: marks in its words, and a list for those who cannot hover. Pure."""

from console.web import view
from leitstand.model import Reason

TEXT = "the shop is down again"
DOWN = Reason("outage", "down", 12, 16, 1.0)
WIDE = Reason("complaint", "shop is down again", 4, 22, 0.7, learned=True)
SHOP = Reason("outage", "the shop", 0, 8, 0.4, learned=True)


def test_a_cue_of_a_list_is_marked_before_what_is_learned() -> None:
    pieces = view.marked(TEXT, [WIDE, DOWN, SHOP])
    assert "".join(piece.text for piece in pieces) == TEXT
    assert [(piece.text, piece.cues) for piece in pieces if piece.cues] == [
        ("the shop", (("outage", "the shop", True),)),
        ("down", (("outage", "down", False),)),
    ]


def test_of_two_that_are_learned_the_earlier_one_is_marked() -> None:
    assert [piece.text for piece in view.marked(TEXT, [WIDE, SHOP]) if piece.cues] == ["the shop"]


def test_the_list_says_which_words_are_learned_and_names_the_heaviest_first() -> None:
    (complaint, outage) = sorted(view.weighed(TEXT, "", [SHOP, DOWN, WIDE]), key=lambda line: line.about)
    assert complaint.words == (("shop is down again", True),)
    assert outage.words == (("down", False), ("the shop", True))
