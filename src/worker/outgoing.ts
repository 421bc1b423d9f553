// What leaves an activity for Temporal, and where it all passes. Text that is not well-formed Unicode can end the worker instead of being
// reported, a message too large is refused for good, and a result too large is answered by running the activity again, effect and all.

import { ApplicationFailure, CancelledFailure, CompleteAsyncError, TimeoutFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { withoutSecrets } from '../contracts/config/known-secrets.js';
import { clipped, utf8Length, wellFormed } from '../domain/basics/well-formed.js';

const MESSAGE_LENGTH = 1_000;
const STACK_LENGTH = 4_000;
const TYPE_LENGTH = 100;
const CAUSES = 5;
/** Of each text within a result or a failure's details; no id or digest is as long. */
const TEXT_LENGTH = 1_000;
/** Temporal refuses 2 MiB, and encryption adds to it. */
const VALUE_BYTES = 1_000_000;
/** A result that cannot be handed on is not there in a second either. */
const AGAIN_MS = 5 * 60_000;

/** The outermost interceptor of every worker's activities. */
export const outgoing: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      let result: unknown;
      try {
        result = await next(input);
      } catch (error) {
        throw outgoingFailure(error);
      }
      return outgoingResult(result, context.info.activityType);
    },
  },
});

/** The same failure for whoever reads it: its type, details and causes, and whether and when it is tried again. */
export function outgoingFailure(error: unknown, causesLeft = CAUSES): unknown {
  // They mean something by their class.
  if (error instanceof CompleteAsyncError || error instanceof TimeoutFailure) return error;
  const message = clipped(messageOf(error), MESSAGE_LENGTH);
  const cause =
    error instanceof Error && error.cause !== undefined && causesLeft > 0 ? outgoingFailure(error.cause, causesLeft - 1) : undefined;
  const ofCause = cause instanceof Error ? cause : undefined;
  if (error instanceof CancelledFailure) return withStackOf(error, new CancelledFailure(message, detailsOf(error.details), ofCause));
  if (error instanceof ApplicationFailure) {
    const { type, nonRetryable, details, nextRetryDelay, category } = error;
    const clippedType = typeof type === 'string' ? clipped(type, TYPE_LENGTH) : type;
    return withStackOf(
      error,
      new ApplicationFailure(message, clippedType, nonRetryable, details && detailsOf(details), ofCause, nextRetryDelay, category),
    );
  }
  const type = error instanceof Error ? clipped(String(error.name), TYPE_LENGTH) : undefined;
  return withStackOf(error, new ApplicationFailure(message, type, false, undefined, ofCause));
}

/**
 * A result as the workflow may have it. Nothing is taken out of it by value: a workflow decides by ids, queues, digests and names, any of
 * which may contain what is a secret elsewhere. What is free text in a result has been cleaned where it was made.
 */
export function outgoingResult(result: unknown, activityType: string): unknown {
  const text = JSON.stringify(result);
  // Nothing to be said about most: they are small, and hold nothing that would be cut.
  if (text === undefined || (text.length <= TEXT_LENGTH && !/\\u(?:d[89a-f]|0000)/.test(text))) return result;
  const bounded = withBoundedTexts(JSON.parse(text), asItIs);
  const bytes = utf8Length(JSON.stringify(bounded));
  if (bytes <= VALUE_BYTES) return bounded;
  // Tried again like any other attempt, which finds in the ledger what this one did.
  throw ApplicationFailure.create({
    message: `The result of ${activityType} has ${bytes} bytes, more than the limit of ${VALUE_BYTES}. This is a bug in Overhaul`,
    type: 'ResultTooLarge',
    nextRetryDelay: AGAIN_MS,
  });
}

const asItIs = (text: string): string => text;

function messageOf(error: unknown): string {
  try {
    return withoutSecrets(error instanceof Error ? String(error.message) : String(error));
  } catch {
    return 'error cannot be shown';
  }
}

function detailsOf(details: unknown[]): unknown[] {
  try {
    const text = JSON.stringify(details) ?? '[]';
    const bounded = withBoundedTexts(JSON.parse(text), withoutSecrets) as unknown[];
    return utf8Length(JSON.stringify(bounded)) <= VALUE_BYTES ? bounded : [];
  } catch {
    return [];
  }
}

/** Of JSON, every text and every key well-formed and not too long. */
function withBoundedTexts(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clipped(clean(value), TEXT_LENGTH);
  if (Array.isArray(value)) return value.map((part) => withBoundedTexts(part, clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [clipped(key, TEXT_LENGTH), withBoundedTexts(part, clean)]));
}

/** The frames of where it was thrown; what stands before them is the message once more. */
function withStackOf<Failure extends Error>(error: unknown, failure: Failure): Failure {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  const frames = stack.indexOf('\n    at ');
  failure.stack = clipped(
    `${failure.name}: ${failure.message}${frames < 0 ? '' : withoutSecrets(wellFormed(stack.slice(frames)))}`,
    STACK_LENGTH,
  );
  return failure;
}
