// Databases, containers with their settings, and throughput.
package meridian.conformance;

import static meridian.conformance.Account.all;
import static meridian.conformance.Account.client;
import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static meridian.conformance.Account.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CompositePath;
import com.azure.cosmos.models.CompositePathSortOrder;
import com.azure.cosmos.models.ConflictResolutionPolicy;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosDatabaseProperties;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.ExcludedPath;
import com.azure.cosmos.models.IncludedPath;
import com.azure.cosmos.models.IndexingMode;
import com.azure.cosmos.models.IndexingPolicy;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.SqlParameter;
import com.azure.cosmos.models.SqlQuerySpec;
import com.azure.cosmos.models.ThroughputProperties;
import com.azure.cosmos.models.UniqueKey;
import com.azure.cosmos.models.UniqueKeyPolicy;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ResourcesTest {
    static CosmosDatabase database;

    @BeforeAll
    static void begin() {
        database = freshDatabase();
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    @Test
    void aDatabaseIsCreatedOnceReadListedQueriedAndDeleted() {
        String id = fresh("short-lived");
        assertEquals(201, client().createDatabase(id).getStatusCode());
        refused(409, () -> client().createDatabase(id));
        assertEquals(200, client().createDatabaseIfNotExists(id).getStatusCode());
        CosmosDatabaseProperties read = client().getDatabase(id).read().getProperties();
        assertEquals(id, read.getId());
        assertNotNull(read.getETag());
        assertTrue(all(client().readAllDatabases()).stream().anyMatch(one -> one.getId().equals(id)));
        SqlQuerySpec query = new SqlQuerySpec("SELECT * FROM r WHERE r.id = @id", new SqlParameter("@id", id));
        assertEquals(1, all(client().queryDatabases(query, new CosmosQueryRequestOptions())).size());
        assertEquals(204, client().getDatabase(id).delete().getStatusCode());
        refused(404, () -> client().getDatabase(id).read());
    }

    @Test
    void aContainerIsCreatedOnceReadListedQueriedReplacedAndDeleted() {
        String id = fresh("short-lived");
        assertEquals(201, database.createContainer(id, "/pk").getStatusCode());
        refused(409, () -> database.createContainer(id, "/pk"));
        assertEquals(200, database.createContainerIfNotExists(id, "/pk").getStatusCode());
        CosmosContainer container = database.getContainer(id);
        CosmosContainerProperties settings = container.read().getProperties();
        assertEquals(List.of("/pk"), settings.getPartitionKeyDefinition().getPaths());
        assertEquals(IndexingMode.CONSISTENT, settings.getIndexingPolicy().getIndexingMode());
        assertTrue(all(database.readAllContainers()).stream().anyMatch(one -> one.getId().equals(id)));
        SqlQuerySpec query = new SqlQuerySpec("SELECT * FROM r WHERE r.id = @id", new SqlParameter("@id", id));
        assertEquals(1, all(database.queryContainers(query)).size());
        settings.setDefaultTimeToLiveInSeconds(3600);
        settings.getIndexingPolicy().setExcludedPaths(List.of(new ExcludedPath("/blob/*")));
        container.replace(settings);
        CosmosContainerProperties replaced = container.read().getProperties();
        assertEquals(3600, replaced.getDefaultTimeToLiveInSeconds());
        assertTrue(replaced.getIndexingPolicy().getExcludedPaths().stream().anyMatch(one -> one.getPath().equals("/blob/*")));
        assertEquals(204, container.delete().getStatusCode());
        refused(404, container::read);
    }

    @Test
    void aContainerKeepsItsPolicies() {
        CosmosContainerProperties settings = new CosmosContainerProperties(fresh("policies"), "/pk");
        IndexingPolicy indexing = new IndexingPolicy();
        indexing.setIncludedPaths(List.of(new IncludedPath("/*")));
        CompositePath first = new CompositePath().setPath("/a").setOrder(CompositePathSortOrder.ASCENDING);
        CompositePath second = new CompositePath().setPath("/b").setOrder(CompositePathSortOrder.DESCENDING);
        indexing.setCompositeIndexes(List.of(List.of(first, second)));
        settings.setIndexingPolicy(indexing);
        settings.setUniqueKeyPolicy(new UniqueKeyPolicy().setUniqueKeys(List.of(new UniqueKey(List.of("/email")))));
        settings.setConflictResolutionPolicy(ConflictResolutionPolicy.createLastWriterWinsPolicy("/n"));
        CosmosContainer container = freshContainer(database, settings, null);
        CosmosContainerProperties read = container.read().getProperties();
        assertEquals(CompositePathSortOrder.DESCENDING, read.getIndexingPolicy().getCompositeIndexes().get(0).get(1).getOrder());
        assertEquals("/n", read.getConflictResolutionPolicy().getConflictResolutionPath());
        container.createItem(item("1", "a").put("email", "x@example.org"));
        refused(409, () -> container.createItem(item("2", "a").put("email", "x@example.org")));
        assertEquals(201, container.createItem(item("3", "b").put("email", "x@example.org")).getStatusCode());
    }

    @Test
    void manualThroughputIsReadAndReplaced() {
        CosmosContainer container = freshContainer(database, new CosmosContainerProperties(fresh("manual"), "/pk"), 1000);
        assertEquals(1000, container.readThroughput().getProperties().getManualThroughput());
        assertEquals(1500, container.replaceThroughput(ThroughputProperties.createManualThroughput(1500)).getProperties().getManualThroughput());
        assertEquals(1500, container.readThroughput().getProperties().getManualThroughput());
        assertFalse(container.readThroughput().isReplacePending());
    }

    @Test
    void autoscaleThroughputIsReadAndReplaced() {
        String id = fresh("autoscale");
        database.createContainer(new CosmosContainerProperties(id, "/pk"), ThroughputProperties.createAutoscaledThroughput(4000));
        CosmosContainer container = database.getContainer(id);
        assertEquals(4000, container.readThroughput().getProperties().getAutoscaleMaxThroughput());
        container.replaceThroughput(ThroughputProperties.createAutoscaledThroughput(5000));
        assertEquals(5000, container.readThroughput().getProperties().getAutoscaleMaxThroughput());
    }

    @Test
    void throughputOfADatabaseIsReadAndReplaced() {
        String id = fresh("shared");
        client().createDatabase(id, ThroughputProperties.createManualThroughput(600));
        CosmosDatabase shared = client().getDatabase(id);
        assertEquals(600, shared.readThroughput().getProperties().getManualThroughput());
        shared.replaceThroughput(ThroughputProperties.createManualThroughput(700));
        assertEquals(700, shared.readThroughput().getProperties().getManualThroughput());
        shared.delete();
    }

    @Test
    void feedRangesCoverTheContainerByPhysicalPartition() {
        CosmosContainer container = freshContainer(database, new CosmosContainerProperties(fresh("wide"), "/pk"), 24_000);
        assertTrue(container.getFeedRanges().size() >= 4, "ranges: " + container.getFeedRanges().size());
        for (int n = 0; n < 40; n++) container.createItem(item("i" + n, "p" + n));
        int seen = container.getFeedRanges().stream().mapToInt(range -> {
            CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setFeedRange(range);
            return all(container.queryItems("SELECT * FROM c", options, ObjectNode.class)).size();
        }).sum();
        assertEquals(40, seen);
    }

    @Test
    void everyItemOfAPartitionKeyIsDeletedAtOnce() {
        CosmosContainer container = freshContainer(database, "/pk");
        for (int n = 0; n < 5; n++) container.createItem(item("i" + n, n < 3 ? "gone" : "kept"));
        container.deleteAllItemsByPartitionKey(new PartitionKey("gone"), new CosmosItemRequestOptions());
        assertEquals(2, all(container.queryItems("SELECT * FROM c", new CosmosQueryRequestOptions(), ObjectNode.class)).size());
    }
}
