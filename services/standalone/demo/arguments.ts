// What may follow `npm run demo --`.

export interface DemoOptions {
  /** Leave everything running until Ctrl-C. */
  readonly keep: boolean;
  readonly objects: number;
  /** Where the copy of the report goes, and the data meanwhile. */
  readonly directory: string;
}

export type DemoArguments =
  | { readonly kind: 'options'; readonly options: DemoOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string };

const objectsDefault = 20_000;
const objectsMin = 100;
const objectsMax = 1_000_000;
const usage =
  'usage: npm run demo -- [--keep] [--objects N] [--directory FOLDER] [--help]\n' +
  `  --keep       leave it running and print lines to paste\n` +
  `  --objects N  ${objectsMin} to ${objectsMax} objects, ${objectsDefault} if absent\n` +
  '  --directory  where the report is copied to, ./.demo if absent\n' +
  '  --help       print this';

export function readDemoArguments(words: readonly string[]): DemoArguments {
  let keep = false;
  let objects = objectsDefault;
  let directory = '.demo';
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const value = words[at + 1] ?? '';
    if (word === '--help' || word === '-h') return { kind: 'help', text: usage };
    if (word === '--keep') keep = true;
    else if (word === '--objects' && isObjectCount(value)) {
      objects = Number(value);
      at += 1;
    } else if (word === '--directory' && value !== '') {
      directory = value;
      at += 1;
    } else {
      const what = `${word} ${value}`.trim();
      return { kind: 'problem', problem: `${what}: not understood.\n${usage}` };
    }
  }
  return { kind: 'options', options: { keep, objects, directory } };
}

function isObjectCount(text: string): boolean {
  return /^\d{1,7}$/.test(text) && Number(text) >= objectsMin && Number(text) <= objectsMax;
}
