"""Mastodon and what speaks like it: statuses, and one instance with its limits."""
