// The child of log-kill.test.ts: commits pairs of records with the position that counts them, and
// says so on stdout, until it is killed before the statement that its second argument names.
import { writeSync } from 'node:fs';
import { connectLog } from '../../services/adapters/log/sqlite/connect.ts';
import { openLogOwner } from '../../services/adapters/log/sqlite/owner.ts';
import { killed } from './log-killed-space.ts';

const [directory = '', atStatement = '0'] = process.argv.slice(2);
const fault = { kind: 'kill', atStatement: Number(atStatement) } as const;
const owner = await openLogOwner({ directory, fault });
const { log, spaces } = connectLog(owner.port());
const forever = new AbortController().signal;

await spaces.create(killed.space, killed.topics);
const writer = await log.claim(killed.space, killed.identity, forever);
for (let round = Number(writer.position.next) + 1; round <= killed.rounds; round += 1) {
  await writer.commit(killed.records(round), { next: BigInt(round), note: `round ${round}` });
  writeSync(1, `${round}\n`);
}
const scratch = 'job.scratch';
await spaces.create(scratch, killed.topics);
await log.send(scratch, killed.records(1));
await spaces.close(scratch);
await spaces.drop(scratch);
writeSync(1, 'dropped\n');
await log.end();
await owner.end();
