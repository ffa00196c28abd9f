// The server.properties of a single node that is broker and controller at once. Pure. Its times are
// short (it is back 3 to 5 s after kill -9), its copies one: for a developer's machine and for
// tests. What a broker for production needs stands in docs/OPERATIONS.md.

export type Security = 'PLAINTEXT' | 'SASL_PLAINTEXT' | 'SSL' | 'SASL_SSL';

export interface Listener {
  /** Capital letters, such as PROXIED. */
  readonly name: string;
  readonly security: Security;
  readonly port: number;
  /** What clients are told to connect to; a proxy in front of this listener, for instance. */
  readonly advertised: { readonly host: string; readonly port: number };
}

/** Letters, digits and hyphens only: both go into Kafka's own little languages unquoted. */
export interface User {
  readonly username: string;
  readonly password: string;
}

export interface BrokerPlan {
  readonly host: string;
  readonly controllerPort: number;
  /** The first is plain, and what the node itself uses. */
  readonly listeners: readonly Listener[];
  readonly logFolder: string;
  /** Who may log in at SASL listeners, by PLAIN and both SCRAMs. */
  readonly users: readonly User[];
  /** Private key (PKCS #8) and certificate chain in one PEM file, for SSL listeners. */
  readonly keyFile: string | null;
  /** Authorities whose certificates clients must show at SSL listeners. */
  readonly clientAuthoritiesFile: string | null;
  /** Whoever logs in may do only what ACLs allow; plain listeners may do everything. */
  readonly needsRights: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const scramModule = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';

export function brokerProperties(plan: BrokerPlan): string {
  const lines = {
    ...identity(plan),
    ...limits,
    ...login(plan),
    ...transport(plan),
    ...(plan.needsRights ? rights : {}),
    ...plan.properties,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

function identity({ host, controllerPort, listeners, logFolder }: BrokerPlan) {
  const controller = { name: 'CONTROLLER', security: 'PLAINTEXT', port: controllerPort };
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    listeners: [...listeners, controller]
      .map(({ name, port }) => `${name}://${host}:${port}`)
      .join(','),
    'advertised.listeners': listeners
      .map(({ name, advertised }) => `${name}://${advertised.host}:${advertised.port}`)
      .join(','),
    'controller.listener.names': controller.name,
    'listener.security.protocol.map': [...listeners, controller]
      .map(({ name, security }) => `${name}:${security}`)
      .join(','),
    'inter.broker.listener.name': listeners[0]?.name ?? '',
    'log.dirs': logFolder,
  };
}

const limits = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '3',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '3',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
  'offsets.retention.minutes': '5256000',
  'auto.create.topics.enable': 'false',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '2097152',
  'log.segment.bytes': '67108864',
};

function login({ listeners, users }: BrokerPlan): Record<string, string> {
  const plainUsers = users.map(({ username, password }) => ` user_${username}="${password}"`);
  const plainModule = `org.apache.kafka.common.security.plain.PlainLoginModule required${plainUsers.join('')};`;
  const asked = listeners.filter(({ security }) => security.startsWith('SASL_'));
  if (asked.length === 0) return {};
  const lines: Record<string, string> = { 'sasl.enabled.mechanisms': mechanisms.join(',') };
  for (const { name } of asked) {
    for (const mechanism of mechanisms) {
      const at = `listener.name.${name.toLowerCase()}.${mechanism.toLowerCase()}.sasl.jaas.config`;
      lines[at] = mechanism === 'PLAIN' ? plainModule : scramModule;
    }
  }
  return lines;
}

function transport({ keyFile, clientAuthoritiesFile }: BrokerPlan): Record<string, string> {
  if (keyFile === null) return {};
  const own = { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': keyFile };
  if (clientAuthoritiesFile === null) return own;
  return {
    ...own,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': clientAuthoritiesFile,
    'ssl.client.auth': 'required',
  };
}

const rights = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};
