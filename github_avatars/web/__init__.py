"""A page to try it on: a small server, and in page/ the plain HTML, CSS and modules that it serves."""
