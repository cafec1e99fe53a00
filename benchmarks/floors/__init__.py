"""Predictors that do less than ours, for the same server: what is left when they are timed is not ours to save."""
