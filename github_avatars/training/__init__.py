"""Labeled pictures, and what the classifier learns from them.

    dataset      labeled pictures on disk: index.csv, or the folders default/ and custom/
    duplicates   pictures that occur twice, under both labels, or cannot be read
    degradation  degraded copies of a picture, as galleries resize, crop and encode it
    measuring    the features of each picture and of its degraded copies
    fitting      the table of features, the fitted pipeline, cross-validation, and `train`

Only `duplicates` and `fitting` import scikit-learn, so that other packages can read labeled pictures without it.
"""
