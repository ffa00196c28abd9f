// One run of a formatted broker: the Java process, from its start to its first answer. Ready means
// that a Metadata request over TCP has been answered by a node in service, never that time passed.
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { countBrokers } from './count-brokers.ts';
import { type Guard, type JavaProcess, startJava } from './java-process.ts';
import { kafkaProblem } from './kafka-problem.ts';

/** What every run of one data folder shares. */
export interface BrokerSetting {
  readonly java: string;
  readonly jars: readonly string[];
  /** Words for the class archive, which halves the time of a start; may be none. */
  readonly archiveWords: readonly string[];
  readonly propertiesFile: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly host: string;
  readonly port: number;
  /** null: the broker goes on when we end. */
  readonly guard: Guard;
}

const readyMsMax = 60_000;
const readyLookMs = 25;
const lastLinesShown = 12;
const machineWords = [
  '-Xms256m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:ActiveProcessorCount=2',
  '-Xshare:auto',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${import.meta.dirname}/log4j2.properties`,
];

/** The words after `java` for one of Kafka's main classes. */
export function javaWords(
  jars: readonly string[],
  archiveWords: readonly string[],
  mainWords: readonly string[],
): string[] {
  return [...machineWords, ...archiveWords, '-cp', jars.join(delimiter), ...mainWords];
}

/** Rejects with the last lines of the log where the broker ends, or does not answer in time. */
export async function runBroker(setting: BrokerSetting): Promise<JavaProcess> {
  const words = javaWords(setting.jars, setting.archiveWords, [
    'kafka.Kafka',
    setting.propertiesFile,
  ]);
  const running = startJava(setting.java, words, setting.logFile, setting.guard);
  writeFileSync(setting.pidFile, `${running.pid}\n`);
  const deadline = performance.now() + readyMsMax;
  while (!(await isInService(setting.host, setting.port))) {
    if (running.hasEnded()) throw failure(`ended (${await running.ended})`, setting.logFile);
    if (performance.now() > deadline) {
      running.send('SIGKILL');
      throw failure(`did not answer within ${readyMsMax / 1000} s`, setting.logFile);
    }
    await pause(readyLookMs);
  }
  return running;
}

async function isInService(host: string, port: number): Promise<boolean> {
  try {
    return (await countBrokers(host, port)) > 0;
  } catch {
    return false;
  }
}

function failure(what: string, logFile: string): Error {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n').slice(-lastLinesShown);
  return kafkaProblem(
    `The Kafka broker ${what}; the end of its log, ${logFile}:\n${lines.join('\n')}`,
  );
}
