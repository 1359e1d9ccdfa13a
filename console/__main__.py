"""`python -m console` is `leitstand`."""

from console.cli import main

main()
