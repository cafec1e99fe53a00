"""JSON log lines on standard error, enabled by the environment variable GITHUB_AVATARS_LOG.

All log records go to the logger `github_avatars`. Without the variable it has no handler that prints, as usual for a
library.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from github_avatars.errors import BadOption

VARIABLE = "GITHUB_AVATARS_LOG"
LEVELS = ("debug", "info", "warning", "error")

_STANDARD_FIELDS = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
"""The attributes of every log record; all others come from `extra`."""


def enable(environment: Mapping[str, str] = os.environ) -> None:
    """Write log records to standard error, from the level in GITHUB_AVATARS_LOG upward; nothing if it is not set.

    Raises BadOption if the variable is not a level.
    """
    level = environment.get(VARIABLE, "").lower()
    if not level:
        return
    if level not in LEVELS:
        raise BadOption(f"{VARIABLE} is {environment[VARIABLE][:100]!r}: give one of {', '.join(LEVELS)}, or nothing.")
    # Cog replaces sys.stderr, and puts what is printed there into its responses.
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("github_avatars")
    logger.setLevel(level.upper())
    # Replaces earlier handlers and does not propagate: a line written twice would look like two predictions.
    logger.handlers[:] = [handler]
    logger.propagate = False


class JSONFormatter(logging.Formatter):
    """Formats a record as a JSON object in one line: time (UTC), level, logger, message, and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. `traceback` contains the last 4,000 characters of a traceback, if there is one."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-4000:]
        return json.dumps(line, default=str)
