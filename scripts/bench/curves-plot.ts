// Cost curves as a picture and as a table, from what `npm run bench:curves` measured.

/** One measured point: `n` assets of a campaign, or `n` runs at once. */
export interface Point {
  n: number;
  seconds: number;
  workerCpuSeconds: number;
  calls: number;
  executions: number;
  /** Of all histories together. */
  historyBytes: number;
  ledgerBytes: number;
  /** Of the worker's resident memory. */
  peakMiB: number;
}

export interface Points {
  assets: Point[];
  runs: Point[];
}

const MIB = 1_048_576;
const MEASURES: readonly { title: string; of: (point: Point) => number }[] = [
  { title: 'seconds', of: ({ seconds }) => seconds },
  { title: "worker's processor, s", of: ({ workerCpuSeconds }) => workerCpuSeconds },
  { title: 'calls', of: ({ calls }) => calls },
  { title: 'history, MiB', of: ({ historyBytes }) => historyBytes / MIB },
  { title: 'ledger, MiB', of: ({ ledgerBytes }) => ledgerBytes / MIB },
  { title: "worker's peak, MiB", of: ({ peakMiB }) => peakMiB },
];

const PANEL = { width: 150, height: 120, left: 46, top: 34, gapX: 34, gapY: 62 };
const COLUMN = PANEL.width + PANEL.gapX + 16;
const ROW = PANEL.height + PANEL.gapY;
const WIDTH = PANEL.left + MEASURES.length * COLUMN;
const HEIGHT = PANEL.top + 2 * ROW;

/** Twelve panels with logarithmic axes of the same scale; a dashed line has the slope of what grows as fast as `n`. Light and dark. */
export function plotOf({ assets, runs }: Points): string {
  const panels = [rowOf('assets of a campaign', assets, 0), rowOf('runs of 25 assets at once', runs, 1)].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Cost curves" font-family="system-ui, sans-serif" font-size="11">
<style>
  text { fill: #24292f } .tick { fill: #59636e } .frame, .grid { stroke: #d1d9e0; fill: none } .linear { stroke: #8c959f; stroke-dasharray: 3 3; fill: none }
  .curve { stroke: #0969da; stroke-width: 2; fill: none } .point { fill: #0969da }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .tick { fill: #9198a1 } .frame, .grid { stroke: #3d444d } .linear { stroke: #656c76 } .curve { stroke: #4493f8 } .point { fill: #4493f8 } }
</style>
${panels}</svg>
`;
}

function rowOf(unit: string, points: readonly Point[], row: number): string {
  return MEASURES.map(({ title, of }, column) =>
    panelOf({ title, unit, column, row, values: points.map((point) => [point.n, of(point)]) }),
  ).join('');
}

interface Panel {
  title: string;
  unit: string;
  column: number;
  row: number;
  values: readonly (readonly [n: number, value: number])[];
}

function panelOf({ title, unit, column, row, values }: Panel): string {
  const [x0, y0] = [PANEL.left + column * COLUMN, PANEL.top + row * ROW];
  const heading = `<text x="${x0}" y="${y0 - 8}" font-weight="600">${escaped(title)}</text>`;
  const frame = `<rect class="frame" x="${x0}" y="${y0}" width="${PANEL.width}" height="${PANEL.height}"/>`;
  if (values.length === 0) return heading + frame;
  const [first, last] = decadesOf(values.map(([n]) => n));
  const [low, high] = decadesOf(values.map(([, value]) => value));
  const x = (n: number): number => x0 + ((Math.log10(n) - first) / (last - first)) * PANEL.width;
  const y = (value: number): number => y0 + PANEL.height - ((Math.log10(value) - low) / (high - low)) * PANEL.height;
  const [[startN, startValue] = [1, 1]] = values;
  const grid = decades(low, high).map(
    (decade) =>
      `<path class="grid" d="M${x0} ${fixed(y(10 ** decade))}h${PANEL.width}"/><text class="tick" x="${x0 - 5}" y="${fixed(y(10 ** decade) + 4)}" text-anchor="end">${short(10 ** decade)}</text>`,
  );
  const ticks = decades(first, last).map(
    (decade) =>
      `<text class="tick" x="${fixed(x(10 ** decade))}" y="${y0 + PANEL.height + 14}" text-anchor="middle">${short(10 ** decade)}</text>`,
  );
  const line = values.map(([n, value]) => `${fixed(x(n))} ${fixed(y(value))}`).join('L');
  const reach = Math.min(10 ** last / startN, 10 ** high / startValue);
  const linear = `<path class="linear" d="M${fixed(x(startN))} ${fixed(y(startValue))}L${fixed(x(startN * reach))} ${fixed(y(startValue * reach))}"/>`;
  const dots = values.map(([n, value]) => `<circle class="point" cx="${fixed(x(n))}" cy="${fixed(y(value))}" r="3"/>`);
  const below = `<text class="tick" x="${x0 + PANEL.width / 2}" y="${y0 + PANEL.height + 30}" text-anchor="middle">${unit}</text>`;
  return `${[heading, frame, ...grid, ...ticks, linear, `<path class="curve" d="M${line}"/>`, ...dots, below].join('\n')}\n`;
}

/** Whole powers of ten around all of them, at least one apart. */
function decadesOf(values: readonly number[]): [low: number, high: number] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))];
}

const decades = (low: number, high: number): number[] => Array.from({ length: high - low + 1 }, (_, index) => low + index);
const fixed = (value: number): string => value.toFixed(1);
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function short(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  if (value >= 1_000) return `${value / 1_000}k`;
  return String(Number(value.toPrecision(1)));
}

/** Both series as one table in Markdown. */
export function tableOf({ assets, runs }: Points): string {
  const line = (what: string) => (point: Point) =>
    `| ${[
      `${point.n.toLocaleString('en')} ${what}`,
      ...[point.seconds, point.workerCpuSeconds, point.calls, point.executions].map((value) => value.toLocaleString('en')),
      ...[point.historyBytes, point.ledgerBytes].map((bytes) => `${(bytes / MIB).toFixed(bytes < MIB ? 2 : 1)}`),
      point.peakMiB,
    ].join(' | ')} |`;
  return [
    "| size | seconds | worker's processor, s | calls | executions | history, MiB | ledger, MiB | worker's peak, MiB |",
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...assets.map(line('assets')),
    ...runs.map((point) => line(point.n === 1 ? 'run' : 'runs')(point)),
  ].join('\n');
}
