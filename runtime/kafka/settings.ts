import type { KafkaConfig } from "./config.ts";

/** What the broker's settings depend on. */
export interface SettingsInput extends Pick<KafkaConfig, "host" | "port" | "volume"> {
  /** Port on loopback where the broker's own controller listens. */
  readonly controllerPort: number;
  /** Folder with `keystore.pem` and `ca.pem`; open to this user only. */
  readonly folder: string;
}

/** Services that may do anything with topics. ANONYMOUS is the broker itself, over loopback. */
const SUPER_USERS = ["kafka", "events", "ANONYMOUS"];

/**
 * The configuration of a stack's Kafka: one process that is broker and controller (KRaft).
 *
 * Nothing but TLS 1.3 with a client certificate of the service CA gets in; the caller is who its certificate says.
 */
export function serverProperties(input: SettingsInput): string {
  const { host, port, volume, controllerPort, folder } = input;
  return lines({
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.bootstrap.servers": `127.0.0.1:${controllerPort}`,
    listeners: `SSL://:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `SSL://${host}:${port}`,
    "listener.security.protocol.map": "SSL:SSL,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "SSL",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": `${folder}/keystore.pem`,
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": `${folder}/ca.pem`,
    "ssl.client.auth": "required",
    "ssl.enabled.protocols": "TLSv1.3",
    // `events.stack-ke` is the service events, whatever the stack: another stack's CA is another.
    "ssl.principal.mapping.rules": "RULE:^CN=([^.,]+).*$/$1/,DEFAULT",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": SUPER_USERS.map((name) => `User:${name}`).join(";"),
    "allow.everyone.if.no.acl.found": "false",
    "log.dirs": `${volume}/data`,
    // An acknowledged message is on the disk: there is no second broker to have it.
    "log.flush.interval.messages": 1,
    "log.retention.hours": 168,
    "auto.create.topics.enable": "false",
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    // After a kill the broker is taken to be away for as long as its session lasts.
    "broker.session.timeout.ms": 2_000,
    "broker.heartbeat.interval.ms": 500,
    "num.network.threads": 1,
    "num.io.threads": 2,
    "background.threads": 2,
    "log.cleaner.threads": 1,
    "log.cleaner.dedupe.buffer.size": 4_194_304,
    "log.cleaner.io.buffer.size": 131_072,
    "num.recovery.threads.per.data.dir": 1,
  });
}

/** What the broker's log shows: warnings, and that it started. */
export function logProperties(): string {
  return lines({
    status: "error",
    "appender.c.type": "Console",
    "appender.c.name": "C",
    "appender.c.layout.type": "PatternLayout",
    "appender.c.layout.pattern": "%p %c{1} %m%n",
    "rootLogger.level": "WARN",
    "rootLogger.appenderRef.c.ref": "C",
    "logger.started.name": "kafka.server.KafkaRaftServer",
    "logger.started.level": "INFO",
  });
}

/** Arguments of the virtual machine: small, quick to start, told where the log's settings are. */
export function machineFlags(heap: number, logSettings: string): readonly string[] {
  return [
    `-Xms${Math.min(heap, 64)}m`,
    `-Xmx${heap}m`,
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xss512k",
    "-XX:MaxMetaspaceSize=128m",
    "-XX:ReservedCodeCacheSize=48m",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    `-Dlog4j2.configurationFile=${logSettings}`,
  ];
}

function lines(settings: Readonly<Record<string, string | number>>): string {
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n")}\n`;
}
