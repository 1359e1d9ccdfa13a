"""The state of the house in numbers, one row each, read from SQL and Redis at scrape: `collector`.

A gauge is absent where nothing is known; zero means that somebody looked and found none.
"""

from monitoring.definitions import Definition


def _gauge(name: str, meaning: str, *labels: str) -> Definition:
    return Definition(f"leitstand_{name}", "gauge", meaning, labels)


CASES_OPEN = _gauge(
    "cases_open", "Open cases. State new: nobody has acknowledged them.", "severity", "channel", "state"
)
NEXT_BREACH = _gauge(
    "sla_seconds_to_next_breach", "Seconds until the first running clock of this name is breached.", "clock"
)
MENTIONS_PENDING = _gauge("mentions_pending", "Mentions received and not yet assessed.")
MENTIONS_OLDEST = _gauge("mentions_oldest_seconds", "Age of the oldest mention not yet assessed, 0 where none waits.")
QUEUE_DEPTH = _gauge("queue_depth", "Jobs waiting in Redis.", "queue")
OUTBOX_PENDING = _gauge("outbox_pending", "Notices committed and not yet taken by the target.", "target")
OUTBOX_OLDEST = _gauge("outbox_oldest_seconds", "Age of the oldest notice not yet taken, 0 where none waits.", "target")
DEAD_LETTERS = _gauge("dead_letters", "Notices given up, kept until a person sends them again.", "target")
TARGET_PAUSED = _gauge("target_paused", "1 while nothing is sent to the target.", "target")
LISTENER_UP = _gauge("listener_up", "1 while all parts of the listener hear their source.", "listener")
LISTENER_LAG = _gauge(
    "listener_lag_seconds",
    "Seconds for which a part of the listener has not heard its source, 0 while all do.",
    "listener",
)
LISTENER_QUIET = _gauge(
    "listener_quiet_seconds", "Seconds since the listener was last heard without an error.", "listener"
)
LISTENER_INFO = _gauge("listener_info", "Always 1: the kind of each enabled listener.", "listener", "kind")
LISTENER_GAPS = _gauge(
    "listener_gaps_unfilled", "Gaps of the last 7 days in which posts may have been missed for good.", "listener"
)
BUDGET_REMAINING = _gauge("budget_remaining", "Posts the network still lets us read, where it counts.", "listener")
GAP_WAITING = _gauge(
    "listener_gap_waiting_seconds",
    "Seconds since the listener was heard again without having fetched what it missed, 0 where it has.",
    "listener",
)
RECHECK_UP = _gauge(
    "listener_recheck_up", "1 while the listener can look posts of open cases up again, where it does so.", "listener"
)
WATCHLIST_BUDGET = _gauge(
    "watchlist_budget_remaining", "Posts still to be read today for a watchlist with a share.", "listener", "watchlist"
)
INCIDENTS_OPEN = _gauge("incidents_open", "Open incidents.", "watchlist")
BUILD_INFO = _gauge("build_info", "Always 1: the version that serves this page.", "version")
SCRAPE_OK = _gauge("scrape_ok", "1 where this part of the state could be read, 0 where its gauges are missing.", "part")

GAUGES = (
    CASES_OPEN,
    NEXT_BREACH,
    MENTIONS_PENDING,
    MENTIONS_OLDEST,
    QUEUE_DEPTH,
    OUTBOX_PENDING,
    OUTBOX_OLDEST,
    DEAD_LETTERS,
    TARGET_PAUSED,
    LISTENER_UP,
    LISTENER_LAG,
    LISTENER_QUIET,
    LISTENER_INFO,
    LISTENER_GAPS,
    BUDGET_REMAINING,
    GAP_WAITING,
    RECHECK_UP,
    WATCHLIST_BUDGET,
    INCIDENTS_OPEN,
    BUILD_INFO,
    SCRAPE_OK,
)
