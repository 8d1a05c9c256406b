"""Small images that are real: any decoder opens them, and no two are alike.

The bytes depend on the name alone, so that what a server must have sent can be made again for comparing.
A picture is padded to the size asked for with a comment segment (JPEG) or with pixels (PNG), never with
bytes behind its end: a checker that looks for the end of the file must find it where it belongs.
"""

import random
import struct
import zlib

# An 8x8 grey picture in baseline JPEG. Both Huffman tables hold one code of one bit, "difference 0" and
# "end of block", so that the whole scan is two zero bits, filled up with ones.
_JPEG_START = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_JPEG_TABLES = (
    b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    + b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
    + b"\xff\xc4\x00\x14\x00" + b"\x01" + b"\x00" * 15 + b"\x00"
    + b"\xff\xc4\x00\x14\x10" + b"\x01" + b"\x00" * 15 + b"\x00"
    + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
    + b"\x3f"
)
_JPEG_END = b"\xff\xd9"
_LONGEST_COMMENT = 65_533

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>No picture here.</body></html>\n"


def jpeg(name, size=4_000):
    """A JPEG of about `size` bytes that only `name` has."""
    noise = random.Random(f"jpeg {name}").randbytes(max(size - 160, 16))
    comments = b"".join(
        b"\xff\xfe" + struct.pack(">H", len(part) + 2) + part
        for part in (noise[at:at + _LONGEST_COMMENT] for at in range(0, len(noise), _LONGEST_COMMENT))
    )
    return _JPEG_START + comments + _JPEG_TABLES + _JPEG_END


def png(name, size=4_000):
    """A grey PNG of about `size` bytes that only `name` has."""
    width = 64
    height = max(size // (width + 1), 1)
    noise = random.Random(f"png {name}")
    rows = b"".join(b"\x00" + noise.randbytes(width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 1)) + _chunk(b"IEND", b"")
    )


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def varied_size(name, smallest, largest):
    """A size between the two, evenly spread, that only `name` decides."""
    return random.Random(f"size {name}").randint(smallest, largest)


def is_whole(data):
    """Whether these bytes start and end as a JPEG or a PNG does."""
    if data.startswith(b"\xff\xd8\xff"):
        return data.endswith(_JPEG_END)
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(_chunk(b"IEND", b""))
