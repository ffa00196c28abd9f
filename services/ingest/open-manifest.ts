// Opens a job's manifest: the role, the object, its ETag against the one the client named, and what
// it lists. Everything that is read later is pinned to what is found here.
import { parseObjectArn } from '../core/arn.ts';
import type { Job, ManifestLocation } from '../core/job.ts';
import type { ObjectAddress, ObjectHead } from '../core/storage.ts';
import type { Buffered } from './buffered.ts';
import { headObject } from './head-object.ts';
import type { Ingest } from './ingest.ts';
import { type ManifestObject, type ManifestPlan, planCsv, planInventory } from './plan.ts';
import { badContent, type Problem, problem, shown } from './problem.ts';
import { readRanges } from './ranges.ts';
import type { Source } from './source.ts';

export interface OpenManifest extends ManifestPlan {
  readonly source: Source;
}

const subject = 'the manifest';

export async function openManifest(
  ingest: Ingest,
  job: Job,
  signal: AbortSignal,
): Promise<OpenManifest> {
  const { manifest, bucketsAllowed } = job.request;
  if (manifest.format === 'generated') throw generatorProblem();
  const source = openSource(ingest, job.request.roleArn);
  const at = manifestAddress(manifest.location);
  const head = await headObject(source, subject, at, signal);
  checkETag(manifest.location, head);
  const object = { ...at, bytes: head.bytes, etag: head.etag, subject };
  switch (manifest.format) {
    case 'S3BatchOperations_CSV_20180820':
      return { source, ...planCsv(manifest.fields, object) };
    case 'S3InventoryReport_CSV_20161130': {
      const text = await readText(source, object, ingest.buffered, signal);
      return { source, ...planInventory(text, object, source.limits, bucketsAllowed !== null) };
    }
  }
}

/** A coordinator of this version fails such a job itself (core/not-built.ts). */
function generatorProblem(): Problem {
  return problem(
    'NotImplemented',
    'This version of s3batch does not do ManifestGenerator yet, but the coordinator is a newer ' +
      'one that does. Upgrade the ingesters.',
  );
}

function openSource(ingest: Ingest, roleArn: string): Source {
  const storage = ingest.roles.resolve(roleArn);
  if (storage === undefined) {
    throw problem(
      'AssumeRoleNotPermitted',
      `The role ${shown(roleArn, 100)} is not configured in this installation. ` +
        'Add it to the file named by S3BATCH_ROLES.',
    );
  }
  const { clock, limits } = ingest;
  return { storage, roleArn, endpoint: storage.endpoint, clock, limits };
}

function manifestAddress(location: ManifestLocation): ObjectAddress {
  const name = parseObjectArn(location.objectArn);
  if (name === null) {
    throw badContent(
      `The manifest's ObjectArn ${shown(location.objectArn)} is not the ARN of an object ` +
        '(arn:aws:s3:::bucket/key).',
    );
  }
  return { ...name, versionId: location.objectVersionId };
}

/** Clients send the ETag with quotes or without. */
function checkETag(location: ManifestLocation, head: ObjectHead): void {
  const wanted = location.etag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
  if (wanted === head.etag) return;
  throw badContent(
    `The manifest's ETag is ${shown(head.etag)}, the job names ${shown(wanted)}: the manifest ` +
      'changed. Create a new job with the ETag that it has now.',
  );
}

/** manifest.json as text, which must be UTF-8. */
async function readText(
  source: Source,
  object: ManifestObject,
  buffered: Buffered,
  signal: AbortSignal,
): Promise<string> {
  const { manifestBytesMax } = source.limits;
  if (object.bytes > manifestBytesMax) {
    throw badContent(
      `The manifest has ${object.bytes} bytes, a manifest.json may have ${manifestBytesMax}. ` +
        'Is it the manifest.json of an inventory?',
    );
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for await (const { bytes } of readRanges(source, object, 0, buffered, signal)) {
      text += decoder.decode(bytes, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw badContent('manifest.json is not UTF-8.');
    throw error;
  }
}
