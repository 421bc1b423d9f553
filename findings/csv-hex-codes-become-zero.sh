#!/usr/bin/env bash
# Versions: csv-parse 7.0.3.
# `cast: true` turns fields that are numbers into numbers, and leaves the others as text. One would expect a hexadecimal number to be
# either. Surprise: it counts as a number and becomes 0, whatever it was: the test takes JavaScript's `0x` notation, the conversion stops
# behind the first digit. So do `0b` and `0o`. A column of Windows results (`0x80070005`, access is denied) reads as a column of zeros,
# which is what success looks like, and nothing is refused. Name the columns that are numbers, and cast them yourself.
# Output seen:
#   0x00000000 is read as 0
#   0x80070005 is read as 0
#   0o17 is read as 0
#   0b11 is read as 0
#   1e3 is read as 1000
#   -0x1 is read as "-0x1"
#   1_000 is read as "1_000"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund csv-parse@7.0.3
cat >main.mjs <<'JS'
import { parse } from 'csv-parse/sync';

const fields = ['0x00000000', '0x80070005', '0o17', '0b11', '1e3', '-0x1', '1_000'];
const seen = parse(`host,code\n${fields.map((field) => `a,${field}\n`).join('')}`, { columns: true, cast: true }).map(({ code }) => code);
for (const [index, field] of fields.entries()) console.log(`${field} is read as ${JSON.stringify(seen[index])}`);
process.exit(JSON.stringify(seen) === JSON.stringify([0, 0, 0, 0, 1000, '-0x1', '1_000']) ? 0 : 1);
JS
node main.mjs
