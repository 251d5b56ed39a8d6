// The change feed as it is pulled: both modes, every start, per range and per key, on from a continuation.
package meridian.conformance;

import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.ChangeFeedPolicy;
import com.azure.cosmos.models.CosmosChangeFeedRequestOptions;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.FeedRange;
import com.azure.cosmos.models.FeedResponse;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ChangeFeedTest {
    static CosmosDatabase database;

    @BeforeAll
    static void begin() {
        database = freshDatabase();
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    /** What is new, and where to go on. */
    private record Drained(List<JsonNode> changes, String continuation) {
        List<String> ids() {
            return changes.stream().map(change -> change.get("id").asText()).collect(Collectors.toList());
        }
    }

    private static Drained drain(CosmosContainer container, CosmosChangeFeedRequestOptions options) {
        List<JsonNode> changes = new ArrayList<>();
        String continuation = null;
        for (FeedResponse<JsonNode> page : container.queryChangeFeed(options, JsonNode.class).iterableByPage()) {
            continuation = page.getContinuationToken();
            changes.addAll(page.getResults());
        }
        return new Drained(changes, continuation);
    }

    private static CosmosContainer wide() {
        return freshContainer(database, new CosmosContainerProperties(fresh("feed"), "/pk"), 24_000);
    }

    @Test
    void latestVersionsFromTheBeginningAndOnFromThere() {
        CosmosContainer container = wide();
        for (int n = 0; n < 50; n++) container.createItem(item("i" + n, "p" + n).put("n", 0));
        for (int n = 0; n < 50; n += 2) container.upsertItem(item("i" + n, "p" + n).put("n", 1));
        container.deleteItem("i1", new PartitionKey("p1"), new CosmosItemRequestOptions());
        CosmosChangeFeedRequestOptions start = CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(FeedRange.forFullRange()).setMaxItemCount(7);
        Drained first = drain(container, start);
        assertEquals(49, first.changes().size());
        assertEquals(49, new TreeSet<>(first.ids()).size());
        assertEquals(25, first.changes().stream().filter(change -> change.get("n").asInt() == 1).count());
        Drained nothing = drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(first.continuation()));
        assertEquals(0, nothing.changes().size());
        container.upsertItem(item("late", "p7"));
        Drained later = drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(nothing.continuation()));
        assertEquals(List.of("late"), later.ids());
    }

    @Test
    void fromNowAndFromAPointInTime() {
        CosmosContainer container = wide();
        container.createItem(item("before", "a"));
        Drained now = drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromNow(FeedRange.forFullRange()));
        assertEquals(List.of(), now.ids());
        container.createItem(item("after", "b"));
        assertEquals(List.of("after"), drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(now.continuation())).ids());
        Instant ago = Instant.now().minus(Duration.ofHours(1));
        assertEquals(2, drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromPointInTime(ago, FeedRange.forFullRange())).ids().size());
    }

    @Test
    void rangesShareTheFeedAndAKeyHasItsOwn() {
        CosmosContainer container = wide();
        for (int n = 0; n < 40; n++) container.createItem(item("i" + n, "p" + n % 10));
        List<String> found = new ArrayList<>();
        for (FeedRange range : container.getFeedRanges())
            found.addAll(drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(range)).ids());
        assertEquals(40, found.size());
        assertEquals(40, new TreeSet<>(found).size());
        FeedRange one = FeedRange.forLogicalPartition(new PartitionKey("p4"));
        assertEquals(List.of("i4", "i14", "i24", "i34"), drain(container, CosmosChangeFeedRequestOptions.createForProcessingFromBeginning(one)).ids());
    }

    @Test
    void allVersionsAndDeletesInTheirOrder() {
        CosmosContainerProperties settings = new CosmosContainerProperties(fresh("versions"), "/pk");
        settings.setChangeFeedPolicy(ChangeFeedPolicy.createAllVersionsAndDeletesPolicy(Duration.ofMinutes(10)));
        CosmosContainer container = freshContainer(database, settings, null);
        CosmosChangeFeedRequestOptions now = CosmosChangeFeedRequestOptions.createForProcessingFromNow(FeedRange.forFullRange()).allVersionsAndDeletes();
        Drained start = drain(container, now);
        assertEquals(0, start.changes().size());
        container.createItem(item("one", "a").put("n", 1));
        container.upsertItem(item("one", "a").put("n", 2));
        container.deleteItem("one", new PartitionKey("a"), new CosmosItemRequestOptions());
        CosmosChangeFeedRequestOptions on = CosmosChangeFeedRequestOptions.createForProcessingFromContinuation(start.continuation()).allVersionsAndDeletes();
        List<JsonNode> changes = drain(container, on).changes();
        List<String> kinds = changes.stream().map(change -> change.get("metadata").get("operationType").asText()).collect(Collectors.toList());
        assertEquals(List.of("create", "replace", "delete"), kinds);
        assertEquals(1, changes.get(0).get("current").get("n").asInt());
        assertEquals(2, changes.get(1).get("current").get("n").asInt());
        assertEquals(2, changes.get(2).get("previous").get("n").asInt());
        long[] places = changes.stream().mapToLong(change -> change.get("metadata").get("lsn").asLong()).toArray();
        assertTrue(places[0] < places[1] && places[1] < places[2]);
    }
}
