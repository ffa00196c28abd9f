// The entry of the owner's thread: locks the directory, opens the log, then only passes ports on.
import { isMainThread, MessagePort, parentPort, workerData } from 'node:worker_threads';
import { lockDirectory, messageOf, prepareDirectory } from './directory.ts';
import { LogOwner } from './log-owner.ts';
import type { OwnerNews, OwnerOptions, OwnerOrder, ToOwner } from './protocol.ts';

const lookEveryMs = 1_000;

function run(options: OwnerOptions, main: MessagePort): void {
  const tell = (news: OwnerNews) => main.postMessage(news);
  const beforeStatement = statementCounter(options.fault);
  let unlock = () => {};
  let owner: LogOwner;
  try {
    prepareDirectory(options.directory);
    unlock = lockDirectory(options.directory, beforeStatement);
    owner = new LogOwner(options, beforeStatement, (low, freeBytes) =>
      tell({ news: 'disk', low, freeBytes }),
    );
  } catch (error) {
    unlock();
    tell({ news: 'refused', message: messageOf(error) });
    main.close();
    return;
  }
  const ports = new Set<MessagePort>();
  const looking = setInterval(() => owner.look(), lookEveryMs);
  main.on('message', (order: OwnerOrder & { readonly port?: MessagePort }) => {
    const { port } = order;
    if (order.order === 'connect' && port !== undefined) {
      const { receive, close } = owner.connect(port);
      ports.add(port);
      port.on('message', (message: ToOwner) => receive(message));
      port.on('close', () => {
        ports.delete(port);
        close();
      });
    } else if (order.order === 'end') {
      clearInterval(looking);
      owner.end();
      unlock();
      for (const open of ports) open.close();
      main.close();
    }
  });
  tell({ news: 'ready' });
}

/** For the tests: the n-th statement fails, or the process ends before it as if by kill -9. */
function statementCounter({ kind, atStatement }: OwnerOptions['fault']): () => void {
  let statements = 0;
  return () => {
    statements += 1;
    if (statements !== atStatement) return;
    if (kind === 'fail') throw Object.assign(new Error('an injected fault'), { errcode: 10 });
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}

if (!isMainThread && parentPort !== null) run(workerData, parentPort);
