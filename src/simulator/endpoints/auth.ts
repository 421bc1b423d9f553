import type { IncomingMessage } from 'node:http';
import type { Answer } from '../answers/routes.js';
import type { Tokens } from '../answers/tokens.js';
import type { World } from '../world/state.js';

const BAD_CREDENTIALS = {
  authentication_exceptions: [['Authentication Failure: 1 errors, 0 successes:authenticationFailure.InvalidCredentialsException']],
};

/** #1 of the reference: form in, the token as plain text out. A JSON body is a 500, as the real one has been seen to answer. */
export async function answerAuth(parts: { world: World; tokens: Tokens }, request: IncomingMessage, body: string): Promise<Answer> {
  if (request.method !== 'POST') return json(405, { status: 405, error: 'Method Not Allowed', message: 'Use POST' });
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return json(500, { status: 500, error: 'Internal Server Error', message: 'Could not read the request' });
  }
  const form = new URLSearchParams(body);
  if (form.get('token') !== 'true') return json(400, { message: 'Invalid input Parameter.' });
  const { users } = parts.world.settings;
  const user = users.find(({ username, password }) => username === form.get('username') && password === form.get('password'));
  if (!user) return json(401, BAD_CREDENTIALS);
  return { status: 201, type: 'text/plain', text: await parts.tokens.issue(user.username) };
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', text: JSON.stringify(body) };
}
