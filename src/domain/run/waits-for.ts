// What assets wait for that other runs have: the run, who asked for it, and how to look at it.
interface Holder {
  runId: string;
  requestedBy?: string | undefined;
  assets: number;
}

/** More are counted: a reason is a line, and history holds it. */
const NAMED = 3;

/** `2 for run patch-openssl (requested by kim): overhaul show patch-openssl` */
export function holdersText(holders: readonly Holder[]): string {
  const named = holders
    .slice(0, NAMED)
    .map(
      ({ runId, requestedBy, assets }) =>
        `${assets} for run ${runId}${requestedBy === undefined ? '' : ` (requested by ${requestedBy})`}: overhaul show ${runId}`,
    );
  const more = holders.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Why a run is blocked whose assets others have. */
export function busyText(waiting: number, holders: readonly Holder[]): string {
  const busy = `${waiting} asset(s) are busy in another run`;
  return holders.length === 0 ? busy : `${busy}, and wait until it has ended there: ${holdersText(holders)}`;
}
