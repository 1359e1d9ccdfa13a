"""What the source `feed` is made of: reading documents, telling items apart, and when to look again."""
