"""Tools for maintainers: fuzzing, mutation testing, screenshots. Not installed."""
