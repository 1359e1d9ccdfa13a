"""What `./run bench` answers to whoever does not know its names."""

import pytest

from bench.__main__ import MEASUREMENTS, main


@pytest.mark.parametrize("asked", ["-h", "--help", "help"])
def test_whoever_asks_is_told_each_name_and_how_long_it_takes(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([asked]) == 0
    told = capsys.readouterr().out
    for name, one in MEASUREMENTS.items():
        assert f"  {name} " in told
        assert one.says in told
    assert told.count(" min\n") == len(MEASUREMENTS)
    assert "all but growth and month" in told


def test_a_wrong_name_measures_nothing_and_names_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matching", "lien"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "by the name lien (do you mean line?)" in told.err
    assert "a whole daemon: mentions a second" in told.err


def test_a_name_like_none_is_refused_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert "by the name xyzzy\n" in capsys.readouterr().err
