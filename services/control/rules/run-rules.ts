// All drop rules: one loop each, so that a slow bucket holds up its own rule only, and the door
// through which S3 events name deliveries to look at.
import { aborted } from '../../core/bell.ts';
import { ignoreGone } from '../../core/log.ts';
import type { EventDoor } from '../../core/notify.ts';
import { parseEvent } from './parse-event.ts';
import { checksumName, type Rule } from './rule.ts';
import { isFolderOf, openRuleLoop, type RulePorts } from './rule-loop.ts';

export interface Rules {
  readonly door: EventDoor;
  /** Ends when the signal is aborted or the control space is gone; rejects when the log is lost. */
  run(signal: AbortSignal): Promise<void>;
}

export function openRules(ports: RulePorts, rules: readonly Rule[]): Rules {
  const loops = rules.map((rule) => openRuleLoop(ports, rule));
  return {
    door: {
      accept(body) {
        const event = parseEvent(body);
        if (event.kind === 'refused') return event;
        let noticed = 0;
        let ignored = event.others;
        for (const { bucket, key } of event.objects) {
          const folder = key.slice(0, -checksumName.length);
          const meant = key.endsWith(`/${checksumName}`)
            ? loops.filter(({ rule }) => rule.bucket === bucket && isFolderOf(rule, folder))
            : [];
          if (meant.length === 0) ignored += 1;
          else if (meant.map((loop) => loop.notice(folder)).every(Boolean)) noticed += 1;
          else {
            return {
              kind: 'busy',
              message: 'Too many deliveries wait to be looked at; send the event again later.',
            };
          }
        }
        return { kind: 'accepted', noticed, ignored };
      },
    },
    async run(signal) {
      // Without rules there is nothing to look for, and still nothing has ended.
      if (loops.length === 0) return aborted(signal);
      const stop = new AbortController();
      const ended = AbortSignal.any([signal, stop.signal]);
      await Promise.all(
        loops.map((loop) =>
          loop.run(ended).catch((error: unknown) => {
            stop.abort();
            ignoreGone(error);
          }),
        ),
      );
    },
  };
}
