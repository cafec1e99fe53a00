"""The page on which people try the classifier, and the page on which they review a scan.

Each is a small ASGI server with plain HTML, CSS and JavaScript in page/ and review_page/. `server.serve` and
`review.serve` start them. They need the extra `web`, so nothing is imported here.
"""
