"""Mention → Assessment: language, sentiment, urgency, intents, and why."""
