"""The page on which people try the classifier, the page on which they review a scan, and the map of a scan.

The first two are small ASGI servers with plain HTML, CSS and JavaScript in page/ and review_page/. `server.serve` and
`review.serve` start them. They need the extra `web`, so nothing is imported here. `map.write` writes the map to a file.
"""
