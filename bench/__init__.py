"""Measures what the design promises: `./run bench`. Every speed stands beside a naive way in the same run."""
