// Items: point operations with ETags, patch, several read at once, keys of several levels, keys that are no strings.
package meridian.conformance;

import static meridian.conformance.Account.JSON;
import static meridian.conformance.Account.all;
import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static meridian.conformance.Account.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemIdentity;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.CosmosItemResponse;
import com.azure.cosmos.models.CosmosPatchItemRequestOptions;
import com.azure.cosmos.models.CosmosPatchOperations;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.FeedRange;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.PartitionKeyBuilder;
import com.azure.cosmos.models.PartitionKeyDefinition;
import com.azure.cosmos.models.PartitionKeyDefinitionVersion;
import com.azure.cosmos.models.PartitionKind;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ItemsTest {
    static CosmosDatabase database;
    static CosmosContainer container;

    @BeforeAll
    static void begin() {
        database = freshDatabase();
        container = freshContainer(database, "/pk");
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    @Test
    void anItemIsCreatedReadReplacedUpsertedAndDeleted() {
        String id = fresh("item");
        PartitionKey key = new PartitionKey("a");
        CosmosItemResponse<ObjectNode> created = container.createItem(item(id, "a").put("n", 1), key, new CosmosItemRequestOptions());
        assertEquals(201, created.getStatusCode());
        assertNotNull(created.getETag());
        assertNotNull(created.getSessionToken());
        assertTrue(created.getRequestCharge() > 0);
        assertEquals(409, refused(409, () -> container.createItem(item(id, "a"))).getStatusCode());
        CosmosItemResponse<ObjectNode> read = container.readItem(id, key, ObjectNode.class);
        assertEquals(1, read.getItem().get("n").asInt());
        assertEquals(created.getETag(), read.getETag());
        CosmosItemResponse<ObjectNode> replaced = container.replaceItem(item(id, "a").put("n", 2), id, key, new CosmosItemRequestOptions());
        assertNotEquals(created.getETag(), replaced.getETag());
        assertEquals(200, container.upsertItem(item(id, "a").put("n", 3)).getStatusCode());
        assertEquals(201, container.upsertItem(item(fresh("item"), "a")).getStatusCode());
        assertEquals(3, container.readItem(id, key, ObjectNode.class).getItem().get("n").asInt());
        assertEquals(204, container.deleteItem(id, key, new CosmosItemRequestOptions()).getStatusCode());
        refused(404, () -> container.readItem(id, key, ObjectNode.class));
        refused(404, () -> container.deleteItem(id, key, new CosmosItemRequestOptions()));
    }

    @Test
    void writesHoldToTheEtagTheyName() {
        String id = fresh("item");
        PartitionKey key = new PartitionKey("a");
        String first = container.createItem(item(id, "a")).getETag();
        CosmosItemRequestOptions ifFirst = new CosmosItemRequestOptions().setIfMatchETag(first);
        String second = container.replaceItem(item(id, "a").put("n", 2), id, key, ifFirst).getETag();
        refused(412, () -> container.replaceItem(item(id, "a").put("n", 3), id, key, ifFirst));
        refused(412, () -> container.upsertItem(item(id, "a").put("n", 3), key, ifFirst));
        refused(412, () -> container.deleteItem(id, key, ifFirst));
        CosmosItemRequestOptions unlessSecond = new CosmosItemRequestOptions().setIfNoneMatchETag(second);
        int status;
        try {
            status = container.readItem(id, key, unlessSecond, ObjectNode.class).getStatusCode();
        } catch (com.azure.cosmos.CosmosException notModified) {
            status = notModified.getStatusCode();
        }
        assertEquals(304, status);
        container.deleteItem(id, key, new CosmosItemRequestOptions().setIfMatchETag(second));
    }

    @Test
    void aPatchDoesEachKindOfOperation() {
        String id = fresh("item");
        PartitionKey key = new PartitionKey("a");
        ObjectNode before = item(id, "a").put("n", 1).put("old", true).put("from", "x");
        before.putArray("tags").add("one");
        container.createItem(before);
        CosmosPatchOperations operations = CosmosPatchOperations.create()
            .add("/tags/-", "two")
            .set("/colour", "blue")
            .replace("/from", "y")
            .remove("/old")
            .increment("/n", 4)
            .move("/from", "/to");
        ObjectNode after = container.patchItem(id, key, operations, new CosmosPatchItemRequestOptions(), ObjectNode.class).getItem();
        assertEquals("[\"one\",\"two\"]", after.get("tags").toString());
        assertEquals("blue", after.get("colour").asText());
        assertEquals(5, after.get("n").asInt());
        assertEquals("y", after.get("to").asText());
        assertFalse(after.has("old"));
        assertFalse(after.has("from"));
    }

    @Test
    void aPatchHoldsToItsPredicateAndItsEtag() {
        String id = fresh("item");
        PartitionKey key = new PartitionKey("a");
        String etag = container.createItem(item(id, "a").put("n", 1)).getETag();
        CosmosPatchOperations add = CosmosPatchOperations.create().increment("/n", 1);
        CosmosPatchItemRequestOptions wrong = new CosmosPatchItemRequestOptions().setFilterPredicate("FROM c WHERE c.n = 7");
        refused(412, () -> container.patchItem(id, key, add, wrong, ObjectNode.class));
        CosmosPatchItemRequestOptions right = new CosmosPatchItemRequestOptions().setFilterPredicate("FROM c WHERE c.n = 1");
        assertEquals(2, container.patchItem(id, key, add, right, ObjectNode.class).getItem().get("n").asInt());
        CosmosPatchItemRequestOptions stale = new CosmosPatchItemRequestOptions();
        stale.setIfMatchETag(etag);
        refused(412, () -> container.patchItem(id, key, add, stale, ObjectNode.class));
        refused(404, () -> container.patchItem("absent", key, add, ObjectNode.class));
    }

    @Test
    void manyItemsAreReadAtOnce() {
        CosmosContainer many = freshContainer(database, "/pk");
        List<CosmosItemIdentity> wanted = new ArrayList<>();
        for (int n = 0; n < 60; n++) {
            many.createItem(item("i" + n, "p" + n % 20).put("n", n));
            if (n % 2 == 0) wanted.add(new CosmosItemIdentity(new PartitionKey("p" + n % 20), "i" + n));
        }
        wanted.add(new CosmosItemIdentity(new PartitionKey("p0"), "absent"));
        List<ObjectNode> found = many.readMany(wanted, ObjectNode.class).getResults();
        assertEquals(30, found.size());
        assertTrue(found.stream().allMatch(one -> one.get("n").asInt() % 2 == 0));
        assertEquals(3, all(many.readAllItems(new PartitionKey("p7"), ObjectNode.class)).size());
    }

    @Test
    void keysOfThreeLevelsAreReadWholeAndByPrefix() {
        PartitionKeyDefinition definition = new PartitionKeyDefinition();
        definition.setPaths(List.of("/tenant", "/user", "/session"));
        definition.setKind(PartitionKind.MULTI_HASH);
        definition.setVersion(PartitionKeyDefinitionVersion.V2);
        CosmosContainer levels = freshContainer(database, new CosmosContainerProperties(fresh("levels"), definition), null);
        for (int n = 0; n < 24; n++) {
            ObjectNode one = JSON.createObjectNode().put("id", "i" + n).put("tenant", "t" + n % 2).put("user", "u" + n % 4).put("session", "s" + n % 8);
            levels.createItem(one);
        }
        PartitionKey whole = new PartitionKeyBuilder().add("t1").add("u3").add("s3").build();
        assertEquals("t1", levels.readItem("i3", whole, ObjectNode.class).getItem().get("tenant").asText());
        assertEquals(3, inside(levels, whole));
        assertEquals(6, inside(levels, new PartitionKeyBuilder().add("t1").add("u3").build()));
        assertEquals(12, inside(levels, new PartitionKeyBuilder().add("t1").build()));
        assertEquals(0, inside(levels, new PartitionKeyBuilder().add("t1").add("u2").build()));
        CosmosItemIdentity one = new CosmosItemIdentity(whole, "i3");
        CosmosItemIdentity other = new CosmosItemIdentity(new PartitionKeyBuilder().add("t0").add("u0").add("s0").build(), "i8");
        assertEquals(2, levels.readMany(List.of(one, other), ObjectNode.class).getResults().size());
        FeedRange prefix = FeedRange.forLogicalPartition(new PartitionKeyBuilder().add("t0").build());
        CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setFeedRange(prefix);
        assertEquals(12, all(levels.queryItems("SELECT * FROM c", options, ObjectNode.class)).size());
    }

    private static int inside(CosmosContainer levels, PartitionKey key) {
        CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setPartitionKey(key);
        return all(levels.queryItems("SELECT * FROM c", options, ObjectNode.class)).size();
    }

    @Test
    void aKeyOfSeveralLevelsMayHoldNull() {
        PartitionKeyDefinition definition = new PartitionKeyDefinition();
        definition.setPaths(List.of("/tenant", "/user"));
        definition.setKind(PartitionKind.MULTI_HASH);
        definition.setVersion(PartitionKeyDefinitionVersion.V2);
        CosmosContainer levels = freshContainer(database, new CosmosContainerProperties(fresh("levels"), definition), null);
        ObjectNode one = JSON.createObjectNode().put("id", "1").put("tenant", "t");
        one.putNull("user");
        levels.createItem(one);
        PartitionKey key = new PartitionKeyBuilder().add("t").addNullValue().build();
        assertTrue(levels.readItem("1", key, ObjectNode.class).getItem().get("user").isNull());
    }

    @Test
    void aKeyMayBeANumberABooleanNullOrAbsent() {
        CosmosContainer kinds = freshContainer(database, "/pk");
        ObjectNode number = JSON.createObjectNode().put("id", "number").put("pk", 4.5);
        ObjectNode truth = JSON.createObjectNode().put("id", "truth").put("pk", true);
        ObjectNode nothing = JSON.createObjectNode().put("id", "null");
        nothing.putNull("pk");
        ObjectNode absent = JSON.createObjectNode().put("id", "absent");
        for (ObjectNode one : List.of(number, truth, nothing, absent)) kinds.createItem(one);
        assertEquals("number", kinds.readItem("number", new PartitionKey(4.5), ObjectNode.class).getItem().get("id").asText());
        assertEquals("truth", kinds.readItem("truth", new PartitionKey(true), ObjectNode.class).getItem().get("id").asText());
        assertEquals("null", kinds.readItem("null", new PartitionKey(null), ObjectNode.class).getItem().get("id").asText());
        assertEquals("absent", kinds.readItem("absent", PartitionKey.NONE, ObjectNode.class).getItem().get("id").asText());
        refused(404, () -> kinds.readItem("absent", new PartitionKey(null), ObjectNode.class));
    }

    @Test
    void idsWithSpecialCharactersGoRoundAndText() {
        for (String name : List.of("a b", "50%", "a+b", "ünï", "a'b\"c", "雪", "=&,;:@")) {
            String id = name + fresh("");
            container.createItem(item(id, "special").put("text", "\u0001 \uD83D\uDE00 " + name));
            ObjectNode read = container.readItem(id, new PartitionKey("special"), ObjectNode.class).getItem();
            assertEquals("\u0001 \uD83D\uDE00 " + name, read.get("text").asText());
            container.deleteItem(id, new PartitionKey("special"), new CosmosItemRequestOptions());
        }
    }
}
