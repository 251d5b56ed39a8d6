// mongo-java-server with its memory backend on a free port of loopback; prints `ready <port>`. Run as a source file.

import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;

public final class MemoryMongo {
  public static void main(String[] arguments) throws Exception {
    MongoServer server = new MongoServer(new MemoryBackend());
    server.bind("127.0.0.1", 0);
    System.out.println("ready " + server.getLocalAddress().getPort());
    Thread.currentThread().join();
  }
}
