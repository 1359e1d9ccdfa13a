"""The figures of a period for people and programs: a table, CSV, and one page with charts."""
