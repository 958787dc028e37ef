"""Lists the connections with a declarative source of the Airbyte CDK; also writes its messages to a file."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main

PAGES = {
    "type": "DefaultPaginator",
    "page_size_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "limit"},
    "page_token_option": {
        "type": "RequestOption",
        "inject_into": "request_parameter",
        "field_name": "cursor",
    },
    "pagination_strategy": {
        "type": "CursorPagination",
        "page_size": PAGE,
        "cursor_value": "{{ response.get('data', {}).get('next_cursor') }}",
        "stop_condition": "{{ not response.get('data', {}).get('next_cursor') }}",
    },
}


def stream(name: str, path: str, field_path: list[str], paginator: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "DeclarativeStream",
        "name": name,
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": "{{ config['url'] }}",
                "path": path,
                "authenticator": {"type": "BasicHttpAuthenticator", "username": KEY, "password": SECRET},
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": field_path},
            },
            "paginator": paginator,
        },
    }


def manifest() -> dict[str, Any]:
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["account"]},
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
        "streams": [
            stream("connections", LIST_PATH, ["data", "items"], PAGES),
            stream("account", INFO_PATH, ["data"], {"type": "NoPagination"}),
        ],
    }


def catalog(name: str) -> ConfiguredAirbyteCatalog:
    """What is asked for: one stream, the whole of it."""
    wanted = AirbyteStream(name=name, json_schema={}, supported_sync_modes=[SyncMode.full_refresh])
    return ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=wanted,
                sync_mode=SyncMode.full_refresh,
                destination_sync_mode=DestinationSyncMode.overwrite,
            )
        ]
    )


def source(url: str, wanted: ConfiguredAirbyteCatalog) -> ConcurrentDeclarativeSource:
    # It tells of its progress on the standard output, where this program's answer goes.
    logging.disable(logging.INFO)
    return ConcurrentDeclarativeSource(
        catalog=wanted, config={"url": url}, state=[], source_config=manifest()
    )


def records(url: str, name: str) -> Iterator[dict[str, Any]]:
    wanted = catalog(name)
    messages = source(url, wanted).read(logging.getLogger("airbyte"), {"url": url}, wanted, [])
    for message in messages:
        if message.type == Type.RECORD and message.record:
            yield message.record.data


def list_connections(url: str) -> int:
    return sum(1 for _ in records(url, "connections"))


def write_connections(url: str, folder: Path) -> int:
    wanted = catalog("connections")
    config_file, catalog_file = folder / "config.json", folder / "catalog.json"
    config_file.write_text(json.dumps({"url": url}))
    catalog_file.write_text(json.dumps(ConfiguredAirbyteCatalogSerializer.dump(wanted)))
    arguments = ["read", "--config", str(config_file), "--catalog", str(catalog_file)]
    count = 0
    with (folder / "messages.jsonl").open("w") as out:
        entrypoint = AirbyteEntrypoint(source(url, wanted))
        for message in entrypoint.run(AirbyteEntrypoint.parse_args(arguments)):
            out.write(message + "\n")
            count += '"type":"RECORD"' in message
    return count


def account_name(url: str) -> str:
    (account,) = records(url, "account")
    return str(account["account_name"])


main(list_connections, account_name, write_connections)
