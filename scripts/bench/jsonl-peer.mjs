// The peer of `overhaul qualys asset-jobs --all --jsonl`: ask, parse, write the rows as they came, ask behind the last one.
import { Client } from 'undici';

const [url, path] = process.argv.slice(2);
const client = new Client(url);
let searchAfter;
for (;;) {
  const { body } = await client.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pageSize: 1_000, searchAfter }),
  });
  const { list } = JSON.parse(await body.text()).body;
  if (list.length === 0) break;
  searchAfter = list.at(-1).sortValues;
  const text = list.map(({ data }) => `${JSON.stringify(data)}\n`).join('');
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
await client.close();
