"""The map of a scan: its accounts, who follows whom, and their communities, as one HTML page or as GraphML.

    write(Path("scan.db"), file, "html")

It needs the extra `map`. The page in page/ is plain HTML, CSS and JavaScript, and needs no server and no network.
"""

from github_avatars.web.map.writing import FORMATS, Format, write

__all__ = ["FORMATS", "Format", "write"]
