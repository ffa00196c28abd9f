// The desk: how everything in control (wire API, JSON API, rules) asks the coordinator and reads
// jobs. Commands go through the inbox, so that the coordinator may run in another process.
import type { Job } from '../core/job.ts';
import type { Command, Reply } from '../core/message.ts';

export interface JobDesk {
  /** Sends the command, waits for its reply, and until this desk's own view shows its effect. */
  ask(command: Command, signal: AbortSignal): Promise<Reply>;
  /** undefined only after the view has caught up with everything committed before the call. */
  find(accountId: string, jobId: string, signal: AbortSignal): Promise<Job | undefined>;
  /** Newest first; ties by id. Every job that is kept. */
  list(accountId: string, signal: AbortSignal): Promise<readonly Job[]>;
}
