"""What the source `googleplay` is made of."""
