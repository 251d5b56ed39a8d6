// The Cosmos DB door from Java: a database, a container, items, a query, a patch, a batch, the change feed.
// COSMOS_ENDPOINT and COSMOS_KEY say where; `meridian connection-strings` prints both. The client speaks HTTPS only and
// must trust the door's authority, which docs/cosmos.md tells how to fetch. Run: mvn -q compile exec:exec
package samples;

import com.azure.cosmos.CosmosClient;
import com.azure.cosmos.CosmosClientBuilder;
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CosmosBatch;
import com.azure.cosmos.models.CosmosBatchResponse;
import com.azure.cosmos.models.CosmosChangeFeedRequestOptions;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.CosmosItemResponse;
import com.azure.cosmos.models.CosmosPatchOperations;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.FeedRange;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.SqlParameter;
import com.azure.cosmos.models.SqlQuerySpec;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Collectors;

public final class Quickstart {
    private static final PartitionKey ADA = new PartitionKey("ada");

    public record Order(String id, String customer, String status, int total) {}

    private Quickstart() {}

    public static void main(String[] arguments) {
        CosmosClient client = new CosmosClientBuilder()
            .endpoint(System.getenv("COSMOS_ENDPOINT"))
            .key(System.getenv("COSMOS_KEY"))
            .contentResponseOnWriteEnabled(true)
            .gatewayMode()
            .buildClient();
        client.createDatabaseIfNotExists("samples");
        CosmosDatabase database = client.getDatabase("samples");
        database.createContainerIfNotExists("orders-java", "/customer");
        CosmosContainer container = database.getContainer("orders-java");

        container.upsertItem(new Order("1", "ada", "open", 30));
        container.upsertItem(new Order("2", "ada", "open", 70));
        container.upsertItem(new Order("3", "ada", "open", 12));

        // A read tells the version; a replace on condition is refused when somebody was quicker.
        CosmosItemResponse<JsonNode> order = container.readItem("2", ADA, JsonNode.class);
        CosmosItemRequestOptions ifSame = new CosmosItemRequestOptions().setIfMatchETag(order.getETag());
        container.replaceItem(new Order("2", "ada", "paid", 70), "2", ADA, ifSame);

        container.patchItem("1", ADA, CosmosPatchOperations.create().increment("/total", 5), JsonNode.class);

        SqlQuerySpec query = new SqlQuerySpec(
            "SELECT c.id, c.total FROM c WHERE c.total > @least ORDER BY c.total DESC", new SqlParameter("@least", 20));
        System.out.println("large orders: " + container.queryItems(query, new CosmosQueryRequestOptions(), JsonNode.class)
            .stream().map(one -> one.get("id").asText() + ": " + one.get("total").asInt()).collect(Collectors.joining(", ")));

        // All or nothing, within one partition key.
        CosmosBatch batch = CosmosBatch.createCosmosBatch(ADA);
        batch.upsertItemOperation(new Order("4", "ada", "open", 1));
        batch.deleteItemOperation("3");
        CosmosBatchResponse answer = container.executeCosmosBatch(batch);
        System.out.println("batch: " + answer.getResults().stream()
            .map(result -> String.valueOf(result.getStatusCode())).collect(Collectors.joining(", ")));

        List<JsonNode> changes = container.queryChangeFeed(
            CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(FeedRange.forLogicalPartition(ADA)), JsonNode.class)
            .stream().collect(Collectors.toList());
        System.out.println("changes: " + changes.stream().map(one -> one.get("id").asText()).collect(Collectors.joining(", ")));
        client.close();
    }
}
