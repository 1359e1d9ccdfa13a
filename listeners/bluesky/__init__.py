"""Bluesky: its posts, and the wires by which they come."""
