"""Escalations as projects: somebody owns them, measures with due dates, milestones, a log, and what was learned."""
