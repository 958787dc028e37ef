"""Reads the account, the list and each connection's details with httpx, so many requests in flight."""

import asyncio
import sys
from typing import Any

import httpx
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET


async def walk(url: str, in_flight: int) -> int:
    """The number of calls it took."""
    calls = 0
    gate = asyncio.Semaphore(in_flight)
    # The pool's default limits: with 64 connections kept alive, its bookkeeping makes it four times slower.
    async with httpx.AsyncClient(base_url=url, auth=(KEY, SECRET)) as http:

        async def get(path: str, params: dict[str, str] | None = None) -> Any:
            nonlocal calls
            async with gate:
                response = await http.get(path, params=params)
            calls += 1
            return response.raise_for_status().json()["data"]

        async with asyncio.TaskGroup() as details:
            await get(INFO_PATH)
            params = {"limit": str(PAGE)}
            while True:
                page = await get(LIST_PATH, params)
                for item in page["items"]:
                    details.create_task(get(f"{LIST_PATH}/{item['id']}"))
                if not (cursor := page.get("next_cursor")):
                    break
                params["cursor"] = cursor
    return calls


if sys.argv[1:2] != ["walk"] or len(sys.argv) != 4:
    sys.exit(f"usage: {sys.argv[0]} walk URL IN-FLIGHT")
print(f"{asyncio.run(walk(sys.argv[2], int(sys.argv[3])))} calls", flush=True)
