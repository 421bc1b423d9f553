import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** `<plan name>-<eight random characters>`: the same plan may be started again. */
export function newCampaignId(name: string): string {
  return [slug(name), chance(8)].filter((part) => part !== '').join('-');
}

/** `run-<script>-<UTC time>-<four random characters>`: sorts by time, and two people who start the same at once get two runs. */
export function newWorkflowId(script: string, now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  return ['run', slug(script), time, chance(4)].filter((part) => part !== '').join('-');
}

function chance(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

function slug(script: string): string {
  return script
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
}
