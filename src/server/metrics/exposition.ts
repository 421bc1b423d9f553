// The text that Prometheus reads (exposition format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/).

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Behind the family's name: `_bucket`, `_sum` and `_count` of a histogram. */
  suffix?: string;
  labels?: Labels;
  value: number;
}

export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Families without samples are left out. Throws over a name that no reader would take: it is ours, and a mistake. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => [...headOf(family), ...family.samples.map((sample) => lineOf(family.name, sample)), ''].join('\n'))
    .join('');
}

function headOf({ name, help, type }: Family): string[] {
  if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a metric`);
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
}

function lineOf(name: string, { suffix = '', labels = {}, value }: Sample): string {
  return `${name}${suffix}${labelsOf(labels)} ${numberOf(value)}`;
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!LABEL.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a label`);
    return `${name}="${escaped(value).replaceAll('"', '\\"')}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberOf(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
