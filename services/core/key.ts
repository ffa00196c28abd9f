// How a key is spelled in a CSV: form encoding as S3 Inventory and completion reports use it (that
// of Java's URLEncoder, with '/' kept). Letters, digits, '*', '-', '.', '_' and '/' stand for
// themselves, a space is '+', every other byte of the UTF-8 is %XX in upper case.
// Invariant: decodeKey(encodeKey(key)) is the key, for every key that is well-formed Unicode.

export const keyBytesMax = 1024;

const plainKey = /^[A-Za-z0-9*\-._/]*$/;
const mustDecode = /[%+]/;
/** Plain characters, '+', and %XX of bytes that have no other spelling: exactly what we write. */
const asEncoded =
  /^(?:[A-Za-z0-9*\-._/+]|%(?:[0189A-F][0-9A-F]|2[1-9BC]|3[A-F]|40|5[B-E]|60|7[B-F]))*$/;

export function encodeKey(key: string): string {
  if (plainKey.test(key)) return key;
  return encodeURIComponent(key)
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** null: a percent sign without two hex digits, or bytes that are not UTF-8. */
export function decodeKey(text: string): string | null {
  if (!mustDecode.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return null;
  }
}

/** Whether a spelling that decodeKey takes is the one that encodeKey gives: nearly always. */
export function isAsEncoded(text: string): boolean {
  return asEncoded.test(text);
}

/** Bytes of the text as UTF-8, without encoding it. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two, so that the pair counts four.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
