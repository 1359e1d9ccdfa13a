"""X: its posts, its API by tweepy, its rules, and the pauses it demands."""
