// The server's way to the ledger: opened at the start, and again where another file was put in its place.
import { defaultPolicy } from '../contracts/policy.js';
import { type Ledger, openLedger } from '../ledger/index.js';

export interface LedgerLink {
  /** Open and in its place. Throws `LedgerUnusable` where that cannot be had just now. */
  ledger(): Promise<Ledger>;
  close(): Promise<void>;
}

/** Creates the ledger where there is none. Throws `LedgerUnusable`. */
export async function linkLedger(path: string): Promise<LedgerLink> {
  // The server makes no calls to Qualys: no caps of its own are ever asked for.
  const open = (): Promise<Ledger> => openLedger({ url: `sqlite:${path}`, create: true, caps: defaultPolicy().caps });
  let current: Ledger | undefined = await open();
  let opening: Promise<Ledger> | undefined;
  const reopen = async (): Promise<Ledger> => {
    await current?.close();
    current = undefined;
    current = await open();
    return current;
  };
  return {
    async ledger() {
      if (opening) return opening;
      if (current?.isInPlace()) return current;
      opening = reopen().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    async close() {
      await opening?.catch(() => undefined);
      await current?.close();
    },
  };
}
