"""A memory of names that forgets the oldest."""

from hypothesis import given
from hypothesis import strategies as st

from listeners.recent import Recent

names = st.lists(st.text("abc", min_size=1, max_size=2), max_size=30)


def test_the_oldest_is_forgotten_and_a_known_one_becomes_young() -> None:
    recent = Recent(3, "abc")
    assert recent.add("a") is False
    assert recent.add("d") is True
    assert recent.youngest() == ["d", "a", "c"]
    assert "b" not in recent


@given(names, st.integers(1, 10))
def test_it_is_the_youngest_names_in_their_order(given_names: list[str], most: int) -> None:
    recent = Recent(most)
    for name in given_names:
        new = name not in recent
        assert recent.add(name) is new
    expected = list(dict.fromkeys(reversed(given_names)))[:most]
    assert recent.youngest() == expected
    assert len(recent) == len(expected)
    again = Recent.from_text(recent.text(), most)
    assert again.youngest() == expected
