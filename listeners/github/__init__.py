"""GitHub: what its webhooks and its listings say."""
