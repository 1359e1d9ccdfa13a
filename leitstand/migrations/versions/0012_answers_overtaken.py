"""Answers are found by the post or conversation that they answer.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX mentions_answering ON mentions"
        " (channel, (CASE conversation_id WHEN '' THEN parent_id ELSE conversation_id END))"
        " WHERE conversation_id <> '' OR parent_id <> ''"
    )


def downgrade() -> None:
    op.execute("DROP INDEX mentions_answering")
