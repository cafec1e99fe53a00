"""Predictors that do less than predict.py. The benchmarks run them in the same server and compare the speed."""
