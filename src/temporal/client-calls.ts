// How calls of the client to Temporal are repeated, and what happens to a repetition that finds its connection closed.
import { type ConnectionOptions, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { updateLimitIn } from './update-limits.js';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;

/** About 10 s of tries: the SDK's own ten take 40 s, so that whoever gives up earlier never hears of the limit. */
const TRIES_AT_UPDATE_LIMIT = 4;
/** gRPC's status code; it is not tried again. */
const CANCELLED = 1;

const usual = defaultGrpcRetryOptions();

export function callInterceptors(): Interceptor[] {
  return [makeGrpcRetryInterceptor({ ...usual, retryableDecider: isRepeated }), endedWithConnection];
}

/** Whether another try follows this one, counted from 1. */
export function isRepeated(attempt: number, status: Parameters<typeof usual.retryableDecider>[1]): boolean {
  return usual.retryableDecider(attempt, status) && (attempt < TRIES_AT_UPDATE_LIMIT || updateLimitIn(status) === undefined);
}

/**
 * The SDK repeats a call from a timer, also when its caller has given up and closed the connection: what that throws nobody could catch,
 * and it would end the process. Here such a call ends as cancelled instead.
 */
export const endedWithConnection: Interceptor = (options, nextCall) => {
  try {
    // The type asks for the class; whoever calls an interceptor uses the interface.
    return nextCall(options) as ReturnType<Interceptor>;
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    return cancelledCall(details) as ReturnType<Interceptor>;
  }
};

function cancelledCall(details: string): Call {
  return {
    start(metadata, listener) {
      listener?.onReceiveMessage?.(null);
      listener?.onReceiveStatus?.({ code: CANCELLED, details, metadata });
    },
    sendMessage: () => undefined,
    sendMessageWithContext: () => undefined,
    startRead: () => undefined,
    halfClose: () => undefined,
    cancelWithStatus: () => undefined,
    getPeer: () => '',
    getAuthContext: () => null,
  };
}
