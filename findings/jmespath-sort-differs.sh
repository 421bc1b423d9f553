#!/usr/bin/env bash
# Versions: npm @jmespath-community/jmespath 1.3.0 and jmespath 0.16.0, PyPI jmespath 1.1.0 (the reference implementation, in many tools).
# JMESPath has one specification, so an expression tried with one library should mean the same in another. `sort` takes an array of numbers
# or of strings. Surprise: both libraries for JavaScript check that all are numbers, and then sort them as text: 10 before 9, 1000 before 20.
# In the same library `sort_by(@, &@)`, `min` and `max` go by value, so `sort(@)[-1]` is not `max(@)`. With numbers of as many digits each,
# as in most tests, nothing shows. `sort_by(@, &@)` means the same everywhere.
# Output seen, of [80, 443, 8080, 9]:
#   Python       sort: [9,80,443,8080] sort_by: [9,80,443,8080] last of sort, max: [8080,8080]
#   npm          sort: [443,80,8080,9] sort_by: [9,80,443,8080] last of sort, max: [9,8080]
#   community    sort: [443,80,8080,9] sort_by: [9,80,443,8080] last of sort, max: [9,8080]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm pkg set type=module >/dev/null
npm install --silent --no-audit --no-fund @jmespath-community/jmespath@1.3.0 jmespath@0.16.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check jmespath==1.1.0
cat >main.py <<'PY'
import json
import sys

import jmespath

ports, expressions = json.loads(sys.argv[1])
print(json.dumps([jmespath.search(expression, ports) for expression in expressions]))
PY
cat >main.mjs <<'JS'
import { execFileSync } from 'node:child_process';
import * as community from '@jmespath-community/jmespath';
import npm from 'jmespath';

const ports = [80, 443, 8080, 9];
const expressions = ['sort(@)', 'sort_by(@, &@)', '[sort(@)[-1], max(@)]'];
const answers = {
  Python: JSON.parse(execFileSync('venv/bin/python', ['main.py', JSON.stringify([ports, expressions])], { encoding: 'utf8' })),
  npm: expressions.map((expression) => npm.search([...ports], expression)),
  community: expressions.map((expression) => community.search([...ports], expression)),
};
for (const [name, answer] of Object.entries(answers)) {
  const [sort, sortBy, last] = answer.map((value) => JSON.stringify(value));
  console.log(`${name.padEnd(12)} sort: ${sort} sort_by: ${sortBy} last of sort, max: ${last}`);
}
const byValue = [9, 80, 443, 8080];
const asText = [[443, 80, 8080, 9], byValue, [9, 8080]];
const expected = { Python: [byValue, byValue, [8080, 8080]], npm: asText, community: asText };
process.exit(JSON.stringify(answers) === JSON.stringify(expected) ? 0 : 1);
JS
node main.mjs
