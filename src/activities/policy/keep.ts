// A run may be under way for days, and its policy changes meanwhile: before it sends on, what the newest one keeps from scripts is left
// alone.

import { keepsAnything, type NeverTouch } from '../../contracts/policy.js';
import { hostMatcher } from '../../domain/targets/host-names.js';
import { namesOf, type UntouchedReading } from '../../ledger/policy/never-touch.js';
import type { StoredPolicy } from '../../ledger/policy/versions.js';
import type { RunRow } from '../../ledger/rows/run.js';
import { QualysError } from '../../qualys/errors.js';
import type { ActivityDependencies } from '../dependencies.js';
import { blockedBy, type Wait, waitAfter } from '../failures.js';
import { giveUpTags } from '../tags/verify.js';
import { AssetsByKey } from '../targets/find-by-key.js';
import { UnresolvedTargets } from '../targets/unresolved.js';
import { readNeverTouched, refusalOf, unreadText, warningOf } from './never-touched.js';
import { refusedScript } from './refused-script.js';

/**
 * Tags get other bearers, and hosts other names: a reading is trusted this long, and longer where it costs more than twenty calls an hour.
 */
const TRUSTED_MS = 15 * 60_000;
const TRUSTED_MS_A_CALL = 3 * 60_000;
/** What policy names and Qualys does not know may be fixed, on either side. It costs calls to find that out. */
const UNKNOWN_WAIT_MS = 120_000;
/** The ledger is asked this often whether policy has been fixed. */
const FORBIDDEN_WAIT_MS = 10_000;

/** Versions that name what Qualys does not know: another one is asked about at once. */
const inVain = new WeakMap<object, { version: number; until: number; wait: Wait }>();

interface Keeping {
  run: Pick<RunRow, 'id' | 'script'>;
  /** Told while Qualys is read, so that a dead worker is noticed. */
  beat: () => void;
  /** Compare the cohort again, although it was compared with this reading before. */
  again?: boolean;
}

/** `kept`: nothing of the run changes. `changed`: what was claimed may be free again. Else what to wait for, with nothing sent. */
export async function keepPolicy(dependencies: ActivityDependencies, keeping: Keeping): Promise<'kept' | 'changed' | Wait> {
  const { ledger } = dependencies;
  const { run, again = false } = keeping;
  const newest = await ledger.policies.newest();
  if (!newest) return 'kept';
  const { neverTouch, scripts } = newest.policy;
  const forbidden = run.script && refusedScript({ ...run.script, status: '' }, scripts?.allow);
  if (forbidden) return { waitMs: FORBIDDEN_WAIT_MS, blocked: { kind: 'policy', why: forbidden.message } };
  if (!keepsAnything(neverTouch)) return 'kept';
  const reading = await currentReading(dependencies, newest, keeping);
  if ('waitMs' in reading) return reading;
  if (!again && (await ledger.neverTouch.appliedTo(run.id)) === reading.id) return 'kept';
  return apply(dependencies, { reading, neverTouch, runId: run.id });
}

export interface Host {
  assetId: string;
  name: string | null;
  /** One a line. */
  aliases: string | null;
}

/**
 * Which of these the newest policy keeps from every script, of assets that nothing is sent to yet; or what to wait for until that is known.
 */
export async function keptFrom(
  dependencies: ActivityDependencies,
  keeping: Keeping,
  hosts: readonly Host[],
): Promise<ReadonlySet<string> | Wait> {
  const { ledger } = dependencies;
  const newest = await ledger.policies.newest();
  if (!newest || !keepsAnything(newest.policy.neverTouch)) return new Set();
  const matches = hostMatcher(newest.policy.neverTouch.hostnames);
  for (;;) {
    const reading = await currentReading(dependencies, newest, keeping);
    if ('waitMs' in reading) return reading;
    if (reading.unreadable > 0 && hosts.some(({ name }) => name === null)) return waitForRows(reading, 'whether such an asset is excluded');
    const kept = await ledger.neverTouch.among(
      reading.id,
      hosts.map(({ assetId }) => assetId),
    );
    // One that was replaced meanwhile has lost its rows.
    if ((await ledger.neverTouch.newest(newest.version))?.id !== reading.id) continue;
    return new Set([...kept, ...hosts.flatMap((host) => (namesOf(host).some(matches) ? [host.assetId] : []))]);
  }
}

function waitForRows({ unreadable }: UntouchedReading, what: string): Wait {
  return { waitMs: UNKNOWN_WAIT_MS, blocked: { kind: 'policy', why: `${unreadText(unreadable)}: ${what} cannot be told` } };
}

async function apply(
  { ledger }: ActivityDependencies,
  { reading, neverTouch, runId }: { reading: UntouchedReading; neverTouch: NeverTouch; runId: string },
): Promise<'kept' | 'changed' | Wait> {
  if (reading.unreadable > 0 && (await ledger.neverTouch.hasNameless(runId)))
    return waitForRows(reading, 'whether an asset of the run is among them');
  for (const unknown of reading.unknown) await ledger.runs.addWarning(runId, warningOf(unknown));
  let changed = false;
  for (;;) {
    const { version } = reading;
    const { assets, giveUp } = await ledger.neverTouch.keepFrom(runId, { version, reading: reading.id, hostnames: neverTouch.hostnames });
    changed ||= assets > 0 || giveUp.length > 0;
    if (giveUp.length === 0) return changed ? 'changed' : 'kept';
    for (const executionNo of giveUp)
      await giveUpTags(ledger, { runId, executionNo, why: 'it hits an asset that policy excludes from all scripts' });
  }
}

/** The ledger's, while it is young enough; else as Qualys knows it now. */
async function currentReading(
  { ledger, qualys }: ActivityDependencies,
  { version, policy }: StoredPolicy,
  { run, beat }: Keeping,
): Promise<UntouchedReading | Wait> {
  const known = await ledger.neverTouch.newest(version);
  if (known && (await ledger.database.now()) - known.readAt < trustedFor(policy.neverTouch, known)) return known;
  const asked = inVain.get(ledger);
  if (asked?.version === version && performance.now() < asked.until) return asked.wait;
  try {
    let calls = 0;
    const onPage = (): void => {
      calls += 1;
      beat();
    };
    const finding = { runId: run.id, onPage };
    const lookup = new AssetsByKey(qualys, finding);
    const found = await readNeverTouched({ qualys }, policy.neverTouch, { ...finding, lookup });
    if (found.unknown.length > 0 && policy.neverTouch.unknown !== 'warn') {
      const wait: Wait = { waitMs: FORBIDDEN_WAIT_MS, blocked: { kind: 'policy', why: refusalOf(found.unknown) } };
      inVain.set(ledger, { version, until: performance.now() + UNKNOWN_WAIT_MS, wait });
      return wait;
    }
    return await ledger.neverTouch.store({ ...found, version, calls });
  } catch (error) {
    if (error instanceof UnresolvedTargets) return { waitMs: UNKNOWN_WAIT_MS, blocked: { kind: 'policy', why: error.message } };
    if (!(error instanceof QualysError)) throw error;
    return { waitMs: waitAfter(error, 3), blocked: blockedBy(error) };
  }
}

/** Ids stand for themselves. */
function trustedFor({ tags, hostnames }: NeverTouch, { calls }: UntouchedReading): number {
  if (tags.length + hostnames.length === 0) return Number.POSITIVE_INFINITY;
  return Math.max(TRUSTED_MS, calls * TRUSTED_MS_A_CALL);
}
