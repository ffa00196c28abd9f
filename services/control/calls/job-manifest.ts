// The manifest of a CreateJob request to the stored one, and back. Whether the object exists and
// holds what it should is found in Preparing; here only what the request itself shows.
import { isObjectArn } from '../../core/arn.ts';
import type { GivenManifest, Manifest } from '../../core/job.ts';
import type { ValueOf, WritableOf } from '../wire/shape.ts';
import type { jobManifest } from '../wire/shapes.ts';

type WireManifest = ValueOf<typeof jobManifest>;

/** Of a manifest that is given or to be generated. */
export type ManifestAnswer =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'problem'; readonly message: string };

export function manifestOf(wire: WireManifest): ManifestAnswer {
  const { ObjectArn: objectArn, ObjectVersionId, ETag: etag } = wire.Location;
  if (!isObjectArn(objectArn)) {
    return problem(
      'Manifest.Location.ObjectArn must name an object of a bucket, such as ' +
        'arn:aws:s3:::bucket/manifest.csv.',
    );
  }
  const location = { objectArn, objectVersionId: ObjectVersionId ?? null, etag };
  const fields = wire.Spec.Fields;
  switch (wire.Spec.Format) {
    case 'S3InventoryReport_CSV_20161130':
      if (fields !== undefined) {
        return problem('Manifest.Spec.Fields must be absent: an inventory names its own columns.');
      }
      return { kind: 'manifest', manifest: { format: wire.Spec.Format, location } };
    case 'S3BatchOperations_CSV_20180820': {
      const wrong = fieldsProblem(fields ?? []);
      if (wrong !== null) return problem(wrong);
      return {
        kind: 'manifest',
        manifest: { format: wire.Spec.Format, fields: fields ?? [], location },
      };
    }
  }
}

function problem(message: string): ManifestAnswer {
  return { kind: 'problem', message };
}

function fieldsProblem(fields: readonly string[]): string | null {
  for (const name of ['Bucket', 'Key']) {
    if (!fields.includes(name)) {
      return `Required fields are missing in the schema: Manifest.Spec.Fields must hold ${name}.`;
    }
  }
  const repeated = fields.find(
    (name, index) => name !== 'Ignore' && fields.indexOf(name) !== index,
  );
  return repeated === undefined ? null : `Manifest.Spec.Fields names ${repeated} twice.`;
}

export function wireManifest(manifest: GivenManifest): WritableOf<typeof jobManifest> {
  const { objectArn, objectVersionId, etag } = manifest.location;
  return {
    Spec: {
      Format: manifest.format,
      ...('fields' in manifest ? { Fields: manifest.fields } : {}),
    },
    Location: {
      ObjectArn: objectArn,
      ...(objectVersionId === null ? {} : { ObjectVersionId: objectVersionId }),
      ETag: etag,
    },
  };
}
