"""Trains the classifier: labelled pictures in, model.pkl and model.json out."""

import sys

from github_avatars.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
