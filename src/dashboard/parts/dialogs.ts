// Which dialog is open: one at a time, drawn beside the page, which is hidden to assistive technology meanwhile.
import { signal } from '@preact/signals';
import type { AssetRow, Decision } from '../data/types.js';

export type OpenDialog =
  | { kind: 'token' }
  /** `digest`: of what the person before the page has seen. */
  | { kind: 'decide'; runId: string; decision: Decision; digest: string | undefined; onDone: () => void }
  | { kind: 'output'; runId: string; asset: AssetRow };

export const dialog = signal<OpenDialog | undefined>(undefined);

export function closeDialog(): void {
  dialog.value = undefined;
}
