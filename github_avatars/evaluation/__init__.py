"""Held-out scores, robustness tables, the ablation study and the report page."""
