"""post → Mention: sources, the watchlist language, cursors."""
