"""The github-avatars command. The only package that uses argparse and prints."""

from github_avatars.cli.command_line import main

__all__ = ["main"]
