"""Gone is what was asked for twice in a row and not there twice in a row."""

from hypothesis import given
from hypothesis import strategies as st

from listeners.absent import absent

NAMES = st.sampled_from("abcd")
LOOKS = st.lists(st.tuples(st.frozensets(NAMES), st.frozensets(NAMES)), max_size=6)


@given(LOOKS)
def test_what_is_gone_was_not_there_twice_in_a_row(looks: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    doubtful: set[str] = set()
    in_a_row = dict.fromkeys("abcd", 0)
    for asked, there in looks:
        gone, doubtful = absent(asked, there, doubtful)
        in_a_row = {name: count + 1 if name in asked - there else 0 for name, count in in_a_row.items()}
        assert gone == {name for name, count in in_a_row.items() if count == 2}
        assert doubtful == {name for name, count in in_a_row.items() if count == 1}
        in_a_row |= dict.fromkeys(gone, 0)
