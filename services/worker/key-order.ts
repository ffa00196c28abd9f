// Tasks on one key never run at the same time and run in the order of the manifest: the first one
// runs, the others stand behind it. Tasks of other keys pass by.

export interface KeyOrder {
  /** Calls start now, or when every earlier task of the key has left. */
  enter(key: string, start: () => void): void;
  leave(key: string): void;
}

export function openKeyOrder(): KeyOrder {
  /** null: someone runs and nobody waits. */
  const busy = new Map<string, (() => void)[] | null>();
  return {
    enter: (key, start) => {
      const waiting = busy.get(key);
      if (waiting === undefined) {
        busy.set(key, null);
        start();
      } else if (waiting === null) busy.set(key, [start]);
      else waiting.push(start);
    },
    leave: (key) => {
      const next = busy.get(key)?.shift();
      if (next === undefined) busy.delete(key);
      else next();
    },
  };
}
