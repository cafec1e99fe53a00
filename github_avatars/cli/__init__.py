"""The github-avatars command. The only package that uses argparse and prints."""
