import { describe, expect, test } from '@jest/globals';
import { decodeOutput } from '../../domain/verdict/decode.js';
import { type ListKind, listedTargets } from './listed-targets.js';

function read(text: string, kind: ListKind = 'ids', column?: string) {
  return listedTargets(['@list'], { option: kind === 'ids' ? '--assets' : '--hosts', kind, column, readText: () => text });
}
const values = (...asked: Parameters<typeof read>) => read(...asked)?.values;
const problems = (...asked: Parameters<typeof read>) => read(...asked)?.problems.map(({ problem }) => problem);

describe('a list of targets in a file', () => {
  test('has one entry a line; blank lines and comments are left out', () => {
    expect(values('# web\n20452610\n\n  20452611  # second\r\n20452612')).toEqual(['20452610', '20452611', '20452612']);
    expect(values('web-1\nWEB-2.example.com\n#web-3\n', 'names')).toEqual(['web-1', 'WEB-2.example.com']);
    expect(values('1, 2\n3')).toEqual(['1', '2', '3']);
  });

  test('names each wrong line by its number', () => {
    expect(problems('20452610\nweb-1\n\n12x\n7')).toEqual(['list, line 2: "web-1" is not an id', 'list, line 4: "12x" is not an id']);
    expect(problems(Array.from({ length: 30 }, () => 'x').join('\n'))?.slice(-1)).toEqual(['list: 10 more wrong lines']);
    expect(problems('web-1\nweb-2, web-3', 'names')).toEqual(['list, line 2: "web-2, web-3" has several values: write one name a line']);
  });

  test('without entries is a mistake', () => {
    expect(problems('# nothing yet\n')).toEqual(['list: has no entries']);
    expect(problems('assetId,name\n')).toEqual(['list: has no entries']);
  });

  test.each<[string, ListKind, string, string[]]>([
    ['assetId,name\n1,web-1\n2,web-2', 'ids', 'assetId', ['1', '2']],
    ['Name;Asset_ID\nweb;1\n\n;2', 'ids', 'Asset_ID', ['1', '2']],
    ['id\n1\n2', 'ids', 'id', ['1', '2']],
    ['id\tassetId\n9\t1', 'ids', 'assetId', ['1']],
    ['"Host","Note"\n"web-1","a, ""b"""\nweb-2,', 'names', 'Host', ['web-1', 'web-2']],
    ['name,hostname\nWeb One,web-1', 'names', 'hostname', ['web-1']],
  ])('may be CSV with a header: %j', (text, kind, column, expected) => {
    expect(read(text, kind)).toEqual({
      values: expected,
      problems: [],
      notes: [
        `${kind === 'ids' ? '--assets' : '--hosts'}: ${expected.length} ${expected.length === 1 ? 'entry' : 'entries'} from column "${column}" of list.`,
      ],
    });
  });

  test('takes the column that is named, whatever its case', () => {
    expect(values('assetId,Server\n1,web-1\n2,web-2', 'names', 'server')).toEqual(['web-1', 'web-2']);
    expect(problems('assetId,Server\n1,web-1', 'names', 'host')).toEqual(['list: has no column "host". It has "assetId", "Server"']);
  });

  test('names the line of a wrong cell, also behind a cell of several lines', () => {
    expect(problems('assetId,note\n1,"two\nlines"\nx,\n')).toEqual(['list, line 4: "x" is not an id']);
    expect(problems('assetId,note\n1,a\n,b')).toEqual(['list, line 3: is empty']);
  });

  test('leaves out rows and lines of a table that begin with #, above the header, too', () => {
    expect(values('note,hostname\nold,web-1\n#old,web-2\n # old,web-3\n', 'names')).toEqual(['web-1']);
    expect(values('# hosts of today, by kim\n\nnote,hostname\nold,web-1', 'names')).toEqual(['web-1']);
    expect(values('# hosts of today, by kim\nweb-1\nweb-2', 'names')).toEqual(['web-1', 'web-2']);
    expect(values('# ids, of today\n20452610\n20452611')).toEqual(['20452610', '20452611']);
    expect(problems('# ids\n\nassetId,note\nx,')).toEqual(['list, line 4: "x" is not an id']);
  });

  test('knows a header whose first column is called #', () => {
    expect(values('#,assetId\n1,20452610\n2,20452611')).toEqual(['20452610', '20452611']);
    expect(values('#;Server\n1;web-1', 'names', 'server')).toEqual(['web-1']);
  });

  test('is refused where a row has other cells than the header: the value would be that of another column', () => {
    const problem = (line: number, has: number) =>
      `list: line ${line} has ${has} values, the header has 3: quote the values that contain a separator`;
    expect(problems('note,size,assetId\nok,5,20452610\na, b,77,20452610')).toEqual([problem(3, 4)]);
    expect(problems('note,assetId,size\nok 20452610,5')).toEqual([problem(2, 2)]);
    expect(values('note,size,assetId\nok,5,20452610,,\n"a, b",77,20452611')).toEqual(['20452610', '20452611']);
  });

  test('is refused where the column is there twice', () => {
    expect(problems('hostname,note,Hostname\nweb-1,x,web-2', 'names')).toEqual([
      'list: has several columns "hostname": rename all but the one that is meant',
    ]);
    expect(problems('Server,server\nweb-1,web-2', 'names', 'Server')).toEqual([
      'list: has several columns "Server": rename all but the one that is meant',
    ]);
    expect(values('hostname,name,name\nweb-1,x,y', 'names')).toEqual(['web-1']);
  });

  test('asks for the column where none is known', () => {
    expect(problems('Server,Owner\nweb-1,kim', 'names')).toEqual([
      'list: line 1 has several values and none of the columns hostname, host, name. Write one entry a line, or name a column with --column: "Server", "Owner"',
    ]);
  });

  test.each<[string, ListKind, string]>([
    [
      'assetId,note\n1,ok\n2,"open\n3,b\n4,c\n',
      'ids',
      'line 3 opens a quote that is never closed: close it, or double a quote that belongs to the value ("")',
    ],
    [
      '# today\n\nhost,note\nweb-1,"open\nweb-2,b\nweb-3,"fine"\n',
      'names',
      'line 4 opens a quote that ends in line 6, in the middle of a value: close it where it belongs, or double a quote that belongs to the value ("")',
    ],
    ['"host";note\nweb-1;"a" b\n', 'names', 'line 2 has text behind a closing quote: double a quote that belongs to the value ("")'],
    [
      'host,note\r\nweb-1,"x\r\ny"\r\nweb-2,12" rack\r\n',
      'names',
      'line 4 has a quote inside a value without quotes: write the whole value in quotes, and double the quote inside ("")',
    ],
  ])('names the line of a quote that is wrong, and what to do: %j', (text, kind, problem) => {
    expect(problems(text, kind)).toEqual([`list: ${problem}`]);
  });

  test('a quote in the comment of a list of ids is none of CSV', () => {
    expect(values('1,2 # the "old\n3')).toEqual(['1', '2', '3']);
  });

  test('may be stdin, in any of the encodings that a redirection writes', () => {
    const source = {
      option: '--assets',
      kind: 'ids',
      column: undefined,
      readText: (path: string) => (path === '-' ? '1\n2' : ''),
    } as const;
    expect(listedTargets(['-', '3'], source)?.values).toEqual(['1', '2', '3']);
    expect(decodeOutput(Buffer.from('\ufeffwéb\n', 'utf16le'))).toBe('wéb\n');
    expect(decodeOutput(Buffer.from('\ufeffwéb\n', 'utf16le').swap16())).toBe('wéb\n');
    expect(decodeOutput(Buffer.from('\ufeffwéb\n'))).toBe('wéb\n');
  });
});
