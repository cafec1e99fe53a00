"""Write the generated pages in docs/, or check that they are current."""

import argparse
import sys

from github_avatars.cli.command import print_error
from github_avatars.errors import GitHubAvatarsError
from github_avatars.files import write_atomically
from pages import PAGES, is_current


def main() -> int:
    """Parse the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a page is out of date")
    check = parser.parse_args().check
    code = 0
    for page in PAGES:
        try:
            if is_current(page):
                continue
            if check:
                code = 1
                print(f"{page.PATH} is out of date: run script/docs.", file=sys.stderr)
            else:
                write_atomically(page.PATH, page.page())
                print(page.PATH)
        except GitHubAvatarsError as error:
            code = print_error(error)
    return code


if __name__ == "__main__":
    sys.exit(main())
