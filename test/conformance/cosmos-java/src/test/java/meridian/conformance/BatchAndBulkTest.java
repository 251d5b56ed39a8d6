// Many writes in one request: transactional batches, and bulk, which the SDK groups by physical partition.
package meridian.conformance;

import static meridian.conformance.Account.all;
import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CosmosBatch;
import com.azure.cosmos.models.CosmosBatchItemRequestOptions;
import com.azure.cosmos.models.CosmosBatchResponse;
import com.azure.cosmos.models.CosmosBulkOperationResponse;
import com.azure.cosmos.models.CosmosBulkOperations;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemOperation;
import com.azure.cosmos.models.CosmosPatchOperations;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BatchAndBulkTest {
    static final PartitionKey KEY = new PartitionKey("a");
    static CosmosDatabase database;

    @BeforeAll
    static void begin() {
        database = freshDatabase();
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    private static int count(CosmosContainer container) {
        return all(container.queryItems("SELECT VALUE COUNT(1) FROM c", new CosmosQueryRequestOptions(), Integer.class)).get(0);
    }

    private static List<Integer> statuses(CosmosBatchResponse answer) {
        return answer.getResults().stream().map(result -> result.getStatusCode()).collect(Collectors.toList());
    }

    @Test
    void aBatchDoesEveryKindOfOperation() {
        CosmosContainer container = freshContainer(database, "/pk");
        container.createItem(item("old", "a").put("n", 1));
        container.createItem(item("gone", "a"));
        CosmosBatch batch = CosmosBatch.createCosmosBatch(KEY);
        batch.createItemOperation(item("new", "a"));
        batch.upsertItemOperation(item("upserted", "a"));
        batch.replaceItemOperation("old", item("old", "a").put("n", 2));
        batch.patchItemOperation("old", CosmosPatchOperations.create().increment("/n", 5));
        batch.readItemOperation("old");
        batch.deleteItemOperation("gone");
        CosmosBatchResponse answer = container.executeCosmosBatch(batch);
        assertTrue(answer.isSuccessStatusCode(), answer.getErrorMessage());
        assertEquals(List.of(201, 201, 200, 200, 200, 204), statuses(answer));
        assertEquals(7, answer.getResults().get(4).getItem(ObjectNode.class).get("n").asInt());
        assertNotNull(answer.getResults().get(0).getETag());
        assertTrue(answer.getRequestCharge() > 0);
        assertEquals(3, count(container));
    }

    @Test
    void aBatchWithOneFailureChangesNothing() {
        CosmosContainer container = freshContainer(database, "/pk");
        container.createItem(item("there", "a"));
        CosmosBatch batch = CosmosBatch.createCosmosBatch(KEY);
        batch.createItemOperation(item("new", "a"));
        batch.createItemOperation(item("there", "a"));
        batch.deleteItemOperation("there");
        CosmosBatchResponse answer = container.executeCosmosBatch(batch);
        assertFalse(answer.isSuccessStatusCode());
        assertEquals(409, answer.getStatusCode());
        assertEquals(List.of(424, 409, 424), statuses(answer));
        assertEquals(1, count(container));
    }

    @Test
    void aBatchHoldsToTheEtagOfEachOperation() {
        CosmosContainer container = freshContainer(database, "/pk");
        String etag = container.createItem(item("one", "a").put("n", 1)).getETag();
        CosmosBatchItemRequestOptions ifSame = new CosmosBatchItemRequestOptions().setIfMatchETag(etag);
        CosmosBatch right = CosmosBatch.createCosmosBatch(KEY);
        right.replaceItemOperation("one", item("one", "a").put("n", 2), ifSame);
        assertTrue(container.executeCosmosBatch(right).isSuccessStatusCode());
        CosmosBatch stale = CosmosBatch.createCosmosBatch(KEY);
        stale.createItemOperation(item("two", "a"));
        stale.replaceItemOperation("one", item("one", "a").put("n", 3), ifSame);
        CosmosBatchResponse answer = container.executeCosmosBatch(stale);
        assertEquals(List.of(424, 412), statuses(answer));
        assertEquals(1, count(container));
    }

    @Test
    void aHundredOperationsFitInABatchAndNoMore() {
        CosmosContainer container = freshContainer(database, "/pk");
        CosmosBatch batch = CosmosBatch.createCosmosBatch(KEY);
        for (int n = 0; n < 100; n++) batch.createItemOperation(item("i" + n, "a"));
        assertTrue(container.executeCosmosBatch(batch).isSuccessStatusCode());
        assertEquals(100, count(container));
        CosmosBatch over = CosmosBatch.createCosmosBatch(KEY);
        for (int n = 0; n < 101; n++) over.createItemOperation(item("j" + n, "a"));
        int status;
        try {
            status = container.executeCosmosBatch(over).getStatusCode();
        } catch (com.azure.cosmos.CosmosException refusal) {
            status = refusal.getStatusCode();
        }
        assertEquals(400, status);
        assertEquals(100, count(container));
    }

    @Test
    void bulkWritesOverAllPartitionsAndAnswersEach() {
        CosmosContainer container = freshContainer(database, new CosmosContainerProperties(fresh("bulk"), "/pk"), 24_000);
        List<CosmosItemOperation> creates = new ArrayList<>();
        for (int n = 0; n < 2000; n++)
            creates.add(CosmosBulkOperations.getCreateItemOperation(item("i" + n, "p" + n % 97).put("n", n), new PartitionKey("p" + n % 97)));
        for (CosmosBulkOperationResponse<?> answer : container.executeBulkOperations(creates))
            assertEquals(201, answer.getResponse().getStatusCode());
        assertEquals(2000, count(container));
        List<CosmosItemOperation> mixed = new ArrayList<>();
        for (int n = 0; n < 300; n++) {
            PartitionKey key = new PartitionKey("p" + n % 97);
            if (n % 3 == 0) mixed.add(CosmosBulkOperations.getDeleteItemOperation("i" + n, key));
            else if (n % 3 == 1) mixed.add(CosmosBulkOperations.getPatchItemOperation("i" + n, key, CosmosPatchOperations.create().set("/m", 1)));
            else mixed.add(CosmosBulkOperations.getCreateItemOperation(item("i" + n, "p" + n % 97), key));
        }
        int deleted = 0;
        int patched = 0;
        int refused = 0;
        for (CosmosBulkOperationResponse<?> answer : container.executeBulkOperations(mixed))
            switch (answer.getResponse().getStatusCode()) {
                case 204 -> deleted++;
                case 200 -> patched++;
                case 409 -> refused++;
                default -> throw new AssertionError("status " + answer.getResponse().getStatusCode());
            }
        assertEquals(List.of(100, 100, 100), List.of(deleted, patched, refused));
        assertEquals(1900, count(container));
    }
}
