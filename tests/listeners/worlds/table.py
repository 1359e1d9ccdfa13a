"""Which test proves which point of the contract for which kind of source: the one table.

What is not listed is proved by tests/listeners/sources/test_contract.py on the kind's world. `At` names a test that
proves it already; `Never` says why it cannot be for this kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Point(StrEnum):
    """What every source must do."""

    ORDER = "newest-first and oldest-first pages"
    EQUAL = "equal time stamps"
    LATE = "late and undated items"
    MANY = "1,000 posts between two polls"
    BAD_ROW = "one bad row among good ones"
    TRICKLE = "a trickling server beside a healthy one"
    EDIT = "an edit"
    DELETE = "a delete"
    DISCONNECTS = "1,000 posts through ten random disconnects, none lost, none doubled"
    KILLED = "resumes after kill -9"
    LIMIT = "obeys the rate limit"
    CREDENTIAL = "reports a bad credential once, in words, without a retry storm"
    GARBAGE = "survives garbage"


@dataclass(frozen=True)
class At:
    """Tests that stand already: "file::name" below tests/, several with spaces between."""

    tests: str


@dataclass(frozen=True)
class Never:
    """Why this cannot be."""

    why: str


@dataclass(frozen=True)
class Here:
    """By the contract test."""


Proof = At | Never | Here

STREAMS: Final = ("bluesky", "email", "mastodon", "x")  # what a server of these sends may trickle after it has answered

_RUN: Final = At("listeners/sources/test_contract.py::test_a_thousand_posts_come_through_disconnects_and_kills")
_KILLS: Final = At(
    "end_to_end/test_sources.py::test_killed_listeners_of_every_kind_lose_and_double_nothing_while_others_trickle"
)
_API: Final = Never("nothing is asked of anybody: what comes in is proved by the tests of the API")
_FILE: Final = Never("a file is no network: it is read from its start to its end, as fast as wanted")
_CALLED: Final = Never("it asks nobody for anything: it is called")
_PUBLIC: Final = Never("it needs no credential")


def _at(file: str, *names: str) -> At:
    """Tests of one file in tests/listeners."""
    return At(" ".join(f"listeners/{file}::{name}" for name in names))


def _of(kind: str, *names: str) -> At:
    """Tests of a kind's own file."""
    return _at(f"sources/test_{kind}.py", *names)


_REVIEWS: Final[Mapping[Point, Proof]] = {
    Point.ORDER: _at(
        "test_reviews.py", "test_oldest_first_is_heard_too", "test_each_is_heard_once_also_after_a_restart"
    ),
    Point.EQUAL: _at("test_reviews.py", "test_equal_times_and_late_ones_lose_nothing"),
    Point.BAD_ROW: _at("test_reviews.py", "test_one_bad_row_harms_only_itself"),
    Point.EDIT: _at("test_reviews.py", "test_an_edit_is_told_once"),
    Point.DELETE: _at("test_reviews.py", "test_a_delete_is_told_once_and_a_hiccup_deletes_nothing"),
    Point.KILLED: _KILLS,
    Point.LIMIT: _at("test_reviews.py", "test_a_limit_is_obeyed_and_told"),
    Point.CREDENTIAL: _at("test_reviews.py", "test_a_key_that_is_refused_ends_the_listener_in_words"),
    Point.GARBAGE: _at("test_reviews.py", "test_garbage_among_reviews_is_survived"),
}

TABLE: Final[Mapping[str, Mapping[Point, Proof]]] = {
    "api": dict.fromkeys(Point, _API),
    "appstore": {
        **_REVIEWS,
        Point.LATE: _of("appstore", "test_an_undated_review_is_from_now_and_edited_by_nothing"),
    },
    "bluesky": {
        Point.ORDER: Never("a log has no pages and one order: from its cursor to now"),
        Point.EQUAL: _of("bluesky", "test_events_of_the_same_microsecond_are_all_heard"),
        Point.LATE: _of(
            "bluesky",
            "test_a_close_is_a_gap_said_in_words_and_the_stream_goes_on_a_little_before",
            "test_the_authors_own_word_on_the_time_is_believed_within_reason",
        ),
        Point.BAD_ROW: _of("bluesky", "test_garbage_among_good_events_harms_only_itself"),
        Point.EDIT: _of("bluesky", "test_an_edit_a_delete_and_an_account_that_is_gone"),
        Point.DELETE: _of("bluesky", "test_an_edit_a_delete_and_an_account_that_is_gone"),
        Point.KILLED: _KILLS,
        Point.CREDENTIAL: _PUBLIC,
        Point.GARBAGE: _of("bluesky", "test_no_frame_breaks_a_wire"),
    },
    "discourse": {
        Point.ORDER: _of("discourse", "test_in_any_order_of_equal_times_late_and_undated_ones_are_heard_once"),
        Point.EQUAL: _of("discourse", "test_in_any_order_of_equal_times_late_and_undated_ones_are_heard_once"),
        Point.LATE: _of("discourse", "test_in_any_order_of_equal_times_late_and_undated_ones_are_heard_once"),
        Point.BAD_ROW: _of(
            "discourse",
            "test_one_bad_row_harms_only_itself",
            "test_other_events_are_none_of_ours_and_bad_ones_are_named",
        ),
        Point.EDIT: _of("discourse", "test_edits_and_deletes_are_noticed", "test_edits_and_deletes_by_call"),
        Point.DELETE: _of("discourse", "test_edits_and_deletes_are_noticed", "test_edits_and_deletes_by_call"),
        Point.KILLED: _KILLS,
        Point.CREDENTIAL: _of(
            "discourse",
            "test_a_closed_forum_takes_the_key_and_says_once_that_it_is_wrong",
            "test_calls_that_are_not_let_in_are_refused_in_words",
        ),
        Point.GARBAGE: _of(
            "discourse",
            "test_garbage_among_posts_stops_nothing",
            "test_garbage_that_is_signed_is_refused_as_a_whole_or_named",
        ),
    },
    "email": {
        Point.ORDER: Never("mails are fetched by their numbers, which only rise"),
        Point.EQUAL: _RUN,
        Point.LATE: _of("email", "test_late_and_undated_mails_are_heard"),
        Point.BAD_ROW: _of("email", "test_one_bad_mail_among_good_ones_harms_only_itself"),
        Point.EDIT: Never("a mail cannot be changed by its sender"),
        Point.DELETE: Never("a mail cannot be taken back by its sender"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("email", "test_what_is_refused_is_said_in_words"),
        Point.CREDENTIAL: _of("email", "test_what_is_refused_is_said_in_words"),
        Point.GARBAGE: _of("email", "test_garbage_ends_the_connection_with_words", "test_no_mail_is_a_crash"),
    },
    "facebook": {
        Point.ORDER: _of(
            "facebook",
            "test_new_posts_beyond_a_page_are_all_heard",
            "test_the_oldest_first_is_heard_like_the_newest_first",
        ),
        Point.EQUAL: _RUN,
        Point.LATE: _of("facebook", "test_late_and_undated_ones_are_heard_once"),
        Point.BAD_ROW: _of(
            "facebook",
            "test_one_bad_row_harms_only_itself",
            "test_one_bad_change_among_good_ones_harms_only_itself",
        ),
        Point.EDIT: _of("facebook", "test_edits_and_removals_are_noticed", "test_edits_removals_posts_and_mentions"),
        Point.DELETE: _of("facebook", "test_edits_and_removals_are_noticed", "test_edits_removals_posts_and_mentions"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("facebook", "test_a_limit_is_obeyed_as_long_as_it_lasts"),
        Point.CREDENTIAL: _of(
            "facebook", "test_a_token_that_died_ends_it_with_words", "test_a_bad_signature_is_refused_in_words"
        ),
        Point.GARBAGE: _of(
            "facebook", "test_garbage_from_the_api_stops_nothing", "test_garbage_that_is_signed_is_never_a_crash"
        ),
    },
    "feed": {
        Point.ORDER: _of("feed", "test_the_oldest_first_is_heard_like_the_newest_first"),
        Point.EQUAL: _of("feed", "test_late_same_second_and_undated_items_are_heard_once"),
        Point.LATE: _of("feed", "test_late_same_second_and_undated_items_are_heard_once"),
        Point.BAD_ROW: _at("feeds/test_reader.py", "test_any_json_feed_is_read_or_refused_in_words"),
        Point.EDIT: _of("feed", "test_a_changed_text_is_an_edit"),
        Point.DELETE: _of("feed", "test_what_an_atom_feed_says_is_gone_is_a_delete"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("feed", "test_a_server_that_wants_quiet_gets_it_and_says_when"),
        Point.CREDENTIAL: _of("feed", "test_what_is_no_feed_is_told_in_words_and_the_others_go_on"),
        Point.GARBAGE: _at("feeds/test_reader.py", "test_any_xml_is_read_or_refused_in_words"),
    },
    "file": dict.fromkeys(Point, _FILE)
    | {
        Point.BAD_ROW: _of("file", "test_one_bad_line_is_reported_and_the_others_go_on"),
        Point.KILLED: _of("file", "test_it_goes_on_from_its_cursor"),
        Point.GARBAGE: _of("file", "test_the_offsets_lead_back_to_the_lines"),
    },
    "github": {
        Point.ORDER: Never("it is asked for one order, that of changes, and keeps to it"),
        Point.EQUAL: _of("github", "test_a_thousand_comments_of_the_same_second_are_all_heard_once"),
        Point.LATE: _of("github", "test_late_and_undated_ones_are_heard_once"),
        Point.BAD_ROW: _of(
            "github", "test_one_bad_row_harms_only_itself", "test_other_events_are_none_of_ours_and_bad_ones_are_named"
        ),
        Point.EDIT: _of("github", "test_an_edit_is_noticed", "test_edits_deletes_and_discussions"),
        Point.DELETE: _of("github", "test_edits_deletes_and_discussions"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("github", "test_limits_are_obeyed"),
        Point.CREDENTIAL: _of(
            "github", "test_a_bad_token_is_told_once_in_words", "test_a_bad_signature_is_refused_in_words"
        ),
        Point.GARBAGE: _of(
            "github",
            "test_garbage_among_rows_stops_nothing",
            "test_garbage_that_is_signed_is_refused_as_a_whole_or_named",
        ),
    },
    "googleplay": {
        **_REVIEWS,
        Point.LATE: _of("googleplay", "test_times_come_as_text_as_numbers_and_not_at_all"),
    },
    "hackernews": {
        Point.ORDER: _of("hackernews", "test_a_long_pause_is_filled_by_the_search"),
        Point.EQUAL: _of("hackernews", "test_a_thousand_of_one_second_stop_no_fill"),
        Point.LATE: _of("hackernews", "test_an_empty_number_is_asked_for_again"),
        Point.BAD_ROW: _of("hackernews", "test_one_bad_item_harms_only_itself"),
        Point.EDIT: _of("hackernews", "test_edits_and_deletes_are_noticed_and_votes_are_not"),
        Point.DELETE: _of("hackernews", "test_edits_and_deletes_are_noticed_and_votes_are_not"),
        Point.KILLED: _KILLS,
        Point.CREDENTIAL: _PUBLIC,
        Point.GARBAGE: _of("hackernews", "test_garbage_is_survived"),
    },
    "instagram": {
        Point.ORDER: _of(
            "instagram",
            "test_a_thousand_comments_between_two_looks_are_all_heard",
            "test_the_oldest_first_late_and_undated_ones_are_heard_once",
        ),
        Point.EQUAL: _RUN,
        Point.LATE: _of("instagram", "test_the_oldest_first_late_and_undated_ones_are_heard_once"),
        Point.BAD_ROW: _of(
            "instagram",
            "test_one_bad_row_harms_only_itself",
            "test_what_comes_without_words_is_left_to_polling_and_bad_changes_harm_only_themselves",
        ),
        Point.EDIT: _of("instagram", "test_edits_and_deletes_that_nobody_tells_are_noticed"),
        Point.DELETE: _of("instagram", "test_edits_and_deletes_that_nobody_tells_are_noticed"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("instagram", "test_a_limit_is_obeyed_as_long_as_it_lasts"),
        Point.CREDENTIAL: _of("instagram", "test_a_dead_token_is_told_once", "test_signature_and_echo"),
        Point.GARBAGE: _of(
            "instagram",
            "test_garbage_among_rows_stops_nothing",
            "test_garbage_that_is_signed_is_refused_as_a_whole_or_harms_only_itself",
        ),
    },
    "mastodon": {
        Point.ORDER: _of("mastodon", "test_it_goes_on_from_its_number_and_a_little_before"),
        Point.EQUAL: _RUN,
        Point.LATE: _of("mastodon", "test_it_goes_on_from_its_number_and_a_little_before"),
        Point.BAD_ROW: _of("mastodon", "test_garbage_among_good_events_harms_only_itself"),
        Point.EDIT: _of("mastodon", "test_an_edit_and_a_delete"),
        Point.DELETE: _of("mastodon", "test_an_edit_and_a_delete"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("mastodon", "test_too_many_requests_wait_for_the_next_period"),
        Point.CREDENTIAL: _of("mastodon", "test_a_bad_token_is_said_once_and_not_tried_again"),
        Point.GARBAGE: _of("mastodon", "test_no_status_breaks_it"),
    },
    "reddit": {
        Point.ORDER: _of("reddit", "test_nothing_is_told_before_known_ground_is_reached"),
        Point.EQUAL: _of("reddit", "test_equal_times_and_late_posts_lose_nothing"),
        Point.LATE: _of("reddit", "test_equal_times_and_late_posts_lose_nothing"),
        Point.BAD_ROW: _of("reddit", "test_one_bad_row_harms_only_itself"),
        Point.EDIT: _of("reddit", "test_edits_and_deletes_are_noticed_once"),
        Point.DELETE: _of("reddit", "test_edits_and_deletes_are_noticed_once"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("reddit", "test_it_slows_down_when_told"),
        Point.CREDENTIAL: _of("reddit", "test_a_bad_credential_is_told_once_in_words"),
        Point.GARBAGE: _of("reddit", "test_garbage_is_survived"),
    },
    "webform": {
        Point.ORDER: _CALLED,
        Point.EQUAL: _RUN,
        Point.LATE: _of(
            "webform",
            "test_a_submission_becomes_a_message_of_its_sender",
            "test_only_the_message_is_needed_and_an_html_form_will_do",
        ),
        Point.MANY: _CALLED,
        Point.BAD_ROW: _of("webform", "test_one_bad_row_among_good_ones_harms_only_itself"),
        Point.TRICKLE: _CALLED,
        Point.EDIT: _of("webform", "test_edits_and_deletes"),
        Point.DELETE: _of("webform", "test_edits_and_deletes"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _CALLED,
        Point.CREDENTIAL: _of("webform", "test_a_wrong_token_is_refused_in_words", "test_signed_calls"),
        Point.GARBAGE: _of("webform", "test_garbage_is_refused_or_taken_but_never_a_crash"),
    },
    "x": {
        Point.ORDER: _of("x", "test_pages_keep_the_mark_until_the_last_one_is_read"),
        Point.EQUAL: _RUN,
        Point.LATE: _of(
            "x",
            "test_what_the_search_did_not_know_yet_is_found_the_second_time",
            "test_a_post_without_its_author_or_time",
        ),
        Point.BAD_ROW: _of("x", "test_garbage_among_good_lines_harms_only_itself"),
        Point.EDIT: _of("x", "test_an_edit_is_one_of_the_same_post"),
        Point.DELETE: _at(
            "sources/test_looking_again.py",
            "test_at_x_what_is_gone_hidden_or_edited_reaches_the_case_and_the_rest_stays",
        ),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("x", "test_a_search_that_is_limited_waits_while_the_stream_goes_on"),
        Point.CREDENTIAL: _of("x", "test_what_waiting_does_not_mend_stops_it_at_once_and_is_tried_no_more"),
        Point.GARBAGE: _of("x", "test_no_line_breaks_it"),
    },
    "youtube": {
        Point.ORDER: _of("youtube", "test_each_is_heard_once_also_after_a_restart", "test_all_new_replies_are_heard"),
        Point.EQUAL: _of("youtube", "test_equal_times_and_late_comments_lose_nothing"),
        Point.LATE: _of("youtube", "test_equal_times_and_late_comments_lose_nothing"),
        Point.BAD_ROW: _of("youtube", "test_one_bad_row_harms_only_itself"),
        Point.EDIT: _of("youtube", "test_edits_and_deletes_are_noticed_once"),
        Point.DELETE: _of("youtube", "test_edits_and_deletes_are_noticed_once"),
        Point.KILLED: _KILLS,
        Point.LIMIT: _of("youtube", "test_when_the_network_says_that_the_quota_is_used_up_nothing_more_is_asked"),
        Point.CREDENTIAL: _of("youtube", "test_a_bad_key_is_told_once_in_words"),
        Point.GARBAGE: _of("youtube", "test_garbage_is_survived"),
    },
}


def proof(kind: str, point: Point) -> Proof:
    """What the table says."""
    return TABLE.get(kind, {}).get(point, Here())
