// What may follow `npm run kafka --`.

export interface KafkaCommand {
  readonly verb: 'up' | 'down' | 'status';
  /** null: none was given, which means portDefault for a broker that is to be started. */
  readonly port: number | null;
  readonly dataFolder: string;
  /** null: the project's own. */
  readonly jarsFolder: string | null;
}

export type KafkaArguments =
  | { readonly kind: 'command'; readonly command: KafkaCommand }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'problem'; readonly problem: string };

export const portDefault = 9092;
const portMax = 65_535;
export const dataFolderDefault = '.kafka/data';
const verbs = ['up', 'down', 'status'] as const;
const usage =
  'usage: npm run kafka -- up|down|status [--port N] [--data FOLDER] [--jars FOLDER]\n' +
  '  up       starts a Kafka broker of one node that goes on in the background\n' +
  '  down     stops it; its data stay\n' +
  '  status   says where it is; exit code 1 if it does not run\n' +
  `  --port   where up makes it listen on 127.0.0.1, ${portDefault} if absent\n` +
  `  --data   its folder, ${dataFolderDefault} if absent; removing it forgets everything\n` +
  '  --jars   the folder of its jars, .kafka/libs-4.1.1 if absent; up brings them with Maven\n' +
  '  --help   print this';

export function readKafkaArguments(words: readonly string[]): KafkaArguments {
  let verb: KafkaCommand['verb'] | undefined;
  let port: number | null = null;
  let dataFolder = dataFolderDefault;
  let jarsFolder: string | null = null;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    const value = words[at + 1] ?? '';
    const asVerb = verbs.find((known) => known === word);
    if (word === '--help' || word === '-h') return { kind: 'help', text: usage };
    if (asVerb !== undefined && verb === undefined) {
      verb = asVerb;
      continue;
    }
    if (word === '--port' && isPort(value)) port = Number(value);
    else if (word === '--data' && value !== '') dataFolder = value;
    else if (word === '--jars' && value !== '') jarsFolder = value;
    else {
      const what = `${word} ${value}`.trim();
      return { kind: 'problem', problem: `${what}: not understood.\n${usage}` };
    }
    at += 1;
  }
  if (verb === undefined) return { kind: 'problem', problem: `Say what to do.\n${usage}` };
  return { kind: 'command', command: { verb, port, dataFolder, jarsFolder } };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= portMax;
}
