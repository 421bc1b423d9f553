// What must be true after the demo's run, whatever failed in it: the report is compared with the gateway's own record.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const OUTCOMES = ['succeeded', 'failed', 'unverified', 'unreachable', 'missing', 'skipped'];
/** How an asset's end at the gateway has to appear in the report. */
const OUTCOME_OF_FATE = { passed: 'succeeded', failed: 'failed', offline: 'unreachable', 'result-lost': 'unverified' };

/** Prints each invariant with its figures; true when all hold. */
export function checkInvariants({ report, assets, simulator, secrets, directory, expectedAssets }) {
  const { state } = simulator;
  const stats = simulator.stats();
  const perAsset = state.executionsPerAsset();
  const total = OUTCOMES.reduce((sum, outcome) => sum + report.counts[outcome], 0);
  const wrong = assets.filter(({ assetId, outcome }) => OUTCOME_OF_FATE[state.fateOf(assetId)] !== outcome);
  const miscounted = OUTCOMES.filter((outcome) => assets.filter((row) => row.outcome === outcome).length !== report.counts[outcome]);
  const twice = [...perAsset].filter(([, times]) => times > 1);
  const strangers = [...perAsset.keys()].filter((assetId) => !assets.some((row) => row.assetId === assetId));
  const leaks = filesWith(directory, [secrets.password, secrets.hook]);
  const invariants = [
    [`every asset has one outcome: ${total} of ${expectedAssets}`, total === expectedAssets && assets.length === expectedAssets],
    ['the rows add up to the counts', miscounted.length === 0],
    [`every outcome is what became of the asset at the gateway (${wrong.length} differ)`, wrong.length === 0],
    [`no asset was executed twice (${twice.length} were)`, twice.length === 0],
    [`no asset outside the cohort was executed (${strangers.length} were)`, strangers.length === 0],
    [
      `the gateway knows as many executions as the report: ${stats.executions} and ${report.executions}`,
      stats.executions === report.executions,
    ],
    ['one answer was lost after its execution, and nothing was sent again', lostAnswers(state.calls) === 1 && twice.length === 0],
    [`the token was renewed while the run was going: ${stats.tokensIssued} tokens`, stats.tokensIssued >= 2],
    [`no call was sent against an announced limit (${stats.againstAnnouncement} were)`, stats.againstAnnouncement === 0],
    [`no secret is in any file (${leaks.join(', ') || 'none found'})`, leaks.length === 0],
  ];
  console.log('\nInvariants');
  for (const [text, holds] of invariants) console.log(`  ${holds ? 'holds ' : 'BROKEN'}  ${text}`);
  console.log(`\n${(report.apiCalls / report.executions).toFixed(1)} calls an execution, ${report.apiCalls} in all.`);
  return invariants.every(([, holds]) => holds);
}

function lostAnswers(calls) {
  return calls.filter(({ fault }) => fault?.endsWith('after the effect')).length;
}

function filesWith(directory, texts) {
  return readdirSync(directory).filter((file) => {
    const content = readFileSync(join(directory, file));
    return texts.some((text) => content.includes(text));
  });
}
