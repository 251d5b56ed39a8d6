// One worker with a change feed processor, as a process of its own so that it can be killed. It writes a line for
// every change, flushed before the processor may checkpoint it: `<worker> <kind> <id> <n>`.
package meridian.conformance;

import com.azure.cosmos.ChangeFeedProcessor;
import com.azure.cosmos.ChangeFeedProcessorBuilder;
import com.azure.cosmos.CosmosAsyncClient;
import com.azure.cosmos.CosmosAsyncDatabase;
import com.azure.cosmos.models.ChangeFeedProcessorItem;
import com.azure.cosmos.models.ChangeFeedProcessorOptions;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

final class FeedWorker {
    private FeedWorker() {}

    /** Arguments: name, database, feed container, lease container, mode (`latest` or `versions`). */
    public static void main(String[] arguments) throws InterruptedException {
        String name = arguments[0];
        CosmosAsyncClient client = Account.builder().buildAsyncClient();
        CosmosAsyncDatabase database = client.getDatabase(arguments[1]);
        boolean versions = arguments[4].equals("versions");
        ChangeFeedProcessorOptions options = new ChangeFeedProcessorOptions()
            .setStartFromBeginning(!versions)
            .setMaxItemCount(10)
            .setFeedPollDelay(Duration.ofMillis(100))
            .setLeaseAcquireInterval(Duration.ofSeconds(1))
            .setLeaseRenewInterval(Duration.ofSeconds(1))
            .setLeaseExpirationInterval(Duration.ofSeconds(4));
        ChangeFeedProcessorBuilder builder = new ChangeFeedProcessorBuilder()
            .hostName(name)
            .feedContainer(database.getContainer(arguments[2]))
            .leaseContainer(database.getContainer(arguments[3]))
            .options(options);
        if (versions) builder.handleAllVersionsAndDeletesChanges((List<ChangeFeedProcessorItem> changes) -> tell(name, changes));
        else builder.handleLatestVersionChanges((List<ChangeFeedProcessorItem> changes) -> tell(name, changes));
        ChangeFeedProcessor processor = builder.buildChangeFeedProcessor();
        processor.start().block();
        say(name + " started");
        new CountDownLatch(1).await();
    }

    private static void tell(String name, List<ChangeFeedProcessorItem> changes) {
        StringBuilder lines = new StringBuilder();
        for (ChangeFeedProcessorItem change : changes) {
            JsonNode tree = change.toJsonNode();
            JsonNode current = change.getCurrent();
            JsonNode metadata = tree.path("metadata");
            String kind = metadata.path("operationType").asText("latest");
            boolean gone = current == null || !current.has("id");
            String id = gone ? metadata.path("id").asText(tree.path("previous").path("id").asText()) : current.get("id").asText();
            lines.append(name).append(' ').append(kind.isEmpty() ? "latest" : kind).append(' ').append(id).append(' ')
                .append(gone ? -1 : current.path("n").asInt()).append('\n');
        }
        say(lines.toString().stripTrailing());
    }

    private static synchronized void say(String text) {
        System.out.println(text);
        System.out.flush();
    }
}
