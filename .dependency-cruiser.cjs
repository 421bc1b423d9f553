// The arrows of the house (ARCHITECTURE.md): entry points → {worker, server, cli} → {recovery, activities, workflows, runs} → {qualys, ledger, tickets, reports, temporal} → contracts → domain.

const ROOMS = {
  domain: [[], 'Rules know nothing of where their facts come from.'],
  contracts: [['domain'], 'What users and systems hand in may use the words of the domain.'],
  qualys: [['contracts', 'domain'], 'The API client serves whoever asks.'],
  ledger: [['contracts', 'domain'], 'The ledger stores; it does not call.'],
  tickets: [['contracts', 'domain'], 'A ticketing system is translated, not acted for.'],
  temporal: [['contracts', 'domain'], 'The connection to the engine knows nothing of the work.'],
  reports: [['ledger', 'contracts', 'domain'], 'A report is made from the ledger.'],
  simulator: [['contracts', 'domain'], 'A simulator that shared code with the client would share its mistakes.'],
  activities: [['qualys', 'ledger', 'temporal', 'contracts', 'domain'], 'Steps use everything below them, and know nothing of the workflows that order them.'],
  workflows: [['activities', 'contracts', 'domain'], 'The sandbox holds orchestration only.'],
  recovery: [['activities', 'qualys', 'ledger', 'temporal', 'domain'], 'The sweep ends what no workflow ends any more, by the steps that end it otherwise.'],
  'write-back': [['ledger', 'tickets', 'reports', 'temporal', 'contracts', 'domain'], 'What is told to tickets is read from the ledger: no run knows of it.'],
  worker: [['recovery', 'write-back', 'activities', 'workflows', 'qualys', 'ledger', 'tickets', 'temporal', 'contracts', 'domain'], 'A worker puts the steps together and runs them; it serves nobody.'],
  runs: [['ledger', 'reports', 'temporal', 'contracts', 'domain'], 'What people see of runs, and do to them, is the same at the command line and at the server.'],
  server: [['runs', 'workflows', 'ledger', 'tickets', 'reports', 'temporal', 'contracts', 'domain'], 'The server starts workflows and reads the ledger.'],
  dashboard: [['contracts', 'domain'], 'The dashboard runs in a browser: of the server it knows the answers, not the code.'],
  rehearsal: [['worker', 'activities', 'workflows', 'simulator', 'qualys', 'ledger', 'temporal', 'contracts', 'domain'], 'A rehearsal is a whole product in one process.'],
  cli: [
    ['activities', 'rehearsal', 'runs', 'server', 'simulator', 'workflows', 'qualys', 'ledger', 'tickets', 'reports', 'temporal', 'contracts', 'domain'],
    'The command line starts workflows, reads the ledger, and resolves targets for a dry run as a run does.',
  ],
};
/** Tests, and the suites that a ledger of any kind runs as its own. */
const TEST = '\\.test\\.ts$|^src/ledger/conformance/';

/** A room may reach itself and the rooms listed; everything else in src/ is forbidden to it, entry points included. */
const arrows = Object.entries(ROOMS).map(([room, [allowed, comment]]) => ({
  name: `${room}-reaches-only-what-is-below`,
  severity: 'error',
  comment,
  from: { path: `^src/${room}/`, pathNot: TEST },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-circle-of-files', severity: 'error', comment: 'Imports of types count: who reads one file of a circle has to read them all.', from: {}, to: { circular: true } },
    ...arrows,
    {
      name: 'every-room-has-its-arrows',
      severity: 'error',
      comment: 'A new folder of src/ says in this file what it may reach.',
      from: { path: '^src/', pathNot: [TEST, `^src/(${Object.keys(ROOMS).join('|')})/`, '^src/(worker|server|cli)\\.ts$'] },
      to: {},
    },
    {
      name: 'workflows-import-activities-as-types',
      severity: 'error',
      comment: 'Activity code in the bundle would run inside the sandbox, and again on every replay.',
      from: { path: '^src/workflows/', pathNot: TEST },
      to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'dashboard-imports-no-contracts-but-types',
      severity: 'error',
      comment: 'Schemas would bring their library along, whose weight every page would carry.',
      from: { path: '^src/dashboard/', pathNot: TEST },
      to: { path: '^src/contracts/|node_modules/zod/|^(node:)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'others-import-workflows-as-types',
      severity: 'error',
      comment: 'Workflow code runs in the sandbox alone; the names of its messages are no code of it.',
      from: { path: '^src/(activities|recovery|server|cli)/', pathNot: TEST },
      to: { path: '^src/workflows/', dependencyTypesNot: ['type-only'], pathNot: '^src/workflows/shared/messages\\.ts$' },
    },
    {
      name: 'sandbox-imports-no-effects',
      severity: 'error',
      comment: "Node's own modules that come in through another module are refused by the bundler, in the build.",
      from: { path: '^src/(workflows|domain)/', pathNot: TEST },
      to: { path: '^(node:)?(fs|net|http|https|child_process|crypto|os|worker_threads)(/|$)|node_modules/(pino|undici|libsql|fastify)/' },
    },
    {
      name: 'sql-only-in-the-ledger',
      severity: 'error',
      comment: 'The driver of a database is loaded by the ledger alone.',
      from: { path: '^src/', pathNot: `^src/ledger/sqlite/|${TEST}` },
      to: { path: 'node_modules/(libsql|pg)/' },
    },
    { name: 'src-does-not-know-tests', severity: 'error', from: { path: '^src/', pathNot: TEST }, to: { path: `^test/|${TEST}` } },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.tsx', '.js'] },
  },
};
