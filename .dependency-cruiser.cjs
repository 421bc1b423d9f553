// The arrows of the house (ARCHITECTURE.md): entry points → {server, cli, activities, workflows} → {qualys, ledger, tickets, report, temporal} → schema → domain.

const ROOMS = ['server', 'cli', 'activities', 'workflows', 'qualys', 'ledger', 'tickets', 'report', 'temporal', 'simulator', 'rehearsal', 'schema', 'domain'];
const TEST = '\\.test\\.ts$';

/** A room may reach itself and the rooms listed; everything else in src/ is forbidden to it. */
function reaches(room, allowed, comment) {
  const open = [room, ...allowed];
  return {
    name: `${room}-reaches-only-${allowed.join('-') || 'itself'}`,
    severity: 'error',
    comment,
    from: { path: `^src/${room}/`, pathNot: TEST },
    to: { path: '^src/', pathNot: `^src/(${open.join('|')})/` },
  };
}

const BELOW = ['qualys', 'ledger', 'tickets', 'report', 'temporal'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'Imports of types count: who reads one file of a circle has to read them all.', from: {}, to: { circular: true } },
    reaches('domain', [], 'Rules know nothing of where their facts come from.'),
    reaches('schema', ['domain'], 'A wire format may use the words of the domain.'),
    reaches('qualys', ['schema', 'domain'], 'The API client serves whoever asks.'),
    reaches('ledger', ['schema', 'domain'], 'The ledger stores; it does not call.'),
    reaches('tickets', ['schema', 'domain'], 'A ticketing system is translated, not acted for.'),
    reaches('report', ['ledger', 'schema', 'domain'], 'A report is made from the ledger.'),
    reaches('temporal', ['schema', 'domain'], 'The connection to the engine knows nothing of the work.'),
    reaches('simulator', ['schema', 'domain'], 'A simulator that shared code with the client would share its mistakes.'),
    reaches('activities', ['workflows', ...BELOW, 'schema', 'domain'], 'Steps use everything below them.'),
    reaches('workflows', ['activities', 'schema', 'domain'], 'The sandbox holds orchestration only.'),
    reaches('server', ['workflows', ...BELOW, 'schema', 'domain'], 'The server starts workflows and reads the ledger.'),
    reaches('rehearsal', ['activities', 'simulator', 'worker', 'workflows', ...BELOW, 'schema', 'domain'], 'A rehearsal is a whole product in one process.'),
    reaches('cli', ['activities', 'rehearsal', 'server', 'simulator', 'workflows', ...BELOW, 'schema', 'domain'], 'The command line starts workflows, reads the ledger, and resolves targets for a dry run as a run does.'),
    {
      name: 'workflows-import-activities-as-types',
      severity: 'error',
      comment: 'Activity code in the bundle would run inside the sandbox, and again on every replay.',
      from: { path: '^src/workflows/', pathNot: TEST },
      to: { path: '^src/activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'activities-import-workflows-as-types',
      severity: 'error',
      from: { path: '^src/(activities|server|cli)/', pathNot: TEST },
      to: { path: '^src/workflows/', dependencyTypesNot: ['type-only'], pathNot: '^src/workflows/(names|messages|handlers|definitions)' },
    },
    {
      name: 'sandbox-imports-no-effects',
      severity: 'error',
      comment: "Node's own modules that come in through another module are refused by the bundler, in the build.",
      from: { path: '^src/(workflows|domain)/', pathNot: TEST },
      to: { path: '^(node:)?(fs|net|http|https|child_process|crypto|os|worker_threads)(/|$)|node_modules/(pino|undici|libsql|fastify)/' },
    },
    {
      name: 'rooms-do-not-know-entry-points',
      severity: 'error',
      from: { path: `^src/(${ROOMS.join('|')})/`, pathNot: TEST },
      to: { path: '^src/(worker|server|cli)\\.ts$' },
    },
    { name: 'src-does-not-know-tests', severity: 'error', from: { path: '^src/', pathNot: TEST }, to: { path: '^test/|\\.test\\.ts$' } },
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
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] },
  },
};
