"""The watchlist query language: text → tree → one-pass matcher."""
