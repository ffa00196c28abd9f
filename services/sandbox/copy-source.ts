// x-amz-copy-source: bucket/key, URL-encoded, perhaps with a leading slash and ?versionId=.
import { type Answer, ok, refuse } from './refusal.ts';
import type { TagTarget } from './tags.ts';

export function parseCopySource(text: string): Answer<TagTarget> {
  const source = /^\/?([^/?]+)\/(.+?)(?:\?versionId=([^?]*))?$/su.exec(text);
  try {
    const [bucket, key] = [source?.[1], source?.[2]];
    if (bucket === undefined || key === undefined) throw new Error('not bucket/key');
    const versionId = source?.[3];
    return ok({
      bucket: decodeURIComponent(bucket),
      key: decodeURIComponent(key),
      versionId: versionId === undefined ? null : decodeURIComponent(versionId),
    });
  } catch {
    return refuse(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
}
