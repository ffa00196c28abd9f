// The child of kafka-faults.test.ts: a service that stops itself as SIGSTOP stops a process, between
// two commits or in the middle of one, and when it is woken goes on as if nothing had been.
// usage: kafka-zombie.ts BROKER PREFIX lane|claim between|within
// It says when it is about to stop, and after it was woken how its commit ended.
import { openBrokers } from '../../services/adapters/log/kafka/brokers.ts';
import { connectLog } from '../../services/adapters/log/kafka/connect.ts';
import type { Writer } from '../../services/core/log.ts';
import {
  failureOf,
  faultPartitions,
  faultRecord,
  faultSpace,
  laneQueue,
} from '../support/kafka-fault-room.ts';
import { kafkaTiming, settingsFor } from '../support/kafka-log-settings.ts';

const [broker = '', prefix = '', holding = '', moment = ''] = process.argv.slice(2);
const forever = new AbortController().signal;
const transactionMs = 2_000;
let isArmed = false;

const stop = (): void => {
  isArmed = false;
  process.send?.('stopping');
  process.kill(process.pid, 'SIGSTOP');
};
const brokers = openBrokers({
  settings: settingsFor([broker], prefix),
  clientId: 'zombie',
  notice: () => {},
  timing: { ...kafkaTiming, transactionMs },
  tap: async (when, api) => {
    if (isArmed && moment === 'within' && when === 'before' && api === 'endTxn') stop();
  },
});
const { log } = await connectLog(brokers);

async function held(): Promise<Writer> {
  if (holding === 'claim') return log.claim(faultSpace, 'zombie', forever);
  const lane = (await laneQueue(log, 'worker').take(faultPartitions)).get(0);
  if (lane === undefined) throw new Error('no lane 0');
  return lane;
}

const writer = await held();
await writer.commit([faultRecord('results', 0, 'alive')], { next: 1n, note: 'alive' });
isArmed = true;
if (moment === 'between') stop();
const commit = writer.commit([faultRecord('results', 0, 'zombie')], { next: 2n, note: 'zombie' });
process.send?.(await failureOf(commit), () => process.exit(0));
