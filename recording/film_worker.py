"""The process that makes one part of a film: the order on standard input, the part on standard output, at the lowest priority.

A process of its own, because decoding what strangers' browsers encoded may crash a decoder, and because the machine's scheduler
then keeps it behind every call. It reads and writes nothing but its two pipes; `run` is the parent's side.
"""

import asyncio
import contextlib
import json
import os
import struct
import sys
from datetime import datetime
from typing import BinaryIO

from common.errors import Unavailable
from recording import film
from recording.film import Media, Order, Tile

_LENGTH = struct.Struct("!Q")
NICEST = 19
PART_S = 1200.0
"""A part is a minute or so of work on a core of one's own; behind twenty calls it may take twenty times as long."""
MOST_PART_BYTES = 256 << 20


def encode(order: Order) -> bytes:
    """The order for the pipe: a head of JSON, then the media one after the other."""
    head = {
        "number": order.number,
        "from_ms": order.from_ms,
        "to_ms": order.to_ms,
        "total_ms": order.total_ms,
        "began": order.began.isoformat(),
        "mark": order.mark,
        "tiles": [[each.name, each.empty] for each in order.tiles],
        "media": [[each.tile, each.kind, each.start_ms, each.end_ms, len(each.data)] for each in order.media],
    }
    text = json.dumps(head).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *(each.data for each in order.media)])


def decode(pipe: BinaryIO) -> Order:
    """The order from the pipe."""
    (length,) = _LENGTH.unpack(pipe.read(_LENGTH.size))
    head = json.loads(pipe.read(length))
    media = [Media(tile, kind, start, end, pipe.read(octets)) for tile, kind, start, end, octets in head["media"]]
    return Order(
        number=head["number"],
        from_ms=head["from_ms"],
        to_ms=head["to_ms"],
        total_ms=head["total_ms"],
        began=datetime.fromisoformat(head["began"]),
        mark=head["mark"],
        tiles=tuple(Tile(*each) for each in head["tiles"]),
        media=tuple(media),
    )


async def run(order: Order) -> bytes:
    """Has a part made by a process. Unavailable: film_failed. Cancelled, it ends the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "recording.film_worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a decoder's complaints may quote what it was given
        cwd=_ROOT,
    )
    try:
        async with asyncio.timeout(PART_S):
            made, _ = await process.communicate(encode(order))
    except TimeoutError as fault:
        raise Unavailable("film_failed", "A part of the film was not made in time.") from fault
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0 or not 0 < len(made) <= MOST_PART_BYTES:
        raise Unavailable("film_failed", "A part of the film cannot be made.")
    return made


_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - where the packages are


def main() -> int:
    """The process."""
    os.nice(NICEST)
    sys.stdout.buffer.write(film.render(decode(sys.stdin.buffer)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
