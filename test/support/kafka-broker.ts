// Real Kafka brokers for tests. A test file that needs brokers opens them at its start and ends
// them at its end: those that KAFKA_TEST_BROKERS names (host:port, comma between), else a throwaway
// one of its own. Where none can be had the tests are skipped loudly, and fail when CI=true.
import { bringJars, defaultJarsFolder, jarsAreHere } from '../../infra/kafka/bring-jars.ts';
import { type Broker, type BrokerOptions, startBroker } from '../../infra/kafka/broker.ts';
import { findJava } from '../../infra/kafka/find-java.ts';
import { isKafkaProblem } from '../../infra/kafka/kafka-problem.ts';

export interface TestBrokers extends AsyncDisposable {
  /** host:port each. */
  readonly brokers: readonly string[];
}

/** The folder of the jars; absent: .kafka of the project. */
export const jarsFolder = process.env.KAFKA_TEST_JARS ?? defaultJarsFolder;
const given = (process.env.KAFKA_TEST_BROKERS ?? '').split(',').filter((name) => name !== '');
const onSlow = (what: string) => console.log(`Kafka for the tests: ${what}`);

/** For tests that break brokers, which need one of their own. Brings the jars if they are absent. */
export async function ownKafkaIsHere(): Promise<boolean> {
  try {
    await findJava();
    if (!jarsAreHere(jarsFolder)) await bringJars(jarsFolder, onSlow);
    return true;
  } catch (error) {
    if (!isKafkaProblem(error) || process.env.CI === 'true') throw error;
    console.warn(`SKIPPED for want of a Kafka broker: ${error.message}`);
    return false;
  }
}

/** For tests that any brokers will do for. */
export async function kafkaIsHere(): Promise<boolean> {
  return given.length > 0 || (await ownKafkaIsHere());
}

export async function openTestBrokers(): Promise<TestBrokers> {
  if (given.length > 0) return { brokers: given, [Symbol.asyncDispose]: async () => {} };
  const broker = await startTestBroker();
  return { brokers: [broker.address], [Symbol.asyncDispose]: () => broker.stop() };
}

/** A throwaway broker that a test may kill, freeze and restart. It ends with the test's process. */
export function startTestBroker(options: BrokerOptions = {}): Promise<Broker> {
  return startBroker({ jarsFolder, onSlow, ...options });
}
