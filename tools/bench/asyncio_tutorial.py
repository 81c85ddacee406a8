"""The chat server that asyncio tutorials teach, as a yardstick: `python asyncio_tutorial.py PORT [--uvloop]`.

A coroutine per client reads a line, then writes it to every other client and awaits each one's drain. It
speaks the same text as our server: the first line is the name, the answer `Welcome, NAME`, and then
`NAME: text` for the others. It is deliberately no better than that; one reader that stalls holds up whoever
speaks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

writers: set[asyncio.StreamWriter] = set()


async def broadcast(line: bytes, speaker: asyncio.StreamWriter) -> None:
    """Write `line` to everyone but the speaker, and wait for each."""
    for writer in list(writers):
        if writer is not speaker:
            writer.write(line)
            with contextlib.suppress(ConnectionError):
                await writer.drain()


async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one client from its name to its end of file."""
    name = (await reader.readline()).strip()
    if not name:
        return
    writer.write(b"Welcome, %b\r\n" % name)
    writers.add(writer)
    while line := await reader.readline():
        await broadcast(b"%b: %b\r\n" % (name, line.rstrip()), writer)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Chat until the client leaves, one way or another."""
    try:
        await chat(reader, writer)
    except (ConnectionError, ValueError):  # gone, or a line over the reader's limit
        pass
    finally:
        writers.discard(writer)
        writer.close()


async def main(port: int) -> None:
    """Serve on the loopback port until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop")
    args = parser.parse_args()
    if args.uvloop:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main(args.port))
