"""The Table door from Python: tables, entities and their types, updates on condition, queries and pages, transactions,
shared access signatures, service properties.

TABLES_CONNECTION_STRING says where; `meridian connection-strings` prints it.
Run: pip install azure-data-tables && python quickstart.py
"""

import os
import uuid
from datetime import datetime, timedelta, timezone

from azure.core import MatchConditions
from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import (
    EdmType,
    EntityProperty,
    TableClient,
    TableCorsRule,
    TableMetrics,
    TableRetentionPolicy,
    TableSasPermissions,
    TableServiceClient,
    TableTransactionError,
    UpdateMode,
    generate_table_sas,
)

service = TableServiceClient.from_connection_string(os.environ["TABLES_CONNECTION_STRING"])
table = service.create_table_if_not_exists("orderspython")
service.create_table_if_not_exists("orderspythonold")
service.delete_table("orderspythonold")
tables = service.query_tables(
    "TableName ge @first and TableName lt @last", parameters={"first": "orderspython", "last": "orderspythonz"}
)
print("tables:", ", ".join(one.name for one in tables))

# What Python has no type for, or the wrong one, is told by its type.
table.upsert_entity(
    {
        "PartitionKey": "ada",
        "RowKey": "0",
        "placed": datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=timezone.utc),
        "weight": 2.0,
        "barcode": EntityProperty(9007199254740993, EdmType.INT64),
        "voucher": uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        "seal": bytes([0, 1, 254, 255]),
        "gift": True,
    },
    mode=UpdateMode.REPLACE,
)
typed = table.get_entity("ada", "0", select=["barcode", "placed", "voucher", "seal"])
print("types:", typed["barcode"].value, typed["placed"].isoformat(), typed["voucher"], typed["seal"].hex("-"))
table.delete_entity("ada", "0")

# An insert is refused when the keys are taken; an upsert takes what is there, and merges or replaces it.
for row_key, total in [("1", 30), ("2", 70), ("3", 12), ("5", 8)]:
    order = {"PartitionKey": "ada", "RowKey": row_key, "status": "open", "total": total}
    try:
        table.create_entity(order)
    except ResourceExistsError:
        table.upsert_entity(order, mode=UpdateMode.REPLACE)
table.upsert_entity({"PartitionKey": "ada", "RowKey": "1", "total": 35}, mode=UpdateMode.MERGE)

# A read tells the version; an update on condition is refused when somebody was quicker.
order = table.get_entity("ada", "2")
on_condition = {"etag": order.metadata["etag"], "match_condition": MatchConditions.IfNotModified}
table.update_entity({**order, "status": "paid"}, mode=UpdateMode.REPLACE, **on_condition)
try:
    table.update_entity({**order, "status": "sent"}, mode=UpdateMode.REPLACE, **on_condition)
except ResourceModifiedError as error:
    print("too late:", error.status_code, error.error_code.value)

large = table.query_entities(
    "PartitionKey eq @customer and total gt @least",
    parameters={"customer": "ada", "least": 20},
    select=["RowKey", "total"],
)
print("large orders:", ", ".join(f"{one['RowKey']}: {one['total']}" for one in large))

pages = table.query_entities("RowKey ge '1' and RowKey le '3'", results_per_page=2).by_page()
print("pages:", ", ".join(str(len(list(page))) for page in pages))

# All or nothing, within one partition key.
results = table.submit_transaction(
    [
        ("upsert", {"PartitionKey": "ada", "RowKey": "4", "status": "open", "total": 1}, {"mode": "replace"}),
        ("update", {"PartitionKey": "ada", "RowKey": "1", "status": "paid"}, {"mode": "merge"}),
        ("delete", {"PartitionKey": "ada", "RowKey": "3"}),
    ]
)
print("transaction:", len(results))
try:
    table.submit_transaction(
        [
            ("upsert", {"PartitionKey": "ada", "RowKey": "6", "status": "open"}),
            ("delete", {"PartitionKey": "ada", "RowKey": "3"}),
        ]
    )
except TableTransactionError as error:
    try:
        table.get_entity("ada", "6")
    except ResourceNotFoundError as missing:
        print("undone:", error.status_code, error.error_code, "at", error.index, missing.status_code)

# Whoever has the signature may read that table for an hour, and no more.
signature = generate_table_sas(
    service.credential,
    table.table_name,
    permission=TableSasPermissions(read=True),
    expiry=datetime.now(timezone.utc) + timedelta(hours=1),
)
reader = TableClient(service.url, table.table_name, credential=AzureSasCredential(signature))
try:
    seen = len(list(reader.list_entities()))
    reader.delete_entity("ada", "1")
except HttpResponseError as error:
    print("signature:", seen, error.status_code, error.error_code)

service.set_service_properties(
    cors=[TableCorsRule(["https://shop.example"], ["GET", "POST"], allowed_headers=["x-ms-*"], max_age_in_seconds=60)],
    hour_metrics=TableMetrics(
        version="1.0", enabled=True, include_apis=True, retention_policy=TableRetentionPolicy(enabled=True, days=7)
    ),
)
properties = service.get_service_properties()
print("properties:", properties["cors"][0].allowed_origins[0], properties["hour_metrics"].retention_policy.days)
