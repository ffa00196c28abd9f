// The services of an installation on Kafka, each a process of its own behind a proxy of its own, and
// an orchestrator that starts whatever has ended again.
// Invariant: every end of a process is either ours (killed, or stopped at the end), or counted: lost
// (exit 3), a start that was refused while its brokers were away, or bad.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '../../../services/standalone/thread-data.ts';
import type { KafkaProxy } from '../../support/kafka-proxy.ts';

export interface Slot {
  readonly name: string;
  readonly service: ServiceName;
  readonly proxy: KafkaProxy;
  /** How the broker sees its connections. */
  readonly address: string;
}

export interface FleetOptions {
  readonly slots: readonly Slot[];
  readonly settingsOf: (slot: Slot) => Readonly<Record<string, string>>;
  /** True while a start may be refused for want of brokers. */
  readonly brokersMayBeAway: () => boolean;
  readonly say: (line: string) => void;
}

export interface Fleet {
  /** kill -9; another process is started. Resolves when the old one has ended. */
  kill(slot: Slot): Promise<void>;
  /** SIGSTOP, and after a while SIGCONT. Resolves then. */
  freeze(slot: Slot, durationMs: number): Promise<void>;
  readonly counts: { readonly lost: number; readonly refused: number; readonly bad: number };
  /** Stops all of them politely; one that does not end is bad. */
  end(): Promise<void>;
}

/** One process, from its start to its end. */
interface Life {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  isKilled: boolean;
}

interface Post {
  readonly slot: Slot;
  readonly life: () => Life;
  /** Ends when the fleet does. */
  readonly running: Promise<void>;
}

const restartDelayMs = 200;
const stopMsMax = 25_000;
const linesKept = 30;
const lineCharactersMax = 600;
const exitUnusable = 2;
const exitLost = 3;
/** As a start says it. */
const refusedPattern = /^s3batch: the broker .* cannot be used/;
const program = new URL('../../../services/standalone/service.ts', import.meta.url);

export function openFleet(options: FleetOptions): Fleet {
  const counts = { lost: 0, refused: 0, bad: 0 };
  const { say } = options;
  let isEnding = false;

  function judgeEnd(
    name: string,
    code: number | null,
    how: string,
    lines: readonly string[],
  ): void {
    if (isEnding && code === 0) return;
    const isRefused = lines.some((line) => refusedPattern.test(line)) && options.brokersMayBeAway();
    if (isRefused && (code === exitLost || code === exitUnusable)) counts.refused += 1;
    else if (code === exitLost) counts.lost += 1;
    else counts.bad += 1;
    say(`${name} ended by itself with ${how}; its last lines:\n${lines.join('\n')}`);
  }

  function start(slot: Slot): Life {
    const { PATH = '', HOME = '' } = process.env;
    const child = fork(program, [slot.service], {
      env: { PATH, HOME, ...options.settingsOf(slot) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const lines = lastLinesOf(child);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const life: Life = { child, ended, isKilled: false };
    child.once('close', (code, signal) => {
      if (!life.isKilled) judgeEnd(slot.name, code, `${code ?? signal}`, lines);
      resolve();
    });
    return life;
  }

  function openPost(slot: Slot): Post {
    let life = start(slot);
    const keepRunning = async (): Promise<void> => {
      for (;;) {
        await life.ended;
        if (!isEnding) await pause(restartDelayMs);
        if (isEnding) return;
        life = start(slot);
      }
    };
    return { slot, life: () => life, running: keepRunning() };
  }

  const posts = options.slots.map(openPost);
  const postOf = (slot: Slot): Post => {
    const found = posts.find((post) => post.slot === slot);
    if (found === undefined) throw new Error(`no slot ${slot.name}`);
    return found;
  };

  return {
    kill: async (slot) => {
      const life = postOf(slot).life();
      life.isKilled = true;
      life.child.kill('SIGKILL');
      await life.ended;
    },
    freeze: async (slot, durationMs) => {
      const { child } = postOf(slot).life();
      child.kill('SIGSTOP');
      await pause(durationMs);
      // Killed meanwhile: there is nothing to wake.
      if (isAlive(child)) child.kill('SIGCONT');
    },
    counts,
    end: async () => {
      isEnding = true;
      const force = setTimeout(() => {
        for (const { slot, life } of posts) {
          if (!isAlive(life().child)) continue;
          say(`${slot.name} did not stop in time`);
          life().child.kill('SIGKILL');
        }
      }, stopMsMax);
      for (const { life } of posts) life().child.kill('SIGTERM');
      await Promise.all(posts.map(({ running }) => running));
      clearTimeout(force);
    },
  };
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** What it has printed, the last few lines, growing. */
function lastLinesOf({ stdout, stderr }: ChildProcess): readonly string[] {
  const lines: string[] = [];
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== '')) {
        lines.push(line.slice(0, lineCharactersMax));
        if (lines.length > linesKept) lines.shift();
      }
    });
  }
  return lines;
}
