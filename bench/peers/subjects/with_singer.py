"""Lists the connections with a tap of the Singer SDK; also writes its messages to a file."""

import contextlib
import logging
from pathlib import Path
from typing import Any

from requests.auth import HTTPBasicAuth
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import JSONPathPaginator
from subject import INFO_PATH, KEY, LIST_PATH, PAGE, SECRET, main

TEXT = th.StringType
STATUS = ("schema_status", "setup_state", "sync_state", "update_state", "rescheduled_for")


class FivetranStream(RESTStream[str]):
    @property
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    def authenticator(self) -> HTTPBasicAuth:
        return HTTPBasicAuth(KEY, SECRET)


class Connections(FivetranStream):
    name = "connections"
    path = LIST_PATH
    primary_keys = ("id",)
    records_jsonpath = "$.data.items[*]"
    schema = th.PropertiesList(
        *(
            th.Property(field, TEXT)
            for field in (
                *("id", "service", "schema", "group_id", "connected_by", "created_at", "succeeded_at"),
                *("failed_at", "schedule_type", "networking_method", "data_delay_sensitivity"),
                *("external_secrets_manager_id", "hybrid_deployment_agent_id"),
                *("private_link_id", "proxy_agent_id", "daily_sync_time"),
            )
        ),
        *(
            th.Property(field, th.IntegerType)
            for field in ("sync_frequency", "data_delay_threshold", "service_version")
        ),
        *(th.Property(field, th.BooleanType) for field in ("paused", "pause_after_trial")),
        *(th.Property(field, th.ObjectType()) for field in ("source_sync_details", "connect_card")),
        th.Property(
            "status",
            th.ObjectType(
                *(th.Property(field, TEXT) for field in STATUS),
                th.Property("is_historical_sync", th.BooleanType),
                th.Property("tasks", th.ArrayType(th.ObjectType())),
                th.Property("warnings", th.ArrayType(th.ObjectType())),
            ),
        ),
    ).to_dict()

    def get_new_paginator(self) -> JSONPathPaginator:
        return JSONPathPaginator("$.data.next_cursor")

    def get_url_params(self, context: Any, next_page_token: str | None) -> dict[str, Any]:
        cursor = {"cursor": next_page_token} if next_page_token else {}
        return {"limit": PAGE, **cursor}


class Account(FivetranStream):
    name = "account"
    path = INFO_PATH
    records_jsonpath = "$.data"
    schema = th.PropertiesList(th.Property("account_name", TEXT)).to_dict()


class Fivetran(Tap):
    name = "tap-fivetran"
    config_jsonschema = th.PropertiesList(th.Property("url", TEXT, required=True)).to_dict()

    def discover_streams(self) -> list[FivetranStream]:
        return [Connections(self), Account(self)]


def tap(url: str) -> Fivetran:
    logging.disable(logging.INFO)
    return Fivetran(config={"url": url})


def list_connections(url: str) -> int:
    return sum(1 for _ in tap(url).streams["connections"].get_records(None))


def write_connections(url: str, folder: Path) -> int:
    file = folder / "messages.jsonl"
    with file.open("w") as out, contextlib.redirect_stdout(out):
        tap(url).streams["connections"].sync()
    with file.open() as lines:
        return sum('"type":"RECORD"' in line for line in lines)


def account_name(url: str) -> str:
    records = tap(url).streams["account"].get_records(None)
    return str(next(record["account_name"] for record in records if isinstance(record, dict)))


main(list_connections, account_name, write_connections)
