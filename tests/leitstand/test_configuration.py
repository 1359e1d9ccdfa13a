"""The configuration is read whole; what is wrong is said all at once, with its line, and never with a secret in it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.configuration import load
from leitstand.errors import ConfigurationError, Problem
from leitstand.settings import Settings
from listeners import watchlists
from triage import checks as triage_checks

CHECKS = (triage_checks.problems,)

GOOD = """
[brand]
name = "Acme"
own_accounts = ["x:acme"]
[[watchlists]]
name = "cloud"
query = 'acme'
team = "cloud-support"
[targets.sev1-group]
kind = "log"
[teams.cloud-support]
forward = ["sev1-group"]
[escalation.sev1]
steps = [ { notify = "sev1-group" }, { after = "10m", notify = "cloud-support" } ]
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "leitstand.toml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str, **environment: str) -> list[Problem]:
    with pytest.raises(ConfigurationError) as caught:
        load(write(folder, text), environment=environment)
    return caught.value.problems


def test_a_good_file_is_read(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD), environment={})
    assert settings.watchlists[0].team == "cloud-support"
    assert settings.escalation["sev1"].steps[1].after.total_seconds() == 600
    assert settings.server.data_dir == tmp_path / "var"


def test_an_empty_file_is_a_configuration(tmp_path: Path) -> None:
    assert load(write(tmp_path, ""), environment={}).server.listen == "127.0.0.1:8080"


def test_each_caller_has_a_token_of_its_own(tmp_path: Path) -> None:
    both = "".join(f'[api.tokens.{name}]\ntoken = "${{TOKEN}}"\n' for name in ("shop", "desk"))
    (problem,) = problems(tmp_path, both, TOKEN="one-for-both-callers")
    assert problem.path == "api.tokens" and "“shop” and “desk” have the same token" in problem.message
    assert "one-for-both" not in str(problem)


def test_every_problem_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    text = """[brand]
own_acounts = []
[[watchlists]]
name = "cloud"
query = "acme"
importance = "hihg"
team = "nobody"
[[sla]]
first_response = "15x"
[[sla]]
calendar = "office"
[targets.a]
kind = "webhok"
"""
    found = {(p.line, p.path): p.message for p in problems(tmp_path, text)}
    assert set(found) == {
        (2, "brand.own_acounts"),
        (6, "watchlists.0.importance"),
        (7, "watchlists.0.team"),
        (9, "sla.0.first_response"),
        (11, "sla.1.calendar"),
        (13, "targets.a.kind"),
    }
    assert "did you mean 'own_accounts'" in found[2, "brand.own_acounts"]
    assert "'low', 'normal' or 'high'" in found[6, "watchlists.0.importance"]
    assert "webhook" in found[13, "targets.a.kind"]


def test_what_is_wrong_inside_a_list_hides_nothing_else(tmp_path: Path) -> None:
    text = """[api.tokens.a]
token = "a-token-of-its-own"
scopes = ["raed", "act"]
[[rules]]
name = "one"
when = { intents = ["saftey"] }
then = { team = "nobody" }
[[rules]]
when = { vip = true }
[[rules]]
name = "three"
when = { vip = true }
then = { team = "nobody" }
[escalation.sev1]
repeat = 30
steps = [
  {},
  { notify = "nobody" },
]
[teams.a]
forward = [5, "nobody"]
"""
    found = [(p.line, p.path) for p in problems(tmp_path, text)]
    assert sorted(found) == [
        (3, "api.tokens.a.scopes.0"),
        (6, "rules.0.when.intents.0"),
        (7, "rules.0.then.team"),
        (8, "rules.1.name"),
        (8, "rules.1.then"),
        (13, "rules.2.then.team"),
        (15, "escalation.sev1.repeat"),
        (16, "escalation.sev1.steps.0"),
        (16, "escalation.sev1.steps.1.notify"),
        (21, "teams.a.forward.0"),
        (21, "teams.a.forward.1"),
    ]


def test_places_are_those_in_the_file_however_often_something_is_left_out(tmp_path: Path) -> None:
    text = """[escalation.sev1]
steps = [
  5,
  { notify = "nobody" },
  { notify = 5 },
  { notify = "nobody" },
  5,
  { notify = 5 },
  { notify = "nobody" },
]
"""
    found = [p.path.removeprefix("escalation.sev1.steps.") for p in problems(tmp_path, text)]
    assert found == ["0", "1.notify", "2.notify", "3.notify", "4", "5.notify", "6.notify"]


@pytest.mark.parametrize(
    "text",
    [
        "[escalation.loud]\nsteps = 5\n[teams.a]\nescalation = 'loud'\n",
        "[calendars.office]\nhours = 5\n[[sla]]\ncalendar = 'office'\n",
        "[[watchlists]]\nname = 'a'\n[incidents]\nwatchlists = ['a']\n",
    ],
)
def test_what_is_written_wrong_is_not_told_as_missing(tmp_path: Path, text: str) -> None:
    assert len(problems(tmp_path, text)) == 1


def test_what_is_left_out_makes_no_problem_of_what_is_right(tmp_path: Path) -> None:
    def checks(settings: Settings) -> list[Problem]:
        hours = [
            Problem(f"calendars.{name}.hours", "none at all") for name, c in settings.calendars.items() if not c.hours
        ]
        return [*hours, *(Problem(f"sla.{i}", "applies to all") for i, e in enumerate(settings.sla) if not e.severity)]

    text = """[calendars.office]
hours = { mon-fri = "08:00-12:00" }
[calendars.never]
hours = {}
[[sla]]
severity = ["sev9"]
[[sla]]
severity = ["sev1"]
"""
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), [checks])
    found = [(p.line, p.path) for p in caught.value.problems]
    assert found == [(2, "calendars.office.hours.mon-fri"), (4, "calendars.never.hours"), (6, "sla.0.severity.0")]


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        (
            "watchlist_posts = { cloud = 5, clowd = 5 }",
            7,
            "no watchlist named 'clowd'; did you mean 'cloud'? known: cloud",
        ),
        ("[listeners.x.watchlist_posts]\nother = 5", 8, "no watchlist named 'other'; known: cloud"),
        ('rules = { all = "acme" }\nwatchlist_posts = { cloud = 5 }', 4, "no rule named 'cloud'; known: all"),
    ],
)
def test_a_budget_is_for_a_watchlist_that_exists(tmp_path: Path, lines: str, line: int, says: str) -> None:
    text = f"""[[watchlists]]
name = "cloud"
query = "acme"
[listeners.x]
kind = "x"
bearer_token = "t"
{lines}
"""
    [problem] = problems(tmp_path, text)
    assert (problem.line, says in problem.message) == (line, True), problem


def test_a_wrong_plugin_key_names_the_known_ones(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[targets.a]\nkind = "log"\nlevle = "info"\n')
    assert (problem.line, problem.path) == (3, "targets.a.levle")
    assert "timeout" in problem.message


@pytest.mark.parametrize("text", ["[brand", "a = ", "\x00", "[brand]\nname = 'a'\n[brand]\n"])
def test_broken_toml_points_at_a_line(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "not valid TOML" in problem.message


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="leitstand init"):
        load(tmp_path / "none.toml")


def test_secrets_come_from_the_environment_and_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    text = """
[api.tokens.a]
token = "${SECRET_A}"
[api.tokens.b]
token_file = "token"
"""
    settings = load(write(tmp_path, text), environment={"SECRET_A": "from-the-environment"})
    assert settings.api.tokens["a"].token.get_secret_value() == "from-the-environment"
    assert settings.api.tokens["b"].token.get_secret_value() == "from-a-file"
    assert "from-a" not in repr(settings) and "from-the" not in repr(settings)


def test_every_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "address").write_text("https://calendar.example/secret.ics\n")
    settings = load(write(tmp_path, '[rotas.duty]\nical_url_file = "address"\n'))
    address = settings.rotas["duty"].ical_url
    assert address is not None and address.get_secret_value() == "https://calendar.example/secret.ics"


@pytest.mark.parametrize(
    "text", ["[api]\ntokens = 5", 'api = "x"', "rotas = 5", "[rotas]\nduty = 5", "api.tokens.a = []"]
)
def test_what_should_be_a_table_and_is_none_is_a_problem(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_an_unset_variable_and_an_unreadable_file_are_problems(tmp_path: Path) -> None:
    text = '[api.tokens.a]\ntoken = "${NOT_SET}"\n[api.tokens.b]\ntoken_file = "none"\n'
    found = {p.path: p.message for p in problems(tmp_path, text)}
    assert "NOT_SET" in found["api.tokens.a.token"]
    assert "cannot be read" in found["api.tokens.b.token_file"]


@pytest.mark.parametrize("value", ["${TOKEN", "${TO-KEN}", "${}", "$${TOKEN"])
def test_a_mistyped_variable_is_not_the_secret_itself(tmp_path: Path, value: str) -> None:
    (problem,) = problems(tmp_path, f'[api.tokens.a]\ntoken = "{value}"\n', TOKEN="hunter2")
    assert (problem.line, problem.message) == (2, "has a ${ that names no variable: write ${NAME}")


@pytest.mark.parametrize(("port", "taken"), [("0", True), ("65535", True), ("65536", False), ("99999", False)])
def test_a_port_is_one(tmp_path: Path, port: str, taken: bool) -> None:
    text = f'[server]\nlisten = "127.0.0.1:{port}"\n'
    if taken:
        assert load(write(tmp_path, text), environment={}).server.listen.endswith(port)
    else:
        assert problems(tmp_path, text)[0].message == "has a port that does not exist: the last one is 65535"


SECRETIVE = """
[api.tokens.a]
token = "${A}"
[database]
url = "${B}"
[listeners.ingest]
kind = "api"
token_file = "none"
[targets.hook]
kind = "webhook"
url = "${C}"
secret = "${D}"
[escalation.sev1]
steps = [ { webhook = "hook" } ]
[triage]
story_window = "3h"
"""


def test_who_talks_to_nobody_needs_no_secrets(tmp_path: Path) -> None:
    settings = load(write(tmp_path, SECRETIVE), CHECKS, environment={}, secrets=False)
    assert settings.triage.story_window.total_seconds() == 3 * 3600
    assert settings.targets["hook"].kind == "webhook"


def test_without_secrets_what_is_wrong_is_wrong_all_the_same(tmp_path: Path) -> None:
    text = SECRETIVE.replace("3h", "${HOURS}") + 'never = 1\n[targets.other]\nkind = "log"\nrate = 0\n'
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), CHECKS, environment={}, secrets=False)
    assert [p.path for p in caught.value.problems] == ["triage.story_window", "triage.never", "targets.other.rate"]


def test_absent_secrets_are_all_that_is_wrong_where_nothing_else_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, SECRETIVE), CHECKS, environment={})
    assert [p.path for p in caught.value.problems] == [
        "api.tokens.a.token",
        "database.url",
        "listeners.ingest.token_file",
        "targets.hook.url",
        "targets.hook.secret",
    ]


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file-that-is-long")
    (problem,) = problems(tmp_path, '[api.tokens.a]\ntoken = "another-one-that-is-long"\ntoken_file = "token"\n')
    assert (problem.line, str(problem.message)) == (3, "stands beside token: give one of them")


def test_every_path_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    text = """
[knowledge]
articles = "articles"
[nlp]
model = "/models/ours"
[listeners.export]
kind = "file"
path = "posts.jsonl"
[listeners.blogs]
kind = "feed"
opml = "feeds.opml"
[calendars.office]
hours = { mon = ["08:00-12:00"] }
ical = "closed.ics"
[rotas.duty]
ical = "duty.ics"
"""
    settings = load(write(tmp_path, text), environment={})
    assert settings.knowledge.articles == tmp_path / "articles"
    assert str(settings.nlp.model) == "/models/ours"
    assert settings.listeners["export"].model_dump()["path"] == tmp_path / "posts.jsonl"
    assert settings.listeners["blogs"].model_dump()["opml"] == tmp_path / "feeds.opml"
    assert settings.calendars["office"].ical == tmp_path / "closed.ics"
    assert settings.rotas["duty"].ical == tmp_path / "duty.ics"


def test_an_entry_with_a_wrong_name_is_looked_at_all_the_same(tmp_path: Path) -> None:
    text = """
[[watchlists]]
name = "Cloud!"
query = 'acme AND down OR x'
[[watchlists]]
name = "other"
query = 'NOT acme'
[[rules]]
name = "r"
when = { watchlists = ["Cloud!", "nowhere"] }
then = { severity = "sev1" }
"""
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), (watchlists.problems,), environment={})
    assert [p.path for p in caught.value.problems][:3] == [
        "watchlists.0.name",
        "watchlists.0.query",
        "watchlists.1.query",
    ]


def test_a_limit_is_told_as_it_is_written(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[retention]\nposts = "1d"\n')
    assert problem.message == "must be 7d or more"


def test_an_unset_variable_is_one_problem_not_two(tmp_path: Path) -> None:
    text = '[targets.hook]\nkind = "webhook"\nurl = "${WHERE}"\nsecret = "short"\n'
    assert [(p.path, p.message.split(":")[0]) for p in problems(tmp_path, text)] == [
        ("targets.hook.url", "the environment variable WHERE is not set"),
        ("targets.hook.secret", "must be whsec_ followed by 24 to 64 random bytes in base64"),
    ]


def test_an_unreadable_secret_is_one_problem_not_two(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[listeners.ingest]\nkind = "api"\ntoken_file = "none"\n')
    assert (problem.line, problem.path) == (3, "listeners.ingest.token_file")


def test_without_a_kind_only_the_kind_is_asked_for(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[targets.hook]\nurl = "https://hooks.example"\n')
    assert (problem.path, problem.message) == ("targets.hook.kind", "is required; known: email, log, slack, webhook")


def test_a_mistyped_kind_gets_the_nearest_one(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[targets.hook]\nkind = "webhok"\n')
    assert problem.message.startswith("unknown kind 'webhok'; did you mean 'webhook'? known: ")


def test_an_unknown_table_of_tables_has_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[brand]\n[[watchlist]]\nname = "a"\n[listener.a]\n')[:1]
    assert (problem.line, problem.path) == (2, "watchlist")


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ('[server]\nlisten = "8080"\n', "server.listen", "must be written like '127.0.0.1:8080'"),
        ('[brand]\nown_accounts = ["@acme"]\n', "brand.own_accounts.0", "must be written like 'x:acme'"),
        (
            '[[watchlists]]\nname = "Acme Cloud"\nquery = "a"\n',
            "watchlists.0.name",
            "must be written like 'cloud-support'",
        ),
        ('[server]\nlisten = "127.0.0.1:65536"\n', "server.listen", "has a port that does not exist"),
        ('[database]\nurl = "mysql://hunter2"\n', "database.url", "must begin with postgresql:// or postgres://"),
        ('[redis]\nurl = "hunter2:6379"\n', "redis.url", "must begin with redis:// or rediss:// or unix://"),
        (
            '[redis]\nurl = "redis+cluster://hunter2/0"\n',
            "redis.url",
            "must begin with redis:// or rediss:// or unix://: a cluster cannot be used",
        ),
        (
            '[redis]\nurl = "sentinel://hunter2/m"\n',
            "redis.url",
            "must begin with redis:// or rediss:// or unix://: Sentinels are named by redis+sentinel://host:26379",
        ),
        ('[redis]\nurl = "redis+sentinel://hunter2"\n', "redis.url", "must end with the service's name"),
        ('[redis]\nurl = "redis+sentinel://hunter2:x/m"\n', "redis.url", "names a Sentinel that is none"),
        ('[redis]\nurl = "redis://hunter2/zero"\n', "redis.url", "must end with the number of a database"),
        ('[redis]\nurl = "redis://hunter2:x/0"\n', "redis.url", "has a port that is no number"),
        (
            '[database]\nurl = "postgresql://hunter2:1,b:2/x"\n',
            "database.url",
            "has a port that is no number; several hosts",
        ),
    ],
)
def test_what_a_value_must_look_like_is_shown_not_described(tmp_path: Path, text: str, path: str, says: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.path == path and problem.message.startswith(says) and "hunter2" not in problem.message


def test_a_secret_is_not_in_the_error_about_it(tmp_path: Path) -> None:
    text = '[api.tokens.a]\ntoken = ["hunter2"]\nscopes = ["raed"]\n'
    found = [str(problem) for problem in problems(tmp_path, text)]
    assert len(found) == 2 and "hunter2" not in " ".join(found)


def test_the_stages_checks_run_with_the_shape_s_problems(tmp_path: Path) -> None:
    def refuse(settings: Settings) -> list[Problem]:
        return [Problem("watchlists.0.query", "refused")]

    text = "[brand]\nnaem = 'x'\n[[watchlists]]\nname = 'a'\nquery = 'q'\n"
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, text), [refuse])
    assert [(p.line, p.message) for p in caught.value.problems][1] == (5, "refused")
    assert caught.value.problems[0].path == "brand.naem"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(sorted(Settings.model_fields)),
)
def test_any_value_in_any_section_is_settings_or_a_configuration_error(value: object, section: str) -> None:

    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder), f"{section} = {_toml(value)}\n")
        try:
            assert isinstance(load(file, environment={}), Settings)
        except ConfigurationError as error:
            assert error.problems


def _toml(value: object) -> str:
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(max(-(2**60), min(2**60, value)))
    if isinstance(value, str):
        escaped = "".join(
            c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in value
        )
        return f'"{escaped}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    assert isinstance(value, dict)
    return "{" + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + "}"
