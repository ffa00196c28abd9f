// The process-wide limit on requests in flight, dealt fairly: jobs take turns, and within a job its
// lanes do, so that neither a job of many partitions nor one that came first keeps the others out.
// Invariant: while a slot is free nobody waits.

/** One lane's seat. */
export interface Place {
  /** Resolves true with a slot, false once the place is closed. */
  enter(): Promise<boolean>;
  exit(): void;
  /** Nobody gets in any more; slots that were given are still to be returned by exit. */
  close(): void;
}

export interface Share {
  open(jobId: string): Place;
  /** Lanes at work. */
  seats(): number;
}

interface Seat {
  readonly jobId: string;
  readonly waiting: ((isIn: boolean) => void)[];
  isClosed: boolean;
}

export function openShare(slots: number): Share {
  let free = slots;
  let seated = 0;
  /** Jobs with someone waiting, in turn; within each, its seats with someone waiting, in turn. */
  const turns = new Map<string, Seat[]>();

  function nextWaiting(): ((isIn: boolean) => void) | undefined {
    for (const [jobId, seats] of turns) {
      turns.delete(jobId);
      const seat = seats.shift();
      const enter = seat?.waiting.shift();
      if (seat !== undefined && seat.waiting.length > 0) seats.push(seat);
      if (seats.length > 0) turns.set(jobId, seats);
      if (enter !== undefined) return enter;
    }
    return undefined;
  }

  function queue(seat: Seat): void {
    const seats = turns.get(seat.jobId);
    if (seats === undefined) turns.set(seat.jobId, [seat]);
    else if (!seats.includes(seat)) seats.push(seat);
  }

  function openPlace(jobId: string): Place {
    const seat: Seat = { jobId, waiting: [], isClosed: false };
    seated += 1;
    return {
      enter: () => {
        if (seat.isClosed) return Promise.resolve(false);
        if (free > 0) {
          free -= 1;
          return Promise.resolve(true);
        }
        return new Promise((resolve) => {
          seat.waiting.push(resolve);
          queue(seat);
        });
      },
      exit: () => {
        const enter = nextWaiting();
        if (enter === undefined) free += 1;
        else enter(true);
      },
      close: () => {
        if (!seat.isClosed) seated -= 1;
        seat.isClosed = true;
        for (const enter of seat.waiting.splice(0)) enter(false);
      },
    };
  }

  return { open: openPlace, seats: () => seated };
}
