// What TypeScript and Biome cannot see: promises nobody waits for, and the border of the workflow sandbox.
import tseslint from 'typescript-eslint';

/** Effects have no place in workflow code, which is replayed, and none in domain/, which decides. */
const IMPURE = [
  { group: ['node:*', 'pino', 'undici', 'libsql', 'fastify'], message: 'Pure code and workflow code have no effects: do this in an activity.' },
  { group: ['**/qualys/**', '**/ledger/**', '**/server/**', '**/tickets/**', '**/reports/**', '**/cli/**'], message: 'Arrows point to contracts/ and domain/ only.' },
];
const ACTIVITIES = {
  group: ['**/activities/**', '**/activities'],
  allowTypeImports: true,
  message: 'Activities come into workflow code as `import type`: proxyActivities calls them.',
};

/** Tests, and the suites that a ledger of any kind runs as its own. */
const TESTS = ['src/**/*.test.ts', 'src/ledger/conformance/**'];

/** SQL is the ledger's: whoever needs a row asks it. */
const STATEMENT = '/^\\s*((SELECT|INSERT (OR \\w+ )?INTO|UPDATE \\w+|DELETE FROM|PRAGMA|WITH \\w+ AS)\\b|UPDATE $)/';
const WORDS = [
  { selector: 'TSEnumDeclaration', message: 'A union of literals says the same and needs no code.' },
  { selector: 'ExportDefaultDeclaration', message: 'A named export has one name everywhere.' },
];
const noSql = (message) => [
  'error',
  ...WORDS,
  { selector: `Literal[value=${STATEMENT}]`, message },
  { selector: `TemplateElement[value.raw=${STATEMENT}]`, message },
];

export default tseslint.config(
  { ignores: ['dist/**', '.cache/**', '.demo/**', 'coverage/**', 'node_modules/**', 'test/**/histories/**'] },
  {
    files: ['src/**/*.{ts,tsx}', 'test/**/*.ts', 'scripts/**/*.ts'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'max-params': ['error', 4],
      'no-constant-binary-expression': 'error',
      'no-restricted-syntax': ['error', ...WORDS],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: TESTS,
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/domain/**/*.ts', 'src/workflows/**/*.ts'],
    ignores: TESTS,
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [...IMPURE, ACTIVITIES] }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/ledger/**', 'src/**/*.test.ts'],
    rules: { 'no-restricted-syntax': noSql('SQL stands in src/ledger/ only.') },
  },
  {
    files: [...TESTS, 'test/**/*.ts', 'scripts/**/*.ts'],
    ignores: [
      'src/ledger/sqlite/**',
      'src/ledger/sql/**',
      // Rows as they lie in the tables, and the file that they lie in; what a ledger costs beside a bare loop.
      'test/support/ledger/{rows,sqlite}.ts',
      'scripts/bench/{bare-rows,commits,report}.ts',
    ],
    rules: { 'no-restricted-syntax': noSql('Tests read by ledgerOf (test/support/ledger/inspector.ts), and write by scenario.ts and damage.ts.') },
  },
);
