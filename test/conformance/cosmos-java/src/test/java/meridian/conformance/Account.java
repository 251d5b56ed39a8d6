// The account under test, from the environment: COSMOS_ENDPOINT and COSMOS_KEY. One client for all tests of a JVM, in
// gateway mode, and a database of its own for each class of tests.
package meridian.conformance;

import com.azure.cosmos.CosmosClient;
import com.azure.cosmos.CosmosClientBuilder;
import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.CosmosException;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.FeedResponse;
import com.azure.cosmos.models.ThroughputProperties;
import com.azure.cosmos.util.CosmosPagedIterable;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.function.Executable;

final class Account {
    static final ObjectMapper JSON = new ObjectMapper();

    private static CosmosClient client;

    private Account() {}

    static CosmosClientBuilder builder() {
        return new CosmosClientBuilder()
            .endpoint(fromEnvironment("COSMOS_ENDPOINT"))
            .key(fromEnvironment("COSMOS_KEY"))
            .contentResponseOnWriteEnabled(true)
            .gatewayMode();
    }

    static synchronized CosmosClient client() {
        if (client == null) client = builder().buildClient();
        return client;
    }

    static String fromEnvironment(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) throw new IllegalStateException(name + " is not set");
        return value;
    }

    static String fresh(String prefix) {
        return prefix + "-" + UUID.randomUUID().toString().substring(0, 8);
    }

    static CosmosDatabase freshDatabase() {
        String id = fresh("java");
        client().createDatabase(id);
        return client().getDatabase(id);
    }

    static CosmosContainer freshContainer(CosmosDatabase database, String path) {
        return freshContainer(database, new CosmosContainerProperties(fresh("c"), path), null);
    }

    static CosmosContainer freshContainer(CosmosDatabase database, CosmosContainerProperties settings, Integer units) {
        if (units == null) database.createContainer(settings);
        else database.createContainer(settings, ThroughputProperties.createManualThroughput(units));
        return database.getContainer(settings.getId());
    }

    static ObjectNode item(String id, String pk) {
        return JSON.createObjectNode().put("id", id).put("pk", pk);
    }

    static <T> List<T> all(CosmosPagedIterable<T> pages) {
        List<T> found = new ArrayList<>();
        for (FeedResponse<T> page : pages.iterableByPage()) found.addAll(page.getResults());
        return found;
    }

    static CosmosException refused(int status, Executable call) {
        CosmosException refusal = Assertions.assertThrows(CosmosException.class, call);
        Assertions.assertEquals(status, refusal.getStatusCode(), refusal.getMessage());
        return refusal;
    }
}
