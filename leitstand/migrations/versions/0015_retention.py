"""What is no longer kept: ended cases are found by their end, and what an escalation taught outlives its case.

Revision ID: 0015
"""

from alembic import op

revision = "0015"
down_revision = "0013"

UP = """
CREATE INDEX cases_ended ON cases (greatest(closed_at, resolved_at), number) WHERE state IN ('resolved', 'closed');
CREATE INDEX cases_merged ON cases (merged_into) WHERE merged_into IS NOT NULL;
-- Letters are few among the deliveries: whoever asks which of them quote a post need not read all.
CREATE INDEX deliveries_letters ON deliveries (id) WHERE letter IS NOT NULL;
-- NULL: the case is no longer kept.
ALTER TABLE escalations ALTER COLUMN case_number DROP NOT NULL;
"""
DOWN = """
DELETE FROM escalations WHERE case_number IS NULL;
ALTER TABLE escalations ALTER COLUMN case_number SET NOT NULL;
DROP INDEX deliveries_letters, cases_merged, cases_ended;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
