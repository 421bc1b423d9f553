#!/usr/bin/env bash
# Versions: zod 4.6.7 on Node 20 or later.
# Whoever parses owns what comes out: zod builds new objects and arrays, so a caller may push into them. `.default([])` keeps to that; each
# parse gets an array of its own, which one tries once and then relies on. Surprise: only the outermost container of a default is copied.
# `.default({ tags: [] })` hands the SAME inner array to every parse, and `.catch([])` does not even copy the outermost: what one caller
# pushes, every later parse of the process finds in its default, and schemas usually are module constants. `.prefault`, whose value is
# parsed, and a function (`.default(() => ...)`, `.catch(() => ...)`) give new ones each time.
# Output seen, of a parse after another one's result had 'x' pushed into it:
#   default([]): []
#   default({ tags: [] }): ["x"]
#   catch([]): ["x"]
#   default(() => ({ tags: [] })): []
#   catch(() => []): []
#   prefault({ tags: [] }): []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund zod@4.6.7
cat >main.mjs <<'JS'
import { z } from 'zod';

const list = z.array(z.string());
const tagged = z.object({ tags: list });
const tagsOf = ({ tags }) => tags;
const itself = (value) => value;
const cases = [
  ['default([])', list.default([]), undefined, itself, 0],
  ['default({ tags: [] })', tagged.default({ tags: [] }), undefined, tagsOf, 1],
  ['catch([])', list.catch([]), 'no list', itself, 1],
  ['default(() => ({ tags: [] }))', tagged.default(() => ({ tags: [] })), undefined, tagsOf, 0],
  ['catch(() => [])', list.catch(() => []), 'no list', itself, 0],
  ['prefault({ tags: [] })', tagged.prefault({ tags: [] }), undefined, tagsOf, 0],
];
const seen = cases.map(([words, schema, input, within]) => {
  within(schema.parse(input)).push('x');
  const later = within(schema.parse(input));
  console.log(`${words}: ${JSON.stringify(later)}`);
  return later.length;
});
process.exit(seen.every((length, index) => length === cases[index][4]) ? 0 : 1);
JS
node main.mjs
