// The real clients that tests need: the AWS CLI and a Python with boto3 or with Kafka clients, found
// by AWS_CLI and PYTHON, else on the PATH. Absent: said loudly, and with CI=true a failure.
import { execFileSync } from 'node:child_process';

export const awsCli = process.env.AWS_CLI ?? 'aws';
export const python = process.env.PYTHON ?? 'python3';
export const hasCli = isThere(awsCli, ['--version'], 'the AWS CLI (set AWS_CLI to its path)');
export const hasBoto3 = isThere(
  python,
  ['-c', 'import boto3'],
  'boto3 (set PYTHON to one that has it)',
);

/** Asked only by those who need it: their packages are three more. */
export function kafkaPythonIsHere(): boolean {
  return isThere(
    python,
    ['-c', 'import confluent_kafka, fastavro, zstandard'],
    'confluent-kafka, fastavro and zstandard (set PYTHON to one that has them)',
  );
}

function isThere(command: string, options: readonly string[], what: string): boolean {
  try {
    execFileSync(command, options, { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI === 'true') throw new Error(`${what} is missing on this machine.`);
    console.warn(`SKIPPED for want of ${what}.`);
    return false;
  }
}
