"""Our features compared with other features and with networks: the same pictures, the same folds, the same scores.

competitors  what a competitor is, and those that need scikit-learn only
deep         the competitors that need torch
harness      measuring, scoring and timing of competitors
comparison   `compare`: all of that for a folder of labeled pictures, as plain data
"""
