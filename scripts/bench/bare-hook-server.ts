// The peer of `npm run bench:hooks`: the same framework, one HMAC over the body, one workflow started, and nothing else.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import Fastify from 'fastify';

const { TEMPORAL_ADDRESS: address = '', TASK_QUEUE: taskQueue = '', HOOK_SECRET: secret = '', PORT: port = '0' } = process.env;
const key = Buffer.from(secret, 'base64');
const client = new Client({ connection: await Connection.connect({ address }) });
const app = Fastify({ bodyLimit: 1024 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/hooks/std', async (request, reply) => {
  const body = request.body as Buffer;
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given = '' } = request.headers;
  const expected = createHmac('sha256', key)
    .update(`${String(id)}.${String(at)}.`)
    .update(body)
    .digest();
  const signature = Buffer.from(String(given).slice('v1,'.length), 'base64');
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return reply.code(401).send();
  const event = JSON.parse(body.toString('utf8')) as { ticket: { id: string } };
  const workflowId = `bare/${event.ticket.id}/1`;
  await client.workflow.start('remediationRun', { workflowId, taskQueue, args: [{ script: '72648', targets: { assetIds: ['1'] } }] });
  return reply.code(202).send({ workflowId });
});
console.log(`Server listening at ${await app.listen({ host: '127.0.0.1', port: Number(port) })}`);
