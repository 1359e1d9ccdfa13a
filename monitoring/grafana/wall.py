"""The board Wall: what the whole room looks at. Four rows, one screen, no scrolling.

act now      open Sev 1 · not acknowledged · next deadline · missed
what is said mentions a minute by channel · sentiment · urgency
the desk     open cases · time left by clock · post to notice
the house    listeners · lag · outbox · dead letters · what cannot be read
"""

from grafana_foundation_sdk.builders import bargauge, dashboard, stat, timeseries

from monitoring.grafana.panels import BLUE, GREEN, GREY, ORANGE, RED, bars, lines, number, words, words_from

NOTHING_DUE = 1e9
SEVERITIES = {"sev1": RED, "sev2": ORANGE, "sev3": BLUE, "sev4": GREY}
SENTIMENTS = {"negative": RED, "neutral": BLUE, "positive": GREEN, "unknown": GREY}
URGENCIES = {"critical": RED, "high": ORANGE, "normal": BLUE, "none": GREY}
CLOCKS = ("acknowledge", "first_response", "next_response", "resolution")
TIME_LEFT = ((None, RED), (60, ORANGE), (900, GREEN))
NONE_IS_FINE = ((None, GREEN), (1, RED))

Panel = stat.Panel | bargauge.Panel | timeseries.Panel


def wall() -> dashboard.Dashboard:
    """The board."""
    board = (
        dashboard.Dashboard("Wall")
        .uid("leitstand-wall")
        .description("The control room at a glance.")
        .tags(["leitstand"])
        .style("dark")
        .timezone("browser")
        .time("now-3h", "now")
        .refresh("5s")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for panel in (*act_now(), *what_is_said(), *the_desk(), *the_house()):
        board.with_panel(panel)
    return board


def act_now() -> list[Panel]:
    """The first row."""
    return [
        number(
            "Open Sev 1",
            "Cases of severity sev1 that are not resolved.",
            {"": cases('severity="sev1"')},
            NONE_IS_FINE,
            unit="none",
            size=(6, 8),
        ),
        number(
            "Sev 1 not acknowledged",
            "Open sev1 cases that nobody has acknowledged.",
            {"": cases('severity="sev1",state="new"')},
            NONE_IS_FINE,
            unit="none",
            size=(6, 8),
        ),
        words_from(
            number(
                "Next deadline in",
                "Time until the first deadline of any case is missed.",
                {"": time_left("")},
                TIME_LEFT,
                unit="dtdurations",
                size=(6, 8),
            ).decimals(0),
            NOTHING_DUE,
            "nothing due",
            GREEN,
        ),
        number(
            "Missed in 24 h",
            "Deadlines that passed unmet within the last 24 hours.",
            {"": "round(sum(increase(leitstand_sla_breaches_total[24h])))" + zero_if_read("cases")},
            ((None, GREEN), (1, ORANGE), (10, RED)),
            unit="none",
            size=(6, 8),
        ),
    ]


def what_is_said() -> list[Panel]:
    """The second row."""
    return [
        lines(
            "Mentions a minute, by channel",
            "What the listeners and the API took in.",
            {"{{channel}}": "sum by (channel) (rate(leitstand_mentions_received_total[5m])) * 60"},
            unit="none",
            size=(12, 8),
        ),
        bars(
            "Sentiment, last hour",
            "Assessed mentions. Unknown: nothing in the text speaks for either side.",
            {s: f'round(sum(increase(leitstand_mentions_assessed_total{{sentiment="{s}"}}[1h])))' for s in SENTIMENTS},
            SENTIMENTS,
            unit="none",
            size=(6, 8),
        ),
        bars(
            "Urgency, last hour",
            "Assessed mentions, by how soon a person must act.",
            {u: f'round(sum(increase(leitstand_mentions_urgency_total{{urgency="{u}"}}[1h])))' for u in URGENCIES},
            URGENCIES,
            unit="none",
            size=(6, 8),
        ),
    ]


def the_desk() -> list[Panel]:
    """The third row."""
    return [
        bars(
            "Open cases",
            "By severity, whatever their state.",
            {s: cases(f'severity="{s}"') for s in SEVERITIES},
            SEVERITIES,
            unit="none",
            size=(6, 7),
        ),
        words_from(
            number(
                "Time left, by clock",
                "Until the first deadline of each kind is missed.",
                {name.replace("_", " "): time_left(f'{{clock="{name}"}}') for name in CLOCKS},
                TIME_LEFT,
                unit="dtdurations",
                size=(10, 7),
            ).decimals(0),
            NOTHING_DUE,
            "none",
            GREY,
        ),
        words_from(
            number(
                "Post to notice, last hour",
                "From a mention received to its notice taken: half of them, and all but the slowest in a hundred.",
                {"half within": notice(0.5), "99 % within": notice(0.99)},
                ((None, GREEN), (1, ORANGE), (5, RED)),
                unit="s",
                size=(8, 7),
            ).decimals(2),
            NOTHING_DUE,
            "no notice",
            GREY,
        ),
    ]


def the_house() -> list[Panel]:
    """The last row."""
    up = number(
        "Listeners",
        "Whether each listener hears its source.",
        {"{{listener}}": "min by (listener) (leitstand_listener_up)"},
        ((None, RED), (1, GREEN)),
        unit="none",
        size=(8, 5),
    )
    seen = number(
        "This board sees",
        "Whether every number above could be read from the database and Redis.",
        {"": "min(leitstand_scrape_ok)"},
        ((None, RED), (1, GREEN)),
        unit="none",
        size=(4, 5),
    )
    return [
        words(up, {"0": ("silent", RED), "1": ("hears", GREEN)}),
        number(
            "Longest silence",
            "How long the worst listener has not heard its source.",
            {"": "max(leitstand_listener_lag_seconds)"},
            ((None, GREEN), (60, ORANGE), (300, RED)),
            unit="s",
            size=(4, 5),
        ).decimals(0),
        number(
            "Notices waiting",
            "Committed and not yet taken by their target.",
            {"": "sum(max by (target) (leitstand_outbox_pending))"},
            ((None, GREEN), (20, ORANGE), (200, RED)),
            unit="none",
            size=(4, 5),
        ),
        number(
            "Dead letters",
            "Notices given up. `leitstand deliveries retry` sends them again.",
            {"": "sum(max by (target) (leitstand_dead_letters))"},
            NONE_IS_FINE,
            unit="none",
            size=(4, 5),
        ),
        words(seen, {"0": ("not all", RED), "1": ("all", GREEN)}),
    ]


def cases(matchers: str) -> str:
    """Open cases of a kind. Several consoles tell the same of one database: they are not added up."""
    counted = f"sum(max by (severity, channel, state) (leitstand_cases_open{{{matchers}}}))"
    return counted + zero_if_read("cases")


def time_left(matchers: str) -> str:
    """Seconds until the next breach, NOTHING_DUE where no clock runs."""
    return f"min(leitstand_sla_seconds_to_next_breach{matchers}){zero_if_read('clocks', '+ 1e9')}"


def notice(quantile: float) -> str:
    """A quantile of the way from post to notice, NOTHING_DUE where there was no notice."""
    taken = "sum by (le) (increase(leitstand_post_to_notice_seconds_bucket[1h]))"
    return f"histogram_quantile({quantile}, {taken}) >= 0{zero_if_read('outbox', '+ 1e9')}"


def zero_if_read(part: str, instead: str = "") -> str:
    """Where the query finds nothing although this part of the state could be read: zero, or what is added to it."""
    return f' or 0 * max(leitstand_scrape_ok{{part="{part}"}} == 1) {instead}'.rstrip()
