"""What the source `hackernews` is made of."""
