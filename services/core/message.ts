// What stands in the inbox: commands (a client asks) and levels (a service says how things stand).
// Both in one topic, since the coordinator needs one total order. Replies answer commands.
import type { Failure, JobRequest, JobStatus, LaneLevel, Reported } from './job.ts';
import type { Tag } from './s3-call.ts';

interface CommandBase {
  /** Unique; a repeated one gets the same reply. */
  readonly commandId: string;
  readonly accountId: string;
  readonly atMs: number;
}

export type Command =
  | (CommandBase & {
      readonly kind: 'create';
      /** The id to use if the token is new. */
      readonly jobId: string;
      readonly request: JobRequest;
      readonly requestHash: string;
    })
  | (CommandBase & {
      readonly kind: 'status';
      readonly jobId: string;
      readonly requested: 'Ready' | 'Cancelled';
      readonly reason: string | null;
    })
  | (CommandBase & { readonly kind: 'priority'; readonly jobId: string; readonly priority: number })
  /** The tags of the job from now on; none takes them all away. */
  | (CommandBase & { readonly kind: 'tags'; readonly jobId: string; readonly tags: readonly Tag[] })
  /** A user's pause and its end; no wire call yet. */
  | (CommandBase & { readonly kind: 'hold'; readonly jobId: string })
  | (CommandBase & { readonly kind: 'resume'; readonly jobId: string });

interface LevelBase {
  readonly jobId: string;
  /** The job's turn as the sender knew it. */
  readonly turn: number;
}

export type Level =
  /** From ingest: about how many tasks the manifest holds; decides the number of partitions. */
  | (LevelBase & { readonly kind: 'measured'; readonly tasksEstimated: number })
  | (LevelBase & { readonly kind: 'prepared'; readonly total: number })
  | (LevelBase & { readonly kind: 'unprepared'; readonly failure: Failure })
  /** From the reporter, per partition, absolute. */
  | (LevelBase & {
      readonly kind: 'progress';
      readonly partition: number;
      readonly read: LaneLevel['read'];
      readonly succeeded: number;
      readonly failed: number;
      readonly retries: number;
      readonly codes: Readonly<Record<string, number>>;
      readonly ended: LaneLevel['ended'];
    })
  /** From a worker: nothing of this lane is in flight any more, all outcomes are committed. */
  | (LevelBase & { readonly kind: 'drained'; readonly partition: number })
  /** From a worker: why its lane stands still, or null when it moves again. */
  | (LevelBase & {
      readonly kind: 'waiting';
      readonly partition: number;
      readonly reason: string | null;
    })
  | (LevelBase & { readonly kind: 'reported'; readonly reported: Reported });

export type Message = Command | Level;

/** Answer to a command, in the topic `replies`, key = commandId. */
export type Reply =
  | {
      readonly kind: 'accepted';
      readonly commandId: string;
      readonly jobId: string;
      /** The job's version that shows the effect: an answer waits until its view has it. */
      readonly version: number;
      readonly status: JobStatus;
      readonly priority: number;
    }
  | {
      readonly kind: 'refused';
      readonly commandId: string;
      /** A code of the error table in errors.ts. */
      readonly code: string;
      readonly message: string;
    };
