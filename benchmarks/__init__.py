"""Benchmarks: what script/benchmark runs."""
