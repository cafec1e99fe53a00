"""`python -m github_avatars` runs the command."""

import sys

from github_avatars.cli import main

if __name__ == "__main__":
    sys.exit(main())
