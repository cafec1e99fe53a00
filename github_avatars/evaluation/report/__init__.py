"""An evaluation as one HTML page that needs no network: scores, tables, figures and thumbnails of all pictures."""

from github_avatars.evaluation.report.rendering import page, page_of_file

__all__ = ["page", "page_of_file"]
