// The access keys that may call control, read from the file that S3BATCH_KEYS names.
// Invariant: no message ever shows a secret.

export interface AccessKey {
  readonly secretAccessKey: string;
  readonly accountId: string;
}

/** The port: where keys come from. */
export interface Keys {
  find(accessKeyId: string): AccessKey | undefined;
  /** Every account that a key belongs to, each once. */
  readonly accountIds: readonly string[];
}

export type KeysAnswer =
  | { readonly kind: 'keys'; readonly keys: Keys }
  /** One sentence per mistake: which entry, what is wrong, the remedy. */
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export const accessKeysMax = 10_000;
const secretCharactersMin = 8;
const memberNames = ['accessKeyId', 'secretAccessKey', 'accountId'];

export function parseKeys(fileText: string): KeysAnswer {
  const entries = readJson(fileText);
  if (!Array.isArray(entries)) {
    return problems([
      'The file must hold a JSON list: [{"accessKeyId": "…", "secretAccessKey": "…", ' +
        '"accountId": "123456789012"}].',
    ]);
  }
  if (entries.length === 0) return problems(['The list is empty: name at least one access key.']);
  if (entries.length > accessKeysMax) return problems([`More than ${accessKeysMax} keys.`]);
  const found = new Map<string, AccessKey>();
  const mistakes: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const place = `Entry ${index + 1}`;
    const members = membersOf(entry);
    mistakes.push(...mistakesOf(place, members));
    const id = members.get('accessKeyId');
    const secret = members.get('secretAccessKey');
    const accountId = members.get('accountId');
    if (typeof id !== 'string' || typeof secret !== 'string' || typeof accountId !== 'string') {
      continue;
    }
    if (found.has(id)) mistakes.push(`${place}: accessKeyId ${id} stands in the list twice.`);
    found.set(id, { secretAccessKey: secret, accountId });
  }
  return mistakes.length > 0 ? problems(mistakes) : { kind: 'keys', keys: keysOf(found) };
}

export function keysOf(entries: ReadonlyMap<string, AccessKey>): Keys {
  return {
    find: (accessKeyId) => entries.get(accessKeyId),
    accountIds: [...new Set([...entries.values()].map((key) => key.accountId))],
  };
}

function problems(sentences: readonly string[]): KeysAnswer {
  return { kind: 'problems', problems: sentences };
}

function readJson(fileText: string): unknown {
  try {
    return JSON.parse(fileText);
  } catch {
    // The parser's own message would quote the file, and with it a secret.
    return undefined;
  }
}

function membersOf(entry: unknown): ReadonlyMap<string, unknown> {
  const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  return new Map(isObject ? Object.entries(entry) : []);
}

function mistakesOf(place: string, members: ReadonlyMap<string, unknown>): readonly string[] {
  const mistakes: string[] = [];
  const need = (name: string, pattern: RegExp, rule: string): void => {
    const value = members.get(name);
    if (typeof value !== 'string' || !pattern.test(value)) {
      mistakes.push(`${place}: ${name} must be ${rule}.`);
    }
  };
  need('accessKeyId', /^[\w.-]{3,128}$/, 'text of 3 to 128 letters, digits, _ . or -');
  need(
    'secretAccessKey',
    new RegExp(`^[\\x21-\\x7e]{${secretCharactersMin},256}$`),
    `text of ${secretCharactersMin} to 256 visible ASCII characters`,
  );
  need('accountId', /^\d{12}$/, 'text of 12 digits');
  for (const name of members.keys()) {
    if (name === 'policy') {
      mistakes.push(`${place}: policies are not built yet; remove the member "policy".`);
    } else if (!memberNames.includes(name)) {
      mistakes.push(
        `${place}: no member has the name ${JSON.stringify(name)}; known are ` +
          `${memberNames.join(', ')}.`,
      );
    }
  }
  return mistakes;
}
