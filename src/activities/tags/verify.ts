// Within the minute before an execution by tags is sent: are its tags' members still exactly the assets it is meant for?
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { verifyPlan } from '../../domain/tags/plan-check.js';
import { TAGS_FRESH_MS } from '../../ledger/executions/permit.js';
import type { Execution } from '../../ledger/executions/registry.js';
import { type ActivityDependencies, SEND_TIMINGS } from '../dependencies.js';
import { membersOf } from './read.js';
import { readersFor, readSeveral } from './several.js';

/** As long as a reading may be used, less the time to start. */
const READING_MS = TAGS_FRESH_MS - SEND_TIMINGS.sendWindowMs;
/** Another run may take the turn while tags are read: after that many readings ids are cheaper. */
const MOST_READINGS = 3;

/** `ready`: the permit may be asked for again. `by-ids`: its assets went back, to go by ids. */
export type Verified = 'ready' | 'by-ids' | 'moved';

/** Reads the members of the execution's tags, and gives the tags up where they hit anything else than planned. Throws `QualysError`. */
export async function verifyTags(
  { ledger, qualys }: ActivityDependencies,
  { runId, execution, beat }: { runId: string; execution: Execution; beat: () => void },
): Promise<Verified> {
  const { executionNo, planned } = execution;
  if (planned === undefined) return 'moved';
  const leased = await ledger.planned.leaseMembers(runId, executionNo);
  if (leased.kind === 'moved') return 'moved';
  if (leased.kind === 'broken') return giveUpTags(ledger, { runId, executionNo, why: leased.why });

  // From here on: what changes while pages are read is older than the last page.
  const readAt = await ledger.database.now();
  const lists = await ledger.planned.listsOf(runId, planned);
  if ((await ledger.planned.countTagReading(runId, executionNo)) > MOST_READINGS)
    return giveUpTags(ledger, {
      runId,
      executionNo,
      why: `its tags were read ${MOST_READINGS} times, and it could not be sent in the minute after`,
    });
  const hits = await ledger.executions.assetsOf(runId, executionNo);
  const isKnown = new Set([...hits, ...lists.excludedAssetIds]);
  const endsAt = performance.now() + READING_MS;
  const memberships = await readSeveral({
    tagIds: lists.tagIds,
    readers: readersFor(await ledger.calls.concurrency()),
    read: (tagId, signal) =>
      membersOf(qualys, {
        ...{ runId, tagId, signal, readAhead: true, onPage: beat },
        isTooMuch: (page) =>
          tooMuch({ tagId, stranger: page.find((assetId) => !isKnown.has(assetId)), isLate: performance.now() > endsAt }),
      }),
    ends: () => true,
  });
  if ('why' in memberships) return giveUpTags(ledger, { runId, executionNo, why: memberships.why });
  const { problems, executions } = await verifyPlan({ cohort: hits, executions: [{ ...lists, hits }] }, memberships, () => yieldToLoop());
  const [found] = executions;
  const why = problems[0] ?? (found?.verdict === 'drifted' ? found.why : undefined);
  if (why !== undefined) return giveUpTags(ledger, { runId, executionNo, why });
  await ledger.planned.setTagsRead(runId, executionNo, readAt);
  return 'ready';
}

function tooMuch({ tagId, stranger, isLate }: { tagId: string; stranger: string | undefined; isLate: boolean }): string | undefined {
  if (stranger !== undefined) return `asset ${stranger} now has tag ${tagId} and is not part of this execution`;
  return isLate ? 'reading the members of its tags takes longer than one minute, so they are out of date' : undefined;
}

/** Its assets go by ids, each meant for the same script once, as before. */
export async function giveUpTags(
  ledger: ActivityDependencies['ledger'],
  { runId, executionNo, why }: { runId: string; executionNo: number; why: string },
): Promise<Verified> {
  const became = await ledger.planned.fallBackToIds(runId, executionNo, why);
  if (became === 'moved') return 'moved';
  await ledger.audit.add(runId, { action: became === 'by-ids' ? 'tags-given-up' : 'gave-up', detail: `execution ${executionNo}: ${why}` });
  return 'by-ids';
}
