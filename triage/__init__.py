"""Mention + Assessment → Case → Escalation: severity, grouping, clocks."""
