// The peer of `npm run bench:many`: the least that a Temporal worker can be. One workflow, one activity that is one `fetch`, the SDK's
// own defaults. Nothing is kept, limited, validated or logged, and a call that is lost is made again.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address, taskQueue, codePath, url, scriptId] = process.argv.slice(2);
const credentials = new URLSearchParams({ username: 'demo', password: 'demo', token: 'true' });
const authorization = `Bearer ${await (await fetch(`${url}/auth`, { method: 'POST', body: credentials })).text()}`;

async function call() {
  const answer = await fetch(`${url}/sm/v1/scripts/${scriptId}`, { headers: { authorization } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text.slice(0, 200)}`);
  return text.length;
}

Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({ connection, taskQueue, workflowBundle: { codePath }, activities: { call } });
await worker.run();
await connection.close();
