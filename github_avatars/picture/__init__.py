"""The bytes of a picture file → an upright picture, within limits of time and memory.

Use the modules: `decoding` decodes files, `container` strips them before, and `formats` recognizes their format.
"""
