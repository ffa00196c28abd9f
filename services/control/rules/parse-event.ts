// An S3 event document as S3 (and servers like it) post it, to the objects that were created. Keys
// in it are form-URL-encoded ("Event message structure", S3 User Guide). What wraps such a document
// in another is refused by name rather than misread.
import { z } from 'zod';

export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
}

export type EventAnswer =
  | {
      readonly kind: 'created';
      readonly objects: readonly CreatedObject[];
      /** Records of other events, and such that cannot be read. */
      readonly others: number;
    }
  | { readonly kind: 'refused'; readonly message: string };

/** S3 sends one at a time, servers like it a few; judging half a million would stop control. */
export const eventRecordsMax = 1_000;

const record = z.object({
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string() }),
  }),
});
const documentFields = z.object({ Records: z.array(z.unknown()) });
const testEvent = z.object({ Event: z.literal('s3:TestEvent') });
const snsEnvelope = z.object({ Type: z.string(), TopicArn: z.string() });
const bridgeEvent = z.object({ 'detail-type': z.string(), detail: z.unknown() });

export function parseEvent(body: string): EventAnswer {
  const parsed = parseJson(body);
  if (parsed === undefined) return refused('The body is not JSON.');
  if (testEvent.safeParse(parsed).success) return { kind: 'created', objects: [], others: 1 };
  if (snsEnvelope.safeParse(parsed).success) {
    return refused(
      'Events inside SNS messages are not understood yet; send S3 event documents as they are ' +
        '(raw message delivery).',
    );
  }
  if (bridgeEvent.safeParse(parsed).success) {
    return refused('EventBridge events are not understood yet; send S3 event notifications.');
  }
  const fields = documentFields.safeParse(parsed);
  if (!fields.success) return refused('The body is not an S3 event document: it has no Records.');
  const { Records: records } = fields.data;
  if (records.length > eventRecordsMax) {
    return refused(`The document has more than ${eventRecordsMax} Records; send them in parts.`);
  }
  const objects: CreatedObject[] = [];
  for (const entry of records) {
    const created = createdObject(entry);
    if (created !== null) objects.push(created);
  }
  return { kind: 'created', objects, others: records.length - objects.length };
}

function createdObject(entry: unknown): CreatedObject | null {
  const fields = record.safeParse(entry);
  if (!fields.success) return null;
  const { eventName, s3 } = fields.data;
  // MinIO and Ceph put s3: in front.
  if (!eventName.replace(/^s3:/, '').startsWith('ObjectCreated:')) return null;
  const key = decodeForm(s3.object.key);
  return key === null ? null : { bucket: s3.bucket.name, key };
}

function decodeForm(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(message: string): EventAnswer {
  return { kind: 'refused', message };
}
