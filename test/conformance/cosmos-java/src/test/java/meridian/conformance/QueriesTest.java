// Queries over several partitions and over one, paged by continuation, as the SDK plans and merges them.
package meridian.conformance;

import static meridian.conformance.Account.all;
import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static meridian.conformance.Account.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.FeedResponse;
import com.azure.cosmos.models.PartitionKey;
import com.azure.cosmos.models.SqlParameter;
import com.azure.cosmos.models.SqlQuerySpec;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class QueriesTest {
    static final int ITEMS = 120;
    static CosmosDatabase database;
    static CosmosContainer container;

    @BeforeAll
    static void begin() {
        database = freshDatabase();
        container = freshContainer(database, new CosmosContainerProperties(fresh("q"), "/pk"), 24_000);
        for (int n = 0; n < ITEMS; n++) {
            ObjectNode one = item("i" + n, "p" + n % 30).put("n", n * 7 % ITEMS).put("colour", List.of("red", "green", "blue").get(n % 3));
            one.putArray("tags").add("t" + n % 5).add("t" + (n + 1) % 5);
            if (n % 4 == 0) one.put("rare", n);
            container.createItem(one);
        }
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    private static <T> List<T> ask(String text, Class<T> type, SqlParameter... parameters) {
        return all(container.queryItems(new SqlQuerySpec(text, parameters), new CosmosQueryRequestOptions(), type));
    }

    private static List<Integer> upTo(int end) {
        return IntStream.range(0, end).boxed().collect(Collectors.toList());
    }

    @Test
    void everyItemIsFoundOnce() {
        assertEquals(ITEMS, new HashSet<>(ask("SELECT VALUE c.id FROM c", String.class)).size());
        assertEquals(ITEMS, ask("SELECT * FROM c", ObjectNode.class).size());
    }

    @Test
    void conditionsTakeParameters() {
        List<Integer> found = ask("SELECT VALUE c.n FROM c WHERE c.n >= @low AND c.n < @high AND c.colour = @colour", Integer.class,
            new SqlParameter("@low", 10), new SqlParameter("@high", 40), new SqlParameter("@colour", "green"));
        assertTrue(found.size() > 0 && found.stream().allMatch(n -> n >= 10 && n < 40));
        assertEquals(2, ask("SELECT * FROM c WHERE ARRAY_CONTAINS(@ids, c.id)", ObjectNode.class,
            new SqlParameter("@ids", List.of("i1", "i77", "absent"))).size());
        assertEquals(4, all(container.queryItems("SELECT * FROM c", new CosmosQueryRequestOptions().setPartitionKey(new PartitionKey("p3")), ObjectNode.class)).size());
    }

    @Test
    void orderByMergesPartitions() {
        assertEquals(upTo(ITEMS), ask("SELECT VALUE c.n FROM c ORDER BY c.n", Integer.class));
        List<Integer> descending = ask("SELECT TOP 10 VALUE c.n FROM c ORDER BY c.n DESC", Integer.class);
        assertEquals(IntStream.range(0, 10).mapToObj(n -> ITEMS - 1 - n).collect(Collectors.toList()), descending);
    }

    @Test
    void orderByAPropertyThatSomeItemsHaveNot() {
        List<ObjectNode> found = ask("SELECT c.id, c.rare FROM c ORDER BY c.rare", ObjectNode.class);
        List<Integer> rare = found.stream().filter(one -> one.has("rare")).map(one -> one.get("rare").asInt()).collect(Collectors.toList());
        assertEquals(ITEMS / 4, rare.size());
        assertEquals(rare.stream().sorted().collect(Collectors.toList()), rare);
    }

    @Test
    void orderByTwoPropertiesWithACompositeIndex() {
        CosmosContainerProperties settings = container.read().getProperties();
        settings.getIndexingPolicy().setCompositeIndexes(List.of(List.of(
            new com.azure.cosmos.models.CompositePath().setPath("/colour").setOrder(com.azure.cosmos.models.CompositePathSortOrder.ASCENDING),
            new com.azure.cosmos.models.CompositePath().setPath("/n").setOrder(com.azure.cosmos.models.CompositePathSortOrder.DESCENDING))));
        container.replace(settings);
        List<ObjectNode> found = ask("SELECT c.colour, c.n FROM c ORDER BY c.colour ASC, c.n DESC", ObjectNode.class);
        assertEquals(ITEMS, found.size());
        for (int at = 1; at < found.size(); at++) {
            int colours = found.get(at - 1).get("colour").asText().compareTo(found.get(at).get("colour").asText());
            assertTrue(colours < 0 || colours == 0 && found.get(at - 1).get("n").asInt() > found.get(at).get("n").asInt());
        }
    }

    @Test
    void aggregatesAreWholeOverAllPartitions() {
        assertEquals(List.of(ITEMS), ask("SELECT VALUE COUNT(1) FROM c", Integer.class));
        assertEquals(List.of(ITEMS * (ITEMS - 1) / 2.0), ask("SELECT VALUE SUM(c.n) FROM c", Double.class));
        assertEquals(List.of((ITEMS - 1) / 2.0), ask("SELECT VALUE AVG(c.n) FROM c", Double.class));
        assertEquals(List.of(0), ask("SELECT VALUE MIN(c.n) FROM c", Integer.class));
        assertEquals(List.of(ITEMS - 1), ask("SELECT VALUE MAX(c.n) FROM c", Integer.class));
        assertEquals(List.of(0), ask("SELECT VALUE COUNT(1) FROM c WHERE c.n < 0", Integer.class));
    }

    @Test
    void groupByCountsAndSums() {
        Map<String, Integer> counts = new TreeMap<>();
        for (JsonNode row : ask("SELECT c.colour, COUNT(1) AS many, MAX(c.n) AS most FROM c GROUP BY c.colour", JsonNode.class))
            counts.put(row.get("colour").asText(), row.get("many").asInt());
        assertEquals(Map.of("red", ITEMS / 3, "green", ITEMS / 3, "blue", ITEMS / 3), counts);
        assertEquals(30, ask("SELECT c.pk, AVG(c.n) AS mean FROM c GROUP BY c.pk", JsonNode.class).size());
    }

    @Test
    void distinctDropsRepetitions() {
        assertEquals(3, ask("SELECT DISTINCT VALUE c.colour FROM c", String.class).size());
        assertEquals(List.of("blue", "green", "red"), ask("SELECT DISTINCT VALUE c.colour FROM c ORDER BY c.colour", String.class));
        assertEquals(5, ask("SELECT DISTINCT VALUE t FROM c JOIN t IN c.tags", String.class).size());
    }

    @Test
    void offsetAndLimitCutAfterTheMerge() {
        assertEquals(List.of(20, 21, 22, 23, 24), ask("SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 20 LIMIT 5", Integer.class));
        assertEquals(10, ask("SELECT * FROM c OFFSET 7 LIMIT 10", ObjectNode.class).size());
    }

    @Test
    void pagesGoOnFromTheirContinuation() {
        for (String text : List.of("SELECT VALUE c.n FROM c", "SELECT VALUE c.n FROM c ORDER BY c.n")) {
            List<Integer> found = new ArrayList<>();
            String continuation = null;
            int pages = 0;
            do {
                FeedResponse<Integer> page = container.queryItems(text, new CosmosQueryRequestOptions(), Integer.class)
                    .iterableByPage(continuation, 9).iterator().next();
                assertTrue(page.getResults().size() <= 9);
                found.addAll(page.getResults());
                continuation = page.getContinuationToken();
                pages++;
            } while (continuation != null && pages < 1000);
            assertTrue(pages >= ITEMS / 9, "pages: " + pages);
            if (text.contains("ORDER BY")) assertEquals(upTo(ITEMS), found);
            else assertEquals(upTo(ITEMS), found.stream().sorted().collect(Collectors.toList()));
        }
    }

    @Test
    void subqueriesAndFunctionsWork() {
        assertEquals(48, ask("SELECT * FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 't0')", ObjectNode.class).size());
        assertEquals(List.of("I5"), ask("SELECT VALUE UPPER(c.id) FROM c WHERE c.id = 'i5'", String.class));
        assertEquals(ITEMS / 4, ask("SELECT * FROM c WHERE IS_DEFINED(c.rare)", ObjectNode.class).size());
        assertEquals(11, ask("SELECT * FROM c WHERE STARTSWITH(c.id, 'i11') OR c.id = 'i2'", ObjectNode.class).size() - 1);
    }

    @Test
    void metricsComeWhenAskedFor() {
        CosmosQueryRequestOptions options = new CosmosQueryRequestOptions().setQueryMetricsEnabled(true).setIndexMetricsEnabled(true);
        FeedResponse<ObjectNode> page = container.queryItems("SELECT * FROM c WHERE c.n = 5", options, ObjectNode.class).iterableByPage().iterator().next();
        assertTrue(page.getRequestCharge() > 0);
        assertTrue(page.getCosmosDiagnostics().toString().contains("retrievedDocumentCount") || page.getCosmosDiagnostics().toString().length() > 0);
    }

    @Test
    void aTextThatIsNoQueryIsRefused() {
        refused(400, () -> ask("SELECT * FORM c", ObjectNode.class));
        refused(400, () -> ask("SELECT * FROM c WHERE NO_SUCH_FUNCTION(c.n)", ObjectNode.class));
    }
}
