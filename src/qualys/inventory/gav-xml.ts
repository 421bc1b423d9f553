// The XML form of a GAV v2 filter (docs/qualys-api.md#global-assetview), as the release notes of v2.x print it; what each character becomes
// is the XML library's affair.
import { XMLBuilder } from 'fast-xml-parser';
import { GavFilter } from '../../contracts/gav-filter.js';
import { QualysError } from '../errors.js';

const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@' });

/** What XML 1.0 has no spelling for, not even an escaped one: most control characters, halves of surrogate pairs, two non-characters. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/**
 * `<filters><Criteria field="…" operator="…"><value>…</value></Criteria></filters>`, to be sent as `{ xml }` where the JSON form is not
 * taken. `operation` becomes an attribute of the root: only newer pages have it (docs/qualys-api.md#global-assetview), so it is left out
 * where it is not given. Throws `QualysError` (`invalid`), naming every criterion whose value is invalid in XML, or what else is wrong with
 * the filter. Source: GAV/CSAM 2.x release notes, "Asset List V2 API (with filter)".
 */
export function gavXmlFilter(filter: GavFilter): string {
  const { filters, operation } = checked(filter);
  const Criteria = filters.map(({ field, operator, value }) => ({ '@field': field, '@operator': operator, value }));
  const xml: unknown = builder.build({ filters: { ...(operation === undefined ? {} : { '@operation': operation }), Criteria } });
  // A bare carriage return is read back as a line feed (XML 1.0, 2.11). The builder writes none of its own.
  return String(xml).replace(/\r/g, '&#13;');
}

function checked(filter: GavFilter): GavFilter {
  const parsed = GavFilter.safeParse(filter);
  const problems = parsed.success
    ? parsed.data.filters.flatMap(({ value }, index) =>
        NOT_IN_XML.test(value) ? [`filters.${index}.value contains a character that is invalid in XML`] : [],
      )
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'filter'} ${message}`);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new QualysError('invalid', `This filter cannot be written as XML: ${problems.join('; ')}`, {
    endpoint: 'rest/2.0/search/am/asset',
  });
}
