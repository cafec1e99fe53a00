"""Writers of the generated pages in docs/. Not installed.

Each page is a module with `PATH`, its file, and `page()`, its content. `python -m pages` writes all of them.
"""
