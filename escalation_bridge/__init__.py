"""Escalation → Delivery: the outbox, and one file a target."""
