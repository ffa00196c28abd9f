// What the demo shows. On a terminal: colour and one progress line that is drawn over itself;
// without a TTY or with NO_COLOR: plain lines, one per step of progress.

export interface Screen {
  step(title: string): void;
  line(text: string): void;
  /** done of total, and how fast. */
  progress(done: number, total: number, perSecond: number): void;
  good(text: string): void;
  bad(text: string): void;
}

export interface ScreenOutput {
  readonly isTTY?: boolean;
  /** Of a terminal. A line that is drawn over itself must not reach its edge. */
  readonly columns?: number;
  write(text: string): unknown;
}

const barCells = 30;
const columnsDefault = 80;
/** Plain output shows every tenth part once. */
const plainSteps = 10;

export function openScreen(output: ScreenOutput, noColor: boolean): Screen {
  const rich = output.isTTY === true && !noColor;
  const paint = (code: number, text: string) => (rich ? `\u001b[${code}m${text}\u001b[0m` : text);
  let barShown = false;
  let plainShown = -1;
  const put = (text: string) => {
    if (barShown) output.write('\n');
    barShown = false;
    output.write(`${text}\n`);
  };
  return {
    step: (title) => {
      plainShown = -1;
      put(`\n${paint(1, `> ${title}`)}`);
    },
    line: (text) => put(`  ${text}`),
    good: (text) => put(`  ${paint(32, `ok ${text}`)}`),
    bad: (text) => put(`  ${paint(31, `FAILED ${text}`)}`),
    progress: (done, total, perSecond) => {
      const text = progressText(done, total, perSecond);
      if (rich) {
        const fitting = `  ${text}`.slice(0, Math.max(0, (output.columns || columnsDefault) - 1));
        output.write(`\r\u001b[2K${fitting}`);
        barShown = true;
        return;
      }
      const tenth = total === 0 ? plainSteps : Math.floor((done * plainSteps) / total);
      if (tenth === plainShown) return;
      plainShown = tenth;
      output.write(`  ${text}\n`);
    },
  };
}

export function progressText(done: number, total: number, perSecond: number): string {
  const share = total === 0 ? 1 : done / total;
  const full = Math.round(share * barCells);
  const bar = `${'#'.repeat(full)}${'.'.repeat(barCells - full)}`;
  const left = perSecond > 0 ? `${Math.ceil((total - done) / perSecond)} s left` : 'starting';
  const rate = `${grouped(Math.round(perSecond))} objects/s`;
  return `[${bar}] ${Math.floor(share * 100)} % ${grouped(done)}/${grouped(total)} ${rate}, ${left}`;
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Keys may hold control characters: a terminal never gets them raw. */
export function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- these are the very characters to make visible
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
