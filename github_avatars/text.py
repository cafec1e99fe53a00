"""Text from outside for terminals and logs."""


def printable(text: str) -> str:
    r"""`text` with its unprintable characters escaped, such as control sequences and line breaks.

    A byte of a file name that is not UTF-8, which Python represents as a lone surrogate, becomes \xNN.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return ascii(character)[1:-1]
