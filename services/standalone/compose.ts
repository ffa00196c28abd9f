// Each service of an installation, put together from ports and adapters in a file of its own. Only
// there is it known which adapter stands behind a port. A function runs until its signal is
// aborted; it rejects for a bug or a lost world, and then its thread ends and is started again.
// Invariant: a thread loads what its own service needs and nothing of the others, since every
// thread has a heap of its own.
import type { ServiceRun } from './surroundings.ts';
import type { ServiceName } from './thread-data.ts';

export const services: Readonly<Record<ServiceName, () => Promise<ServiceRun>>> = {
  control: async () => (await import('./compose/control.ts')).control,
  ingest: async () => (await import('./compose/ingest.ts')).ingest,
  worker: async () => (await import('./compose/worker.ts')).worker,
  reporter: async () => (await import('./compose/reporter.ts')).reporter,
};
