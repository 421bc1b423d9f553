// A look into a ledger past its interface: for what no method shows, and for tests of the methods themselves.
import type { Ledger } from '../../../src/ledger/index.js';
import { read, type Table, type Tables, type Where } from './rows.js';

/** Whatever has a ledger: itself, a product, a harness of a product. */
type Owner = Ledger | { ledger: Ledger } | { product: { ledger: Ledger } };

/** Only these columns of every row. */
type Of<Name extends Table, Column extends keyof Tables[Name]> = Pick<Tables[Name], Column>;

export interface Inspector {
  /** Every row, or every row like `where`. */
  rows<Name extends Table>(table: Name, where?: Where<Name>): Promise<Tables[Name][]>;
  /** The same with these columns only. */
  columns<Name extends Table, Column extends keyof Tables[Name]>(
    table: Name,
    columns: readonly Column[],
    where?: Where<Name>,
  ): Promise<Of<Name, Column>[]>;
  /** How many rows have the same values in these columns, in the order of those values. */
  tally<Name extends Table, Column extends keyof Tables[Name]>(
    table: Name,
    columns: readonly Column[],
    where?: Where<Name>,
  ): Promise<(Of<Name, Column> & { n: number })[]>;
  count<Name extends Table>(table: Name, where?: Where<Name>): Promise<number>;
  /** The asset ids of attempts, in cohort order. */
  assetsOf(where?: Where<'attempts'>): Promise<string[]>;
  /** The assets that a run holds, of one run or of all. */
  leased(runId?: string): Promise<string[]>;
  /** The permits that were granted to a run, or to the steps of a campaign; oldest first. */
  permits(runId: string): Promise<Tables['sends'][]>;
  /** A run and, of a campaign, its steps. */
  runsOf(runId: string): Promise<Tables['runs'][]>;
}

export function ledgerOf(owner: Owner): Inspector {
  const ledger = 'product' in owner ? owner.product.ledger : 'ledger' in owner ? owner.ledger : owner;
  const rows: Inspector['rows'] = (table, where) => read(ledger, table, where);
  const columns: Inspector['columns'] = async (table, names, where) => (await rows(table, where)).map((row) => pick(row, names));
  const runsOf: Inspector['runsOf'] = async (runId) => [
    ...(await rows('runs', { id: runId })),
    ...(await rows('runs', { campaignId: runId })),
  ];
  return {
    rows,
    columns,
    async tally(table, names, where) {
      const counted = new Map<string, number>();
      for (const row of await columns(table, names, where)) {
        const key = JSON.stringify(row);
        counted.set(key, (counted.get(key) ?? 0) + 1);
      }
      return [...counted].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, n]) => ({ ...JSON.parse(key), n }));
    },
    count: async (table, where) => (await rows(table, where)).length,
    assetsOf: async (where) => (await rows('attempts', where)).map(({ assetId }) => assetId),
    leased: async (runId) =>
      (await rows('attempts', { lease: 1, ...(runId === undefined ? {} : { runId }) })).map(({ assetId }) => assetId),
    runsOf,
    async permits(runId) {
      const ids = new Set((await runsOf(runId)).map(({ id }) => id));
      return (await rows('sends')).filter((send) => ids.has(send.runId));
    },
  };
}

function pick<Row, Column extends keyof Row>(row: Row, names: readonly Column[]): Pick<Row, Column> {
  return Object.fromEntries(names.map((name) => [name, row[name]])) as Pick<Row, Column>;
}
