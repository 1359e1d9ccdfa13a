"""The erasure of an author, in the outbox: what was told, or is to be told, forgets the words and who wrote them."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

# What is under way is waited for; what is still to go out goes out without them.
_ERASE = text("""
    UPDATE deliveries SET reason = '[deleted]', snapshot = snapshot || jsonb_build_object(
      'title', '[deleted]', 'text', '', 'url', '',
      'author', jsonb_build_object('id', '', 'handle', '', 'name', '', 'followers', NULL),
      'reasons', (SELECT coalesce(jsonb_agg(r), '[]') FROM jsonb_array_elements(snapshot->'reasons') r
                  WHERE r->>'about' <> 'urgency'))
    WHERE case_number = ANY(:numbers)
""")
_TOLD = text("SELECT DISTINCT case_number, target FROM deliveries WHERE case_number = ANY(:numbers) ORDER BY 1, 2")
# A letter that quotes them is told without a word of any: what it says cannot be taken apart again.
_ERASE_LETTERS = text("""
    UPDATE deliveries SET letter = letter || '{"text": "[deleted]", "html": "", "mentions": []}'
    WHERE letter IS NOT NULL AND letter->'mentions' @> ANY(
      SELECT to_jsonb(m) FROM unnest(CAST(:mentions AS bigint[])) AS m)
""")


def erase(connection: Connection, numbers: Sequence[int]) -> list[tuple[int, str]]:
    """Empty every copy that the outbox has of these cases; who was told of which, to be told that it changed."""
    connection.execute(_ERASE, {"numbers": list(numbers)})
    return [(row.case_number, row.target) for row in connection.execute(_TOLD, {"numbers": list(numbers)})]


def erase_letters(connection: Connection, mentions: Sequence[int]) -> None:
    """Empty the copies of letters that quote one of these mentions."""
    connection.execute(_ERASE_LETTERS, {"mentions": list(mentions)})
