"""What every role imports. The supervisor imports it once and forks the roles from itself: each begins with it at hand,
and its memory is there once. Nothing here may open a connection or start a thread.
"""

import httpx
import psycopg

import escalation_bridge.outbox
import listeners.store
import monitoring.metrics
import triage.cases
import workers.queues
import workers.setup

SHARED = (
    httpx,
    psycopg,
    escalation_bridge.outbox,
    listeners.store,
    monitoring.metrics,
    triage.cases,
    workers.queues,
    workers.setup,
)
