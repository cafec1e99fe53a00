"""Many accounts: where they come from, the store of their results, and the engines that fetch and classify them.

`scan` and `Scan` run a scan, `collect` fetches labeled avatars to train on. No module here parses arguments or prints.
"""

from typing import TYPE_CHECKING

__all__ = ["Observer", "Row", "Scan", "ScanOptions", "Sources", "Summary", "collect", "scan"]

_MODULES = {
    "Observer": "options",
    "Row": "rows",
    "Scan": "scanning",
    "ScanOptions": "options",
    "Sources": "sources",
    "Summary": "summary",
    "collect": "collection",
    "scan": "scanning",
}

if TYPE_CHECKING:
    from github_avatars.scan.collection import collect
    from github_avatars.scan.options import Observer, ScanOptions
    from github_avatars.scan.rows import Row
    from github_avatars.scan.scanning import Scan, scan
    from github_avatars.scan.sources import Sources
    from github_avatars.scan.summary import Summary
else:

    def __getattr__(name: str) -> object:
        # Imported on demand: a caller that needs one light module does not wait for all others.
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
