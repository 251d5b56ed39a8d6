"""The Cosmos DB door from Python: a database, a container, items, a query, a patch, a batch, the change feed.

COSMOS_ENDPOINT and COSMOS_KEY say where; `meridian connection-strings` prints both.
Run: pip install azure-cosmos && python quickstart.py
"""

import os

from azure.core import MatchConditions
from azure.cosmos import CosmosClient, PartitionKey

client = CosmosClient(os.environ["COSMOS_ENDPOINT"], credential=os.environ["COSMOS_KEY"])

database = client.create_database_if_not_exists("samples")
container = database.create_container_if_not_exists("orders-python", partition_key=PartitionKey("/customer"))

for id, total in [("1", 30), ("2", 70), ("3", 12)]:
    container.upsert_item({"id": id, "customer": "ada", "status": "open", "total": total})

# A read tells the version; a replace on condition is refused when somebody was quicker.
order = container.read_item("2", partition_key="ada")
order["status"] = "paid"
container.replace_item("2", order, etag=order["_etag"], match_condition=MatchConditions.IfNotModified)

container.patch_item("1", partition_key="ada", patch_operations=[{"op": "incr", "path": "/total", "value": 5}])

large = container.query_items(
    "SELECT c.id, c.total FROM c WHERE c.total > @least ORDER BY c.total DESC",
    parameters=[{"name": "@least", "value": 20}],
    enable_cross_partition_query=True,
)
print("large orders:", ", ".join(f"{one['id']}: {one['total']}" for one in large))

# All or nothing, within one partition key.
results = container.execute_item_batch(
    [
        ("upsert", ({"id": "4", "customer": "ada", "status": "open", "total": 1},)),
        ("delete", ("3",)),
    ],
    partition_key="ada",
)
print("batch:", ", ".join(str(one["statusCode"]) for one in results))

changes = container.query_items_change_feed(start_time="Beginning", partition_key="ada")
print("changes:", ", ".join(item["id"] for item in changes))
