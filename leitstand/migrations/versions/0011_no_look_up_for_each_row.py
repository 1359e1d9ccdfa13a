"""What belongs to a post or a case is written without looking that up again for each row, and still goes with it.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"

POSTS = ("pending_mentions", "assessments", "case_mentions", "story_posts")
CASES = ("case_keys", "case_mentions", "case_events", "sla_clocks")


def _going(table: str, number: str, column: str, children: tuple[str, ...]) -> str:
    deletes = " ".join(f"DELETE FROM {child} c USING gone WHERE c.{column} = gone.{number};" for child in children)
    return (
        f"CREATE FUNCTION {table}_take_theirs_along() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {deletes} RETURN NULL; END $$;"
        f" CREATE TRIGGER {table}_take_theirs_along AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_take_theirs_along();"
    )


def upgrade() -> None:
    for column, children in (("mention_id", POSTS), ("case_number", CASES)):
        for child in children:
            op.execute(f"ALTER TABLE {child} DROP CONSTRAINT {child}_{column}_fkey")
    op.execute(_going("mentions", "id", "mention_id", POSTS) + _going("cases", "number", "case_number", CASES))


def downgrade() -> None:
    for table, column, children in (("mentions", "mention_id", POSTS), ("cases", "case_number", CASES)):
        op.execute(f"DROP TRIGGER {table}_take_theirs_along ON {table}; DROP FUNCTION {table}_take_theirs_along")
        for child in children:
            op.execute(f"ALTER TABLE {child} ADD FOREIGN KEY ({column}) REFERENCES {table} ON DELETE CASCADE")
