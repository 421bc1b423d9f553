import { describe, expect, test } from '@jest/globals';
import { whoseRefusal } from './auth.js';

describe('whose words a refusal is in', () => {
  test.each<[string, unknown, number]>([
    ['the envelope', { errorCode: '400', message: 'Script is deprecated' }, 400],
    ['the envelope with a number and a body', { errorCode: 1965, message: 'API rate limit exceeded', body: null }, 409],
    ['the inventory', { responseCode: 'FAILED', responseMessage: 'Invalid filter', count: 0 }, 400],
    ['refused credentials', { authentication_exceptions: [['Authentication Failure']] }, 401],
  ])("the API's: %s", (_, json, status) => {
    expect(whoseRefusal(json, status)).toBe('api');
  });

  test.each<[string, unknown, number]>([
    ['an expired token', { status: 401, error: 'Unauthorized', message: 'JWT expired' }, 401],
    ['with more about it', { timestamp: 1, status: '404', error: 'Not Found', message: 'No such resource', path: '/x' }, 404],
  ])("the gateway's: %s", (_, json, status) => {
    expect(whoseRefusal(json, status)).toBe('gateway');
  });

  test.each<[string, unknown, number]>([
    ['no JSON', undefined, 403],
    ['a message alone, as load balancers send it', { message: 'Forbidden' }, 403],
    ['an error alone', { error: 'access_denied' }, 403],
    ['a fault', { fault: { faultstring: 'Invalid ApiKey', detail: { errorcode: 'oauth.v2.InvalidApiKey' } } }, 401],
    ['an error object', { error: { code: 403, message: 'Forbidden', status: 'PERMISSION_DENIED' } }, 403],
    ['another status than that of the answer', { status: 200, error: 'Forbidden', message: 'no' }, 403],
    ['a status without words', { status: 403, error: 'Forbidden', message: '' }, 403],
    ['an error code without words', { errorCode: '403' }, 403],
    ['the code of success', { errorCode: '0', message: 'Cloned script successfully' }, 403],
    ['a list', [{ errorCode: '403', message: 'no' }], 403],
    ['text', 'errorCode: 403', 403],
  ])("anybody's: %s", (_, json, status) => {
    expect(whoseRefusal(json, status)).toBeUndefined();
  });
});
