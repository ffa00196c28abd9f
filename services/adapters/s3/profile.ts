// What the operator configured for a role: where its requests go and with whose credentials. A role
// ARN is matched by the first profile whose pattern fits it; `*` stands for any run of characters.

export interface StaticCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export interface RoleProfile {
  /** arn:aws:iam::123456789012:role/name, `*` for any run of characters. */
  readonly pattern: string;
  /** null: AWS itself. */
  readonly endpoint: string | null;
  readonly region: string;
  /** null: the SDK's default provider chain (environment, shared files, container, instance). */
  readonly credentials: StaticCredentials | null;
  readonly forcePathStyle: boolean;
  /** The operator vouches that this server knows tagging calls and does not overwrite objects. */
  readonly subresourcesSafe: boolean;
}

/** Which settings follow from the endpoint where the operator says nothing. */
export function profileDefaults(endpoint: string | null): {
  readonly forcePathStyle: boolean;
  readonly subresourcesSafe: boolean;
} {
  return { forcePathStyle: endpoint !== null, subresourcesSafe: endpoint === null };
}

export function findProfile(
  profiles: readonly RoleProfile[],
  roleArn: string,
): RoleProfile | undefined {
  return profiles.find(({ pattern }) => matchesPattern(pattern, roleArn));
}

/** Without regular expressions: each literal piece is searched for behind the one before. */
export function matchesPattern(pattern: string, text: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return text === pattern;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  if (text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.slice(0, end).indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}
