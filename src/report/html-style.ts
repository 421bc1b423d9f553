/** Colours are told apart by lightness too, and never alone: the word stands beside. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --paper: #ffffff; --stripe: #f6f8fa;
  --succeeded: #1a7f37; --failed: #cf222e; --unverified: #9a6700; --unreachable: #8250df; --missing: #bc4c00; --skipped: #8c959f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --stripe: #151b23;
  --succeeded: #3fb950; --failed: #f85149; --unverified: #d29922; --unreachable: #bc8cff; --missing: #f0883e; --skipped: #7d8590; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.badge { font-size: .85rem; font-weight: 600; padding: .15rem .6rem; border: 1px solid currentColor; border-radius: 1rem; vertical-align: middle; }
.badge.succeeded { color: var(--succeeded); } .badge.partial, .badge.stopped, .badge.cancelled { color: var(--unverified); } .badge.failed { color: var(--failed); }
.bar { display: flex; gap: 2px; height: .8rem; border-radius: .4rem; overflow: hidden; background: var(--stripe); }
.bar i { min-width: 3px; }
i.succeeded, .dot.succeeded { background: var(--succeeded); } i.failed, .dot.failed { background: var(--failed); }
i.unverified, .dot.unverified { background: var(--unverified); } i.unreachable, .dot.unreachable { background: var(--unreachable); }
i.missing, .dot.missing { background: var(--missing); } i.skipped, .dot.skipped { background: var(--skipped); }
.counts { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; list-style: none; padding: 0; color: var(--soft); }
.counts b { color: var(--ink); font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.counts .succeeded b { color: var(--succeeded); } .counts .failed b { color: var(--failed); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .75rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
td:nth-child(4) { white-space: normal; min-width: 12rem; } th { color: var(--soft); font-weight: 600; position: sticky; top: 0; background: var(--paper); }
tbody tr:nth-child(even) { background: var(--stripe); }
.dot { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; margin-right: .45rem; background: var(--soft); }
`;
