"""Log lines as JSON on standard error, for those who ask for them by GITHUB_AVATARS_LOG.

As in any library, what is logged goes to the logger `github_avatars` and is quiet until somebody listens.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from github_avatars.errors import BadInput

VARIABLE = "GITHUB_AVATARS_LOG"
LEVELS = ("debug", "info", "warning", "error")

_USUAL = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
"""What every log record has; the rest came by `extra`."""


def switch_on(environment: Mapping[str, str] = os.environ) -> None:
    """Write what the project logs to standard error, from the level that GITHUB_AVATARS_LOG names; nothing without one.

    Raises BadInput where that is no level.
    """
    level = environment.get(VARIABLE, "").lower()
    if not level:
        return
    if level not in LEVELS:
        raise BadInput(f"{VARIABLE} is {environment[VARIABLE][:100]!r}: give one of {', '.join(LEVELS)}, or nothing.")
    # Cog puts itself in the place of sys.stderr, and what is printed there into the answers.
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JSONLine())
    logger = logging.getLogger("github_avatars")
    logger.setLevel(level.upper())
    # In place of what was there, and not passed on: a line that two handlers write would count as two predictions.
    logger.handlers[:] = [handler]
    logger.propagate = False


class JSONLine(logging.Formatter):
    """A record as one JSON object in one line: time (UTC), level, logger, message, and what came by `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; the end of a traceback, if there is one, goes under `traceback`."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _USUAL},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-4000:]
        return json.dumps(line, default=str)
