// A drop rule: whatever Inventory delivery arrives under its prefix becomes one job. Parsed once
// from the operator's file; inside, everything is checked and every default filled in.
import type { ReportSettings } from '../../core/job.ts';
import type { BuiltOperation } from '../../core/operation.ts';

export interface Rule {
  readonly name: string;
  /** Where deliveries arrive. */
  readonly bucket: string;
  /** <destination prefix>/<source bucket>/<configuration id>/, with the slash at its end. */
  readonly prefix: string;
  /** The bucket that the deliveries must be about. */
  readonly sourceBucket: string;
  readonly roleArn: string;
  readonly accountId: string;
  readonly operation: BuiltOperation;
  readonly report: ReportSettings;
  readonly priority: number;
  readonly confirmationRequired: boolean;
  readonly topicArn: string | null;
  readonly description: string | null;
  /** The buckets whose objects its jobs may touch. */
  readonly buckets: readonly string[];
  readonly pollMs: number;
}

export const checksumName = 'manifest.checksum';
export const manifestName = 'manifest.json';

const folderName = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}Z$/;

/** Deliveries stand in folders named by their minute; data/ and hive/ are none. */
export function isDeliveryFolder(name: string): boolean {
  return folderName.test(name);
}

/** What a rule's deliveries came to; `known` is a delivery whose job exists already. */
export type RuleOutcome = 'started' | 'known' | 'rejected' | 'too old' | 'unreachable';

export interface RuleMetrics {
  countDelivery(rule: string, outcome: RuleOutcome): void;
}
