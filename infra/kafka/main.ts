// npm run kafka -- up|down|status: a Kafka broker of one node on this machine, to try
// S3BATCH_LOG=kafka with. Not for production: one copy of everything, no login, loopback only.
import { join } from 'node:path';
import { findBackgroundBroker, stopBackgroundBroker } from './background-broker.ts';
import { startBroker } from './broker.ts';
import {
  dataFolderDefault,
  type KafkaCommand,
  portDefault,
  readKafkaArguments,
} from './command-arguments.ts';
import { isKafkaProblem } from './kafka-problem.ts';

const exitProblem = 1;
const exitUsage = 2;
const say = (text: string) => process.stdout.write(`${text}\n`);

async function up({ port, dataFolder, jarsFolder }: KafkaCommand): Promise<void> {
  const known = await findBackgroundBroker(dataFolder);
  if (known !== null) {
    say(`A Kafka broker already runs at ${known.address} (process ${known.pid}).`);
    if (port !== null && !known.address.endsWith(`:${port}`)) {
      say(
        `It is the one of the folder ${dataFolder}, and not on port ${port}. A second broker needs ` +
          `a folder of its own:\n  npm run kafka -- up --port ${port} --data .kafka/data-${port}`,
      );
      process.exitCode = exitProblem;
      return;
    }
    sayHowToGoOn(known.address, dataFolder);
    return;
  }
  const javaHome = process.env['JAVA_HOME'] ?? '';
  const { address, pid, logFile } = await startBroker({
    ...(jarsFolder === null ? {} : { jarsFolder }),
    ...(javaHome === '' ? {} : { java: join(javaHome, 'bin', 'java') }),
    dataFolder,
    port: port ?? portDefault,
    outlivesUs: true,
    onSlow: (what) => say(`${what} ...`),
  });
  say(`A Kafka broker runs at ${address} (process ${pid}); its log: ${logFile}`);
  sayHowToGoOn(address, dataFolder);
}

function sayHowToGoOn(address: string, dataFolder: string): void {
  const data = dataFolder === dataFolderDefault ? '' : ` --data ${dataFolder}`;
  say(`Use it:   S3BATCH_LOG=kafka KAFKA_BROKERS=${address} npm start`);
  say(`Stop it:  npm run kafka -- down${data}`);
}

async function down({ dataFolder }: KafkaCommand): Promise<void> {
  const known = await findBackgroundBroker(dataFolder);
  if (known === null) {
    say(`No Kafka broker runs on ${dataFolder}.`);
    return;
  }
  const how = await stopBackgroundBroker(dataFolder, known);
  say(`The Kafka broker at ${known.address} was ${how}. Its data stay in ${dataFolder}.`);
}

async function status({ dataFolder }: KafkaCommand): Promise<void> {
  const known = await findBackgroundBroker(dataFolder);
  if (known === null) {
    say(`No Kafka broker runs on ${dataFolder}. Start one: npm run kafka -- up`);
    process.exitCode = exitProblem;
  } else say(`A Kafka broker runs at ${known.address} (process ${known.pid}).`);
}

const asked = readKafkaArguments(process.argv.slice(2));
if (asked.kind === 'help') say(asked.text);
else if (asked.kind === 'problem') {
  process.stderr.write(`${asked.problem}\n`);
  process.exitCode = exitUsage;
} else {
  const verbs = { up, down, status };
  try {
    await verbs[asked.command.verb](asked.command);
  } catch (error) {
    if (!isKafkaProblem(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = exitProblem;
  }
}
