// A problem is what makes a job fail in Preparing: thrown where it is found, caught once per job,
// sent as a level. Its reason names the place and the remedy within AWS's 256 characters.
import type { Failure } from '../core/job.ts';

export const failureCodeCharactersMax = 64;
export const failureReasonCharactersMax = 256;
const shownCharactersMax = 80;
const shownKeyCharactersMax = 64;

export interface Problem extends Error {
  readonly failure: Failure;
}

export function problem(code: string, reason: string): Problem {
  const failure = {
    code: code.slice(0, failureCodeCharactersMax),
    reason: shorten(reason, failureReasonCharactersMax),
  };
  return Object.assign(new Error(`${code}: ${reason}`), { name: 'Problem', failure });
}

/** The manifest itself is wrong: AWS's word for it. */
export function badContent(reason: string): Problem {
  return problem('InvalidManifestContent', reason);
}

export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && error.name === 'Problem' && 'failure' in error;
}

/** Text from outside, fit to stand in a reason: control characters escaped, the middle left out. */
export function shown(text: string, charactersMax: number = shownCharactersMax): string {
  const escaped = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
  if (escaped.length <= charactersMax) return escaped;
  const half = Math.floor((charactersMax - 1) / 2);
  return `${escaped.slice(0, half)}…${escaped.slice(escaped.length - half)}`.toWellFormed();
}

/** A key as people know it: by its end. */
export function shownKey(key: string): string {
  const text = shown(key, Number.MAX_SAFE_INTEGER);
  if (text.length <= shownKeyCharactersMax) return text;
  return `…${text.slice(1 - shownKeyCharactersMax)}`.toWellFormed();
}

/** The first word of a sentence. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  return `${text.slice(0, charactersMax - 1)}…`.toWellFormed();
}
