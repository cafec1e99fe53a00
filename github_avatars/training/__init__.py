"""Labeled pictures on disk, their degraded copies, duplicates, and fitting the classifier."""
