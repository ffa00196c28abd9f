// How a key is spelled in a CSV: form encoding as S3 Inventory and completion reports use it (that
// of Java's URLEncoder, with '/' kept). Letters, digits, '*', '-', '.', '_' and '/' stand for
// themselves, a space is '+', every other byte of the UTF-8 is %XX in upper case.
// Invariant: decodeKey(encodeKey(key)) is the key, for every key that is well-formed Unicode.

export const keyBytesMax = 1024;

const plainKey = /^[A-Za-z0-9*\-._/]*$/;
const mustDecode = /[%+]/;

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
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch {
    return null;
  }
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
