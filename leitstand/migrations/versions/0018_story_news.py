"""What a transaction told of stories, for those that looked before it committed.

Revision ID: 0018
"""

from alembic import op

revision = "0018"
down_revision = "0015"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE story_news (written_by xid8 NOT NULL DEFAULT pg_current_xact_id(), bands bytea NOT NULL);
        -- Hashes cannot be compressed: nobody need try.
        ALTER TABLE story_news ALTER COLUMN bands SET STORAGE EXTERNAL;
        CREATE INDEX story_news_written_by ON story_news (written_by);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE story_news")
