import { InvalidArgumentError } from '@commander-js/extra-typings';

/** For `--fields` and `--exclude-fields`: names, separated by commas. */
export function fieldNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[A-Za-z][\w.]*$/.test(name))) {
    throw new InvalidArgumentError('Use comma-separated field names, such as hardware,customAttributes.');
  }
  return names;
}

/** A row as JSON has it: without the raw row, but with what was asked for by name, as Qualys sent it. */
export function chosenFields(row: { raw: Readonly<Record<string, unknown>> }, fields: readonly string[] = []): Record<string, unknown> {
  const { raw, ...known } = row;
  const asked = fields.filter((name) => !Object.hasOwn(known, name) && Object.hasOwn(raw, name));
  return { ...known, ...Object.fromEntries(asked.map((name) => [name, raw[name]])) };
}
