// S3PutObjectRetention: sets the retention of every object, or takes it away (a Retention without
// members). Stored and shown; nothing sends it yet. A date in the past is each task's matter.
import type { PutObjectRetentionParameters } from '../operation.ts';
import {
  isAnyOf,
  isEventHoldDuration,
  isFlag,
  isShape,
  isText,
  type OperationForm,
} from './operation-file.ts';

const hasForm = isShape(
  {
    BypassGovernanceRetention: isFlag,
    Retention: isShape({
      RetainUntilDate: isText,
      Mode: isAnyOf('COMPLIANCE', 'GOVERNANCE'),
      EventHold: isAnyOf('ON', 'OFF'),
      EventHoldDuration: isEventHoldDuration,
    }),
  },
  ['Retention'],
);

export const s3PutObjectRetention: OperationForm<
  'S3PutObjectRetention',
  PutObjectRetentionParameters
> = {
  name: 'S3PutObjectRetention',
  isParameters(value): value is PutObjectRetentionParameters {
    return hasForm(value);
  },
  problem: ({ Retention: { Mode, RetainUntilDate, EventHold } }) =>
    // While an event hold is on, its duration stands for the date.
    EventHold !== undefined || (Mode === undefined) === (RetainUntilDate === undefined)
      ? null
      : 'Retention.Mode and Retention.RetainUntilDate must be given together.',
};
