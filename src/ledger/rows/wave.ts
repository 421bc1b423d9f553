// A wave as the ledger keeps it.
import type { WaveStatus } from '../../domain/campaign/status.js';
import { fieldsOf } from './fields.js';

export interface StoredWave {
  waveNo: number;
  name: string;
  size: number;
  status: WaveStatus;
  approvedBy: string[];
  /** What a person is asked about it, or why it ended so. */
  why?: string | undefined;
  /** Epoch ms by the ledger's clock. */
  openedAt?: number | undefined;
  closedAt?: number | undefined;
}

export interface WaveRow {
  wave_no: number;
  name: string;
  size: number;
  status: WaveStatus;
  approved_by: string;
  why: string | null;
  opened_at: number | null;
  closed_at: number | null;
}

export function toWave(row: WaveRow): StoredWave {
  return {
    ...fieldsOf(row, {
      waveNo: 'wave_no',
      name: 'name',
      size: 'size',
      status: 'status',
      why: 'why',
      openedAt: 'opened_at',
      closedAt: 'closed_at',
    }),
    approvedBy: JSON.parse(row.approved_by) as string[],
  };
}
