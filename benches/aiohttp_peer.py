#!/usr/bin/env python3
"""The program that flagdl is compared with: the same shape, written with asyncio and aiohttp.

    benches/aiohttp_peer.py CONCURRENCY DEST LIST

LIST holds a URL a line. At most CONCURRENCY requests are in flight, results are taken as they complete, and files are
written by the executor's threads. This is how one would write it by hand, and not a caricature: one session, one
pool of connections, no limit of its own below the semaphore's.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import aiohttp


def save(path, body):
    path.write_bytes(body)


async def download(session, semaphore, url, dest):
    """Fetches one URL and has it written; returns how that ended."""
    loop = asyncio.get_running_loop()
    try:
        async with semaphore:
            async with session.get(url) as answer:
                if answer.status == 404:
                    return "not found"
                answer.raise_for_status()
                body = await answer.read()
        await loop.run_in_executor(None, save, dest / url.rsplit("/", 1)[1], body)
        return "ok"
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError):
        return "error"


async def download_all(concurrency, dest, urls):
    semaphore = asyncio.Semaphore(concurrency)
    connections = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connections) as session:
        waiting = [asyncio.create_task(download(session, semaphore, url, dest)) for url in urls]
        counts = Counter()
        for done in asyncio.as_completed(waiting):
            counts[await done] += 1
    return counts


def main():
    concurrency, dest, listed = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    dest.mkdir(parents=True, exist_ok=True)
    urls = listed.read_text(encoding="utf-8").split()
    counts = asyncio.run(download_all(concurrency, dest, urls))
    print(f"{counts['ok']} ok, {counts['not found']} not found, {counts['error']} errors")
    return 1 if counts["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
