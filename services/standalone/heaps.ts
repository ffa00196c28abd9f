// How the threads' heaps grow. V8's own choice is made for one heap that may have the machine: it
// collects nothing old before half a gigabyte, so that six threads would grow for as long as a job
// is large. Here each collects early and often enough that a million tasks take hardly more memory
// than ten thousand, and spends less time on it: what is collected early is small.
// The two V8 flags have no counterpart in resourceLimits, whose old generation is a wall at which a
// thread dies, not a threshold.

import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';
import type { ServiceName } from './thread-data.ts';

const oldSpaceMbAtStart = 24;
/** Over what a collection left, until the next. */
const oldSpaceGrowthPercent = 25;
/** Three half-spaces of 4 MiB: what such a thread handles is short-lived or in buffers. */
const youngSpaceMbSmall = 12;
/** Three of 12 MiB: a task in flight should die young, and thousands are in flight. */
const youngSpaceMbLarge = 36;

/** Before the first thread is started; the main thread's own heap is not changed by it. */
export function keepHeapsSmall(): void {
  setFlagsFromString(`--initial-old-space-size=${oldSpaceMbAtStart}`);
  setFlagsFromString(`--heap-growing-percent=${oldSpaceGrowthPercent}`);
}

export const heapLimits: Readonly<Record<ServiceName, ResourceLimits>> = {
  control: { maxYoungGenerationSizeMb: youngSpaceMbSmall },
  ingest: { maxYoungGenerationSizeMb: youngSpaceMbSmall },
  worker: { maxYoungGenerationSizeMb: youngSpaceMbLarge },
  reporter: { maxYoungGenerationSizeMb: youngSpaceMbSmall },
};
