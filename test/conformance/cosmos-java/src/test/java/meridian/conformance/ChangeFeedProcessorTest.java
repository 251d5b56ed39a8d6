// The change feed processor, run for real: two workers, each a process, share the leases of a container; one is
// killed without notice, the other takes its leases over, and no change is lost. A change may come twice around the
// kill: processors promise at least once.
package meridian.conformance;

import static meridian.conformance.Account.all;
import static meridian.conformance.Account.fresh;
import static meridian.conformance.Account.freshContainer;
import static meridian.conformance.Account.freshDatabase;
import static meridian.conformance.Account.item;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.azure.cosmos.CosmosContainer;
import com.azure.cosmos.CosmosDatabase;
import com.azure.cosmos.models.ChangeFeedPolicy;
import com.azure.cosmos.models.CosmosContainerProperties;
import com.azure.cosmos.models.CosmosItemRequestOptions;
import com.azure.cosmos.models.CosmosQueryRequestOptions;
import com.azure.cosmos.models.PartitionKey;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ChangeFeedProcessorTest {
    /** Each wait takes seconds; a busy machine needs some 40 s to start two virtual machines. */
    static final Duration WAIT_MAX = Duration.ofSeconds(180);

    static CosmosDatabase database;
    final List<Worker> workers = new ArrayList<>();

    @BeforeAll
    static void begin() {
        database = freshDatabase();
    }

    @AfterAll
    static void end() {
        database.delete();
    }

    @AfterEach
    void stopWorkers() throws InterruptedException {
        for (Worker worker : workers) worker.kill();
    }

    private static final class Worker {
        final String name;
        final Process process;
        final List<String> lines = new CopyOnWriteArrayList<>();

        /** The sample for JavaScript, whose leases have the form of Java's. */
        static Worker inJavaScript(String name, CosmosContainer feed, CosmosContainer leases) throws IOException {
            return new Worker(name, new ProcessBuilder("node", System.getenv("NODE_WORKER"), name, database.getId(), feed.getId(), leases.getId()));
        }

        Worker(String name, CosmosContainer feed, CosmosContainer leases, String mode) throws IOException {
            this(name, new ProcessBuilder(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java", "-Xmx256m",
                "-Djavax.net.ssl.trustStore=" + System.getProperty("trust.store"),
                "-Djavax.net.ssl.trustStorePassword=" + System.getProperty("trust.password"),
                "-cp", System.getProperty("java.class.path"), FeedWorker.class.getName(),
                name, database.getId(), feed.getId(), leases.getId(), mode));
        }

        private Worker(String name, ProcessBuilder builder) throws IOException {
            this.name = name;
            process = builder.redirectErrorStream(true).start();
            Thread reader = new Thread(() -> {
                try (BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                    for (String line = output.readLine(); line != null; line = output.readLine()) lines.add(line);
                } catch (IOException ended) {
                    // A killed process ends its output.
                }
            });
            reader.setDaemon(true);
            reader.start();
        }

        boolean started() {
            if (!process.isAlive()) throw new AssertionError(name + " ended: " + String.join("\n", lines));
            return lines.contains(name + " started");
        }

        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }
    }

    private static void until(String what, BooleanSupplier reached) throws InterruptedException {
        Instant end = Instant.now().plus(WAIT_MAX);
        while (!reached.getAsBoolean()) {
            if (Instant.now().isAfter(end)) throw new AssertionError("not within " + WAIT_MAX.toSeconds() + " s: " + what);
            Thread.sleep(100);
        }
    }

    /** Leases by owner; those that nobody has are under "". */
    private static Map<String, Integer> owners(CosmosContainer leases) {
        Map<String, Integer> counts = new TreeMap<>();
        for (JsonNode lease : all(leases.queryItems("SELECT * FROM c WHERE IS_DEFINED(c.LeaseToken)", new CosmosQueryRequestOptions(), JsonNode.class)))
            counts.merge(lease.path("Owner").isTextual() ? lease.get("Owner").asText() : "", 1, Integer::sum);
        return counts;
    }

    private Set<String> seen() {
        return workers.stream().flatMap(worker -> worker.lines.stream())
            .filter(line -> !line.endsWith(" started"))
            .map(line -> line.substring(line.indexOf(' ') + 1))
            .collect(Collectors.toCollection(TreeSet::new));
    }

    private void start(String name, CosmosContainer feed, CosmosContainer leases, String mode) throws IOException {
        workers.add(new Worker(name, feed, leases, mode));
    }

    @Test
    void twoWorkersShareTheLeasesAndOneTakesOverWhenTheOtherIsKilled() throws Exception {
        CosmosContainer feed = freshContainer(database, new CosmosContainerProperties(fresh("feed"), "/pk"), 24_000);
        CosmosContainer leases = freshContainer(database, "/id");
        int ranges = feed.getFeedRanges().size();
        assertTrue(ranges >= 2);
        Set<String> written = new TreeSet<>();
        write(feed, written, 0, 200);
        start("one", feed, leases, "latest");
        start("two", feed, leases, "latest");
        Worker one = workers.get(0);
        Worker two = workers.get(1);
        until("both have started", () -> one.started() && two.started());
        until("both have a part of the leases", () -> {
            Map<String, Integer> counts = owners(leases);
            return counts.getOrDefault("one", 0) + counts.getOrDefault("two", 0) == ranges && counts.size() == 2
                && Math.abs(counts.get("one") - counts.get("two")) <= 1;
        });
        write(feed, written, 200, 400);
        until("everything so far is seen", () -> seen().containsAll(written));
        until("each worker has seen a part", () -> one.lines.size() > 1 && two.lines.size() > 1);
        one.kill();
        write(feed, written, 400, 700);
        until("the other has all leases", () -> Integer.valueOf(ranges).equals(owners(leases).get("two")));
        write(feed, written, 700, 800);
        until("nothing is lost", () -> seen().containsAll(written));
        assertEquals(written, seen());
    }

    @Test
    void aWorkerInJavaScriptSharesTheLeasesAndTakesOver() throws Exception {
        CosmosContainer feed = freshContainer(database, new CosmosContainerProperties(fresh("feed"), "/pk"), 24_000);
        CosmosContainer leases = freshContainer(database, "/id");
        int ranges = feed.getFeedRanges().size();
        Set<String> written = new TreeSet<>();
        write(feed, written, 0, 100);
        start("java", feed, leases, "latest");
        Worker java = workers.get(0);
        until("the one in Java has all leases", () -> java.started() && Integer.valueOf(ranges).equals(owners(leases).get("java")));
        until("everything so far is seen", () -> seen().containsAll(written));
        workers.add(Worker.inJavaScript("node", feed, leases));
        Worker node = workers.get(1);
        until("both have a part of the leases", () -> node.started() && owners(leases).getOrDefault("node", 0) >= ranges / 2
            && owners(leases).getOrDefault("java", 0) > 0);
        write(feed, written, 100, 200);
        until("everything so far is seen", () -> seen().containsAll(written));
        java.kill();
        write(feed, written, 200, 300);
        until("the other has all leases", () -> Integer.valueOf(ranges).equals(owners(leases).get("node")));
        until("nothing is lost", () -> seen().containsAll(written));
        start("again", feed, leases, "latest");
        node.kill();
        write(feed, written, 300, 400);
        until("Java goes on where JavaScript was", () -> seen().containsAll(written));
        assertEquals(written, seen());
        // What JavaScript had kept was not read from the beginning again.
        assertTrue(workers.get(2).lines.stream().noneMatch(line -> line.endsWith(" latest i5 5")));
    }

    private static void write(CosmosContainer feed, Set<String> written, int from, int to) {
        for (int n = from; n < to; n++) {
            feed.createItem(item("i" + n, "p" + n % 50).put("n", n));
            written.add("latest i" + n + " " + n);
        }
    }

    @Test
    void allVersionsAndDeletesGoOnWithTheOtherWorker() throws Exception {
        CosmosContainerProperties settings = new CosmosContainerProperties(fresh("versions"), "/pk");
        settings.setChangeFeedPolicy(ChangeFeedPolicy.createAllVersionsAndDeletesPolicy(Duration.ofMinutes(10)));
        CosmosContainer feed = freshContainer(database, settings, 24_000);
        CosmosContainer leases = freshContainer(database, "/id");
        int ranges = feed.getFeedRanges().size();
        start("one", feed, leases, "versions");
        start("two", feed, leases, "versions");
        Worker one = workers.get(0);
        Worker two = workers.get(1);
        until("both have started", () -> one.started() && two.started());
        until("both have a part of the leases", () -> {
            Map<String, Integer> counts = owners(leases);
            return counts.getOrDefault("one", 0) > 0 && counts.getOrDefault("two", 0) > 0 && !counts.containsKey("");
        });
        // This feed begins at its end: each range has begun once it has told of a first write.
        Set<String> probes = new TreeSet<>();
        until("every range is read", () -> {
            String id = fresh("probe");
            for (int n = 0; n < 50; n++) feed.createItem(item(id + n, "p" + n).put("n", 0));
            probes.add(id);
            Set<String> now = seen();
            return probes.stream().anyMatch(probe -> java.util.stream.IntStream.range(0, 50).allMatch(n -> now.contains("create " + probe + n + " 0")));
        });
        Set<String> written = new TreeSet<>();
        change(feed, written, 0, 50);
        until("everything so far is seen", () -> seen().containsAll(written));
        one.kill();
        change(feed, written, 50, 100);
        until("the other has all leases", () -> Integer.valueOf(ranges).equals(owners(leases).get("two")));
        change(feed, written, 100, 120);
        until("nothing is lost", () -> seen().containsAll(written));
    }

    private static void change(CosmosContainer feed, Set<String> written, int from, int to) {
        for (int n = from; n < to; n++) {
            String id = "v" + n;
            feed.createItem(item(id, "p" + n % 50).put("n", 1));
            feed.upsertItem(item(id, "p" + n % 50).put("n", 2));
            feed.deleteItem(id, new PartitionKey("p" + n % 50), new CosmosItemRequestOptions());
            written.add("create " + id + " 1");
            written.add("replace " + id + " 2");
            written.add("delete " + id + " -1");
        }
    }
}
