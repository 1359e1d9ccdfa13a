"""Rebuilds the shipped weights: a teacher is fine-tuned, labels varied posts, and a small network learns from it."""
