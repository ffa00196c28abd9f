// The embedded log keeps the contract of the log. A service is killed by closing its port, which is
// all that the owner sees of a thread's death; the whole process is killed in test/system.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectLog } from '../../../services/adapters/log/sqlite/connect.ts';
import { fileOf } from '../../../services/adapters/log/sqlite/directory.ts';
import { type LogOwnerHandle, openLogOwner } from '../../../services/adapters/log/sqlite/owner.ts';
import { logContract } from './suite.ts';

logContract('sqlite', async (faultAt) => {
  const directory = mkdtempSync(join(tmpdir(), 's3batch-log-'));
  let atStatement = faultAt;
  let owner: Promise<LogOwnerHandle> | null = null;
  const close = async () => {
    const opened = await owner?.catch(() => null);
    owner = null;
    await opened?.end();
  };
  return {
    connect: async () => {
      owner ??= openLogOwner({ directory, fault: { kind: 'fail', atStatement } });
      const port = (await owner).port();
      return { ...connectLog(port), kill: () => port.close() };
    },
    heal: async () => {
      await close();
      atStatement = 0;
    },
    forgetPosition: async (space, identity) => {
      await close();
      const database = new DatabaseSync(fileOf(directory, space));
      database.prepare('DELETE FROM positions WHERE identity = ?').run(identity);
      database.close();
    },
    end: async () => {
      await close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
