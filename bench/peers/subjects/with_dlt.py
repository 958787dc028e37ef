"""Lists the connections with dlt's REST client, and with a pipeline that writes JSON lines."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Set before dlt is loaded: it would report each run to its makers.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main


def client(url: str) -> RESTClient:
    return RESTClient(
        base_url=url,
        auth=HttpBasicAuth(KEY, SECRET),
        paginator=JSONResponseCursorPaginator(cursor_path="data.next_cursor", cursor_param="cursor"),
        data_selector="data.items",
    )


def pages(url: str) -> Iterator[list[Any]]:
    yield from client(url).paginate(LIST_PATH, params={"limit": PAGE})


def list_connections(url: str) -> int:
    return sum(len(page) for page in pages(url))


def write_connections(url: str, folder: Path) -> int:
    pipeline = dlt.pipeline(
        "peers",
        pipelines_dir=str(folder / "work"),
        destination=dlt.destinations.filesystem((folder / "out").as_uri()),
        dataset_name="account",
    )
    resource = dlt.resource(pages(url), name="connections")
    pipeline.run(resource, loader_file_format="jsonl").raise_on_failed_jobs()
    return int(pipeline.last_trace.last_normalize_info.row_counts["connections"])


def account_name(url: str) -> str:
    response = client(url).get(INFO_PATH)
    response.raise_for_status()
    return str(response.json()["data"]["account_name"])


main(list_connections, account_name, write_connections)
