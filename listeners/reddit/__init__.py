"""What the source `reddit` is made of."""
