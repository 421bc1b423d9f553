import { expect, test } from '@jest/globals';
import { freePort } from './child-server.js';
import { endedWithConnection, isRepeated } from './client-calls.js';
import { type ClientConnection, connectClientLazily } from './connection.js';

type NextCall = Parameters<typeof endedWithConnection>[1];
type Metadata = Parameters<ReturnType<NextCall>['start']>[0];

const OPTIONS = {} as Parameters<typeof endedWithConnection>[0];
/** Of gRPC's states of a channel. */
const TRANSIENT_FAILURE = 3;

/** The SDK keeps its channel to itself. */
function stateOf(connection: ClientConnection['connection']): number {
  const { client } = connection as unknown as { client: { getChannel(): { getConnectivityState(connect: boolean): number } } };
  return client.getChannel().getConnectivityState(false);
}

const METADATA = { kind: 'metadata' } as unknown as Metadata;

test('a call of a closed connection ends as cancelled, and does not throw at whoever repeats it', () => {
  const call = endedWithConnection(OPTIONS, () => {
    throw new Error('Channel has been shut down');
  });
  const heard: unknown[] = [];
  call.start(METADATA, { onReceiveStatus: (status) => heard.push(status), onReceiveMessage: (message) => heard.push(message) });
  call.sendMessage({});
  call.halfClose();
  expect(heard).toEqual([null, { code: 1, details: 'Channel has been shut down', metadata: METADATA }]);
});

test('a call of an open connection is passed on as it is', () => {
  const call = {} as ReturnType<NextCall>;
  expect(endedWithConnection(OPTIONS, () => call)).toBe(call);
});

test('a repetition that finds the connection closed ends the call that waits for it', async () => {
  const { client, connection } = connectClientLazily({
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    TEMPORAL_CONFIG_FILE: '/nowhere',
  });
  // Nobody listens there, so the call is between two tries when the channel has failed.
  const ended = expect(client.workflowService.getSystemInfo({})).rejects.toMatchObject({ code: 1, details: 'Channel has been shut down' });
  while (stateOf(connection) !== TRANSIENT_FAILURE) await new Promise(setImmediate);
  await new Promise(setImmediate);
  await connection.close();
  await ended;
});

test.each([
  [3, 8, 'limit on number of concurrent in-flight updates has been reached (10)', true],
  [4, 8, 'limit on number of concurrent in-flight updates has been reached (10)', false],
  [4, 8, 'namespace rate limit exceeded', true],
  [4, 14, 'No connection established', true],
  [1, 1, 'Channel has been shut down', false],
])('after try %i, which ended with %i «%s», another one follows: %s', (attempt, code, details, follows) => {
  expect(isRepeated(attempt, { code, details, metadata: METADATA })).toBe(follows);
});
