import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** `run-<script>-<UTC time>-<four random characters>`: sorts by time, and two people who start the same at once get two runs. */
export function newWorkflowId(script: string, now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  const chance = Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return ['run', slug(script), time, chance].filter((part) => part !== '').join('-');
}

function slug(script: string): string {
  return script
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
}
