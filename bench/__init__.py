"""Measures what the design promises: `./run bench`. Every speed stands beside a naive way in the same run."""

import os

# As in the product: a process is one core's work, and numpy's own threads would only fight for cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
