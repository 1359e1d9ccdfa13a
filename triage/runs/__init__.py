"""Escalation policies that run for cases: who is told when, until somebody takes it.

starting ──► run ──steps, when due (advancing)──► finished
              ├─ held by an incident, waits for a silence or a condition
              └─ acknowledged, resolved, superseded (stopping) ──nobody touches the case──► again (unacknowledge)
"""
