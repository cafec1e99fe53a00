"""A picture file's bytes → a Pillow picture: formats, containers, EXIF orientation, decoding."""
