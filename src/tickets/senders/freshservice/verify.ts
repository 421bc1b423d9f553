import type { Scheme } from '../signature.js';

/**
 * The Workflow Automator cannot sign. It can send headers: a shared secret proves who sends, and nothing about what was sent or when, which is
 * one more reason to read the ticket again.
 */
export const scheme: Scheme = {
  proof: [
    { header: 'authorization', prefix: 'Bearer ' },
    { header: 'x-overhaul-token', prefix: '' },
  ],
  encoding: 'plain',
  signed: 'nothing',
  secret: 'token',
};
