"""Measurements of speed, memory and size for docs/benchmarks.md, and the soak test of the server."""
