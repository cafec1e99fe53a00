"""Scores of the classifier on labeled pictures.

    evaluating  `evaluate`: predictions for a folder of labeled pictures and for degraded copies of them
    results     the result of an evaluation, and reading it from JSON
    scoring     scores with confidence intervals from predicted and true labels
    tables      results as Markdown tables and text
    report/     results as one HTML page
    ablation/   the features compared with other features and networks

`scoring` and `tables` are light. `evaluating` imports scikit-learn, `report` imports Bokeh.
"""
