#!/usr/bin/env bash
# Versions: fast-xml-parser 5.12.1 (XMLBuilder and XMLParser with their defaults).
# An array becomes elements of one name, and one would expect them in the array's order: the order is all that says which is which. A null
# becomes an empty element. Surprise: the empty elements of null are written before all others of the array, so a null that comes second
# is first in the document; built and parsed again, the list is another one, of the same length, and nothing is refused. Empty texts and
# empty objects stay in their place; undefined is left out. A list that may hold nulls has to be mapped (`value ?? ''`) before it is built.
# Output seen:
#   ["a",null,"b"] is built as <r><v/><v>a</v><v>b</v></r> and parsed as ["","a","b"]
#   ["a","","b"] is built as <r><v>a</v><v></v><v>b</v></r> and parsed as ["a","","b"]
#   [{"x":"a"},null,{"x":"b"}] is built as <r><v/><v><x>a</x></v><v><x>b</x></v></r> and parsed as ["",{"x":"a"},{"x":"b"}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund fast-xml-parser@5.12.1
cat >main.mjs <<'JS'
import { XMLBuilder, XMLParser } from 'fast-xml-parser';

const cases = [
  [['a', null, 'b'], '["","a","b"]'],
  [['a', '', 'b'], '["a","","b"]'],
  [[{ x: 'a' }, null, { x: 'b' }], '["",{"x":"a"},{"x":"b"}]'],
];
const seen = cases.map(([v]) => {
  const xml = new XMLBuilder().build({ r: { v } });
  const parsed = JSON.stringify(new XMLParser().parse(xml).r.v);
  console.log(`${JSON.stringify(v)} is built as ${xml} and parsed as ${parsed}`);
  return parsed;
});
process.exit(seen.every((parsed, index) => parsed === cases[index][1]) ? 0 : 1);
JS
node main.mjs
