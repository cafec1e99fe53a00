"""Trains the classifier: labeled pictures → model.pkl and model.json. Takes the options of `github-avatars train`."""

import sys

from github_avatars.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
