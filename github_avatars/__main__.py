"""Run the command with `python -m github_avatars`."""

import sys

from github_avatars.cli import main

if __name__ == "__main__":
    sys.exit(main())
