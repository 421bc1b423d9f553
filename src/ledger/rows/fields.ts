// From a stored row to what the code calls it, by one list of names. Plain loops, as a report does this for every row of a run: they make no
// lists of entries in between. What that saves has not been measured by itself.

/** Fields by the names of their columns. */
type Columns<Row> = Readonly<Record<string, keyof Row>>;

type Nullable<Row, Names extends Columns<Row>> = {
  [Field in keyof Names]: null extends Row[Names[Field]] ? Field : never;
}[keyof Names];

type Certain<Row, Names extends Columns<Row>> = { [Field in Exclude<keyof Names, Nullable<Row, Names>>]: Row[Names[Field]] };

/** NULL becomes undefined. */
export function fieldsOf<Row, const Names extends Columns<Row>>(
  row: Row,
  names: Names,
): Certain<Row, Names> & { [Field in Nullable<Row, Names>]: NonNullable<Row[Names[Field]]> | undefined } {
  const fields: Record<string, unknown> = {};
  for (const field in names) fields[field] = row[names[field] as keyof Row] ?? undefined;
  return fields as ReturnType<typeof fieldsOf<Row, Names>>;
}

/** NULL becomes a field that is not there, as in what is printed. */
export function givenFieldsOf<Row, const Names extends Columns<Row>>(
  row: Row,
  names: Names,
): Certain<Row, Names> & { [Field in Nullable<Row, Names>]?: NonNullable<Row[Names[Field]]> } {
  const fields: Record<string, unknown> = {};
  for (const field in names) {
    const value = row[names[field] as keyof Row];
    if (value !== null && value !== undefined) fields[field] = value;
  }
  return fields as ReturnType<typeof givenFieldsOf<Row, Names>>;
}
