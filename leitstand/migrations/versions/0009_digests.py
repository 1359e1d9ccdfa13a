"""Digests, rooms and learned risk.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"

UP = """
-- Who is to be in the channel that a delivery opens: names, one beside the other.
ALTER TABLE deliveries ADD COLUMN invited text NOT NULL DEFAULT '';
-- What is sent of no case: a digest, shared praise. NULL: the case itself.
ALTER TABLE deliveries ADD COLUMN letter jsonb;
-- The channels that cases have of their own. `told` is the state that the room was last told of.
CREATE TABLE delivery_rooms (
  target text NOT NULL,
  case_number bigint NOT NULL,
  name text NOT NULL,
  remote_id text NOT NULL,
  url text NOT NULL,
  opened_at timestamptz NOT NULL,
  told text NOT NULL DEFAULT 'open',
  PRIMARY KEY (target, case_number)
);
-- A week of posts is found without reading all: posts are stored about in the order in which they were written.
CREATE INDEX mentions_written ON mentions USING brin (created_at);
-- Each digest is made once for each week; `week` is its Monday.
CREATE TABLE digests (
  name text NOT NULL,
  week date NOT NULL,
  made_at timestamptz NOT NULL,
  content jsonb NOT NULL,
  PRIMARY KEY (name, week)
);
-- The rules on its risk that have decided about a case, and the estimate that was looked at last.
ALTER TABLE case_risks ADD COLUMN ruled text[] NOT NULL DEFAULT '{}', ADD COLUMN ruled_at timestamptz;
-- What is counted within a while is found without reading all.
CREATE INDEX case_mentions_joined ON case_mentions USING brin (joined_at);
CREATE INDEX cases_opened ON cases USING brin (opened_at);
-- What the weights of risk were fitted to; the last one in use counts.
CREATE TABLE risk_models (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fitted_at timestamptz NOT NULL,
  model jsonb NOT NULL,
  report jsonb NOT NULL
);
-- The last good copy of each rota's calendar on the net; `source` is the digest of its address. `error` is "" where the
-- last look was good.
CREATE TABLE remote_calendars (
  rota text PRIMARY KEY,
  source text NOT NULL,
  body text NOT NULL DEFAULT '',
  etag text NOT NULL DEFAULT '',
  last_modified text NOT NULL DEFAULT '',
  fetched_at timestamptz,
  next_at timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  error text NOT NULL DEFAULT ''
);
"""
DOWN = """
ALTER TABLE case_risks DROP COLUMN ruled, DROP COLUMN ruled_at;
DROP INDEX mentions_written, case_mentions_joined, cases_opened;
DROP TABLE remote_calendars, risk_models, digests, delivery_rooms;
ALTER TABLE deliveries DROP COLUMN letter, DROP COLUMN invited;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
