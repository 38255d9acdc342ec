import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The three trails as Kafka Streams would keep them: stores by device, by owner and by sender, one entry an event in
 * each. The owner is looked up in a map of the ownership topic, read before the clock starts, which favours it.
 * Arguments: brokers, events topic, ownership topic, state directory, records, changelog true|false. Prints one JSON line.
 */
public final class TrailStreams {
  private static final JsonFactory JSON = new JsonFactory();
  private static final Map<Long, Long> OWNERS = new HashMap<>();
  private static final Map<String, Integer> CODES = new ConcurrentHashMap<>();
  private static final AtomicInteger CODE = new AtomicInteger();
  private static final AtomicLong HANDLED = new AtomicLong();
  private static final CountDownLatch DONE = new CountDownLatch(1);
  private static final AtomicLong FIRST_NANOS = new AtomicLong();
  private static long wanted;

  static final class Event {
    String time, type, user, role, device, request, srv, deviceType, smets, code;
    int variant = -1;
  }

  static Event parse(byte[] value) throws Exception {
    Event e = new Event();
    try (JsonParser in = JSON.createParser(value)) {
      in.nextToken();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String name = in.currentName();
        in.nextToken();
        switch (name) {
          case "timestamp" -> e.time = in.getText();
          case "eventType" -> e.type = in.getText();
          case "userId" -> e.user = in.getText();
          case "userRole" -> e.role = in.getText();
          case "deviceId" -> e.device = in.getText();
          case "requestId" -> e.request = in.getText();
          case "serviceReferenceVariant" -> e.srv = in.getText();
          case "deviceType" -> e.deviceType = in.getText();
          case "smetsVersion" -> e.smets = in.getText();
          case "responseCode" -> e.code = in.getText();
          case "commandVariant" -> e.variant = in.getIntValue();
          default -> in.skipChildren();
        }
      }
    }
    return e;
  }

  static long eui(String text) {
    long v = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = Character.digit(text.charAt(i), 16);
      if (digit >= 0) v = v << 4 | digit;
    }
    return v;
  }

  static byte[] row(Event e) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(96);
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(eui(e.user));
    out.writeLong(e.device == null ? 0 : eui(e.device));
    out.writeLong(e.request == null ? 0 : Long.parseUnsignedLong(e.request.substring(e.request.lastIndexOf(':') + 1)));
    for (String s : new String[] {e.type, e.role, e.srv, e.deviceType, e.smets, e.code}) {
      out.writeShort(CODES.computeIfAbsent(s == null ? "" : s, x -> CODE.getAndIncrement()));
    }
    out.writeByte(e.variant);
    return bytes.toByteArray();
  }

  static final class Indexer implements Processor<byte[], byte[], Void, Void> {
    private KeyValueStore<byte[], byte[]> devices, owners, senders;
    private ProcessorContext<Void, Void> context;

    @Override
    public void init(ProcessorContext<Void, Void> c) {
      context = c;
      devices = c.getStateStore("device");
      owners = c.getStateStore("owner");
      senders = c.getStateStore("sender");
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      try {
        FIRST_NANOS.compareAndSet(0, System.nanoTime());
        Event e = parse(record.value());
        byte[] value = row(e);
        Instant t = Instant.parse(e.time);
        long time = ~(t.getEpochSecond() * 1_000_000_000L + t.getNano());
        long place = context.recordMetadata().get().offset();
        if (e.device != null) {
          long device = eui(e.device);
          devices.put(key(device, time, place), value);
          Long owner = OWNERS.get(device);
          if (owner != null) owners.put(key(owner, time, place), value);
        }
        senders.put(key(eui(e.user), time, place), value);
        if (HANDLED.incrementAndGet() == wanted) DONE.countDown();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }

    private static byte[] key(long entity, long time, long place) {
      return ByteBuffer.allocate(24).putLong(entity).putLong(time).putLong(place).array();
    }
  }

  static void readOwners(String brokers, String topic) throws Exception {
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    Map<String, Long> parties = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(topic).stream().map((PartitionInfo i) -> new TopicPartition(topic, i.partition())).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      long left = consumer.endOffsets(all).values().stream().mapToLong(Long::longValue).sum();
      while (left > 0) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          left--;
          String device = null, party = null;
          boolean supplier = false;
          try (JsonParser in = JSON.createParser(record.value())) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
              String name = in.currentName();
              in.nextToken();
              if (name.equals("deviceId")) device = in.getText();
              if (name.equals("partyId")) party = in.getText();
              if (name.equals("relation")) supplier = in.getText().equals("RESPONSIBLE_SUPPLIER");
            }
          }
          if (supplier) OWNERS.put(eui(device), parties.computeIfAbsent(party, x -> (long) parties.size()));
        }
      }
    }
  }

  static StoreBuilder<?> store(String name, boolean changelog) {
    var builder =
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.ByteArray(), Serdes.ByteArray());
    return changelog ? builder.withLoggingEnabled(Map.of()) : builder.withLoggingDisabled();
  }

  public static void main(String[] a) throws Exception {
    String brokers = a[0], events = a[1];
    boolean changelog = Boolean.parseBoolean(a[5]);
    wanted = Long.parseLong(a[4]);
    readOwners(brokers, a[2]);
    Topology topology = new Topology();
    topology.addSource("events", events).addProcessor("indexer", Indexer::new, "events");
    for (String name : List.of("device", "owner", "sender")) topology.addStateStore(store(name, changelog), "indexer");
    Properties p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench-" + System.nanoTime());
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    p.put(StreamsConfig.STATE_DIR_CONFIG, a[3]);
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    p.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    p.put(StreamsConfig.consumerPrefix("max.poll.records"), 10_000);
    p.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
    KafkaStreams streams = new KafkaStreams(topology, p);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      System.exit(1);
      return null;
    });
    long begun = System.nanoTime();
    streams.start();
    DONE.await();
    long done = System.nanoTime();
    streams.close(Duration.ofSeconds(60));
    // From the first record: joining the group takes seconds that have nothing to do with the rate.
    System.out.printf("{\"records\":%d,\"seconds\":%.3f,\"from_start\":%.3f}%n", HANDLED.get(),
        (done - FIRST_NANOS.get()) / 1e9, (done - begun) / 1e9);
  }
}
