"""German and English: what fixed values are called, and the stages' own sentences in the reader's language."""
