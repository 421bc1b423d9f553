// Which dialog is open: one at a time, drawn beside the page, which is hidden to assistive technology meanwhile.
import { signal } from '@preact/signals';
import type { Decision } from '../data/types.js';

export type OpenDialog =
  | { kind: 'token' }
  | {
      kind: 'decide';
      runId: string;
      decision: Decision /** Of what the person before the page has seen. */;
      digest: string | undefined;
      onDone: () => void;
    };

export const dialog = signal<OpenDialog | undefined>(undefined);

export function closeDialog(): void {
  dialog.value = undefined;
}
