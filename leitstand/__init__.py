"""The words of Leitstand: the data, errors, settings and clock that every stage shares."""

__version__ = "0.1.0"
