// Why the demo's run is not `succeeded` on every asset, and why that is right: the gateway was told to make some fail.
const WHY = {
  failed: 'the gateway lets one script in twenty fail',
  unreachable: 'its agent is offline: no verdict by the deadline',
  unverified: 'its result was lost: it may have run, so nobody says it did',
  missing: 'not planned: see the report',
  skipped: 'not planned: see the report',
};

/** Lines of at most 80 columns. */
export function whyPartial({ report, assets }) {
  const { counts, status } = report;
  const outcomes = Object.keys(WHY).filter((outcome) => counts[outcome] > 0);
  if (outcomes.length === 0) return [`The run is «${status}»: all ${counts.targeted} assets succeeded.`];
  const lines = outcomes.flatMap((outcome) => {
    const ids = assets.filter((row) => row.outcome === outcome).map(({ assetId }) => assetId);
    const more = ids.length > 4 ? ` and ${ids.length - 4} more` : '';
    return [`  ${String(counts[outcome]).padStart(3)} ${outcome.padEnd(12)}${WHY[outcome]}`, `      ${ids.slice(0, 4).join(', ')}${more}`];
  });
  return [
    `The run is «${status}», and that is right: ${counts.succeeded} of ${counts.targeted} assets succeeded. The rest:`,
    ...lines,
    'Their outputs and reasons are in the report.',
  ];
}
