"""Many accounts: where they come from, the store of their results, and the engines that fetch and classify them.

`scan` and `Scan` run a scan, `collect` fetches labeled avatars to train on. No module here parses arguments or prints.
"""

from github_avatars.scan.collection import collect
from github_avatars.scan.gharchive import GHArchive
from github_avatars.scan.options import Expansion, Observer, ScanOptions
from github_avatars.scan.rows import Row
from github_avatars.scan.scanning import Scan, scan
from github_avatars.scan.sources import Sources
from github_avatars.scan.summary import Summary

__all__ = ["Expansion", "GHArchive", "Observer", "Row", "Scan", "ScanOptions", "Sources", "Summary", "collect", "scan"]
