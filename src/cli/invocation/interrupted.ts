// Ctrl-C while a command asks for what cannot be taken back: it ends at once, and says whether anything may have come of it.
import { CommandFailed, EXIT, type Invocation } from './context.js';

/** From here on Ctrl-C says this; `undefined`: somebody else listens to it now. Throws when Ctrl-C came before: nothing goes on behind it. */
export type SayOnInterrupt = (text: string | undefined) => void;

/** Runs `work`, which names what Ctrl-C would leave behind as it goes on; `before` is what it says until then. */
export async function tellingInterrupt<T>(
  { onInterrupt }: Pick<Invocation, 'onInterrupt'>,
  before: string,
  work: (say: SayOnInterrupt) => Promise<T>,
): Promise<T> {
  let text: string | undefined = before;
  let ended: CommandFailed | undefined;
  let release = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    release = onInterrupt(() => {
      if (text === undefined || ended) return;
      ended = new CommandFailed(EXIT.interrupted, `Interrupted. ${text}`);
      reject(ended);
    });
  });
  const say: SayOnInterrupt = (next) => {
    if (ended) throw ended;
    text = next;
    if (next === undefined) release();
  };
  try {
    return await Promise.race([work(say), interrupted]);
  } finally {
    release();
  }
}
