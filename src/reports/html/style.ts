/** Colours are told apart by lightness too, and never alone: the word stands beside. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d8dee4; --paper: #ffffff; --stripe: #f6f8fa; --link: #0969da;
  --alarm: #a40e26; --alarm-ink: #ffffff;
  --succeeded: #1a7f37; --failed: #cf222e; --unverified: #9a6700; --unreachable: #8250df; --missing: #bc4c00; --skipped: #6e7781; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --stripe: #151b23; --link: #4493f8;
  --alarm: #b62324; --succeeded: #3fb950; --failed: #f85149; --unverified: #d29922; --unreachable: #bc8cff; --missing: #f0883e; --skipped: #8b949e; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 80rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
a { color: var(--link); } small, .soft { color: var(--soft); font-size: .87rem; } code { font-size: .87em; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: .5rem 0 1rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; scroll-margin-top: 1rem; }
h2 small { font-weight: 400; font-size: .95rem; } h3 { font-size: .95rem; margin: 1.1rem 0 .35rem; overflow-wrap: anywhere; } h3 small { font-weight: 400; }
.means { margin: -.5rem 0 1rem; color: var(--soft); }
.group { border-left: 3px solid var(--failed); padding: .1rem 0 .1rem .9rem; margin: .9rem 0 1.2rem; } .group h3 { margin: 0 0 .35rem; }
.group pre { margin: .35rem 0; padding: .6rem .8rem; background: var(--stripe); border-radius: .35rem; font: .8rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.group p { margin: .35rem 0; } details.group { margin: .5rem 0; } details.group summary { padding: 0; width: auto; color: inherit; overflow-wrap: anywhere; } details.group h3 { display: inline; } .hosts { color: var(--soft); font-size: .87rem; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--link); padding: .2rem 0; width: max-content; }
.alarm { background: var(--alarm); color: var(--alarm-ink); padding: 1rem 1.25rem; border-radius: .5rem; margin-bottom: 1.5rem; }
.alarm h2 { font-size: 1.35rem; margin: 0; } .alarm p { margin: .4rem 0; } .alarm small { color: inherit; opacity: .85; }
.alarm ul { list-style: none; padding: 0; margin: .5rem 0 0; columns: 14rem; font-variant-numeric: tabular-nums; }
.badge { font-size: .85rem; font-weight: 600; padding: .15rem .6rem; border: 1px solid currentColor; border-radius: 1rem; vertical-align: middle; white-space: nowrap; }
.badge.succeeded { color: var(--succeeded); } .badge.partial, .badge.stopped, .badge.cancelled { color: var(--unverified); } .badge.failed { color: var(--failed); }
.bar { display: flex; gap: 2px; height: .8rem; border-radius: .4rem; overflow: hidden; background: var(--stripe); }
.bar i { min-width: 4px; }
i.succeeded, .dot.succeeded { background: var(--succeeded); } i.failed, .dot.failed { background: var(--failed); }
i.unverified, .dot.unverified { background: var(--unverified); } i.unreachable, .dot.unreachable { background: var(--unreachable); }
i.missing, .dot.missing { background: var(--missing); } i.skipped, .dot.skipped { background: var(--skipped); }
.dot { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; margin-right: .4rem; background: var(--soft); }
.counts { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; list-style: none; padding: 0; margin: .9rem 0 1.2rem; color: var(--soft); }
.counts a { color: inherit; text-decoration: none; } .counts a:hover { text-decoration: underline; }
.counts b { color: var(--ink); font-size: 1.25rem; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
section ul { padding-left: 1.2rem; margin: .5rem 0; overflow-wrap: anywhere; } section > p { margin: .4rem 0; }
.tag { font-size: .8rem; padding: 0 .45rem; border: 1px solid currentColor; border-radius: 1rem; white-space: nowrap; }
.tag.verified { color: var(--succeeded); } .tag.claimed { color: var(--soft); } .tag.refused { color: var(--failed); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.assets td:nth-child(3), .log td:last-child { white-space: normal; width: 40%; overflow-wrap: anywhere; }
.assets th:nth-child(5), .assets td:nth-child(5), .assets th:nth-child(6), .assets td:nth-child(6) { text-align: right; }
tr.wave th { color: var(--ink); padding-top: .9rem; }
.waves td:first-child { font-weight: 600; } .waves td:nth-child(3), .waves td:last-child { white-space: normal; overflow-wrap: anywhere; }
.tag.succeeded { color: var(--succeeded); } .tag.failed, .tag.rolled-back { color: var(--failed); } .tag.partial, .tag.stopped, .tag.cancelled { color: var(--unverified); } .tag.skipped, .tag.empty { color: var(--soft); }
tbody tr:nth-child(even) { background: var(--stripe); }
@media screen and (max-width: 44rem) { main { padding: 1rem .75rem 3rem; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media screen and (max-width: 64rem) {
  thead { position: absolute; clip-path: inset(50%); }
  table, tbody { display: block; } tr { display: flex; flex-wrap: wrap; gap: 0 .8rem; padding: .45rem .3rem; border-bottom: 1px solid var(--line); }
  th, td, .assets td:nth-child(3), .log td:last-child { display: block; width: auto; max-width: 100%; padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; }
  tr.wave { padding-top: 1rem; } .waves td { order: 0; } .waves td:nth-child(3), .waves td:last-child { flex-basis: 100%; } .waves td:nth-child(n + 4) { color: var(--soft); } .waves td:nth-child(4)::before { content: 'approved by '; }
  td:empty { display: none; } .assets td:nth-child(2) { font-weight: 600; } .assets td:nth-child(3), .log td:last-child { flex-basis: 100%; order: 1; }
  .assets td:nth-child(n + 4), .log td:first-child { color: var(--soft); order: 2; }
  .assets td:nth-child(5)::before { content: 'exit code '; } .assets td:nth-child(6)::before { content: 'attempt '; } .assets td:nth-child(7)::before { content: 'job '; }
  .assets td:nth-child(8)::before { content: 'finished '; } .assets.simulated td:nth-child(8)::before { content: 'finished, simulated, '; }
}
@media print {
  @page { margin: 14mm; } body { font-size: 10pt; } main { max-width: none; padding: 0; } h2 { break-after: avoid; } tr, li { break-inside: avoid; }
  .group pre { background: none; border: 1px solid var(--line); } .group h3 { break-after: avoid; } .group pre, .hosts { break-inside: avoid; }
  .scroll { overflow: visible; } table { font-size: 7.5pt; } th, td { padding: .2rem .7rem .2rem 0; }
  .assets td:nth-child(2), .assets td:nth-child(4), .log td { white-space: normal; overflow-wrap: break-word; } .assets td:nth-child(3) { width: 25%; } a { color: inherit; } .counts b { font-size: 1.1rem; }
  .alarm, .bar i, .dot { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
