import type { Translation } from '../sender.js';
import { textAt, valueAt } from '../value-at.js';

const ASKING = ['jira:issue_created', 'jira:issue_updated'];

interface Move {
  generations: readonly string[];
  by?: unknown;
}

/**
 * The last change of status by the issue's change log. Cloud shows a part of a long one, newest first: where no change of status is among
 * that part, nobody can tell.
 */
function lastMove(issue: unknown): Move | undefined {
  const histories = valueAt(issue, 'changelog.histories');
  if (!Array.isArray(histories)) return undefined;
  const ids = histories.map((history) => textAt(history, 'id'));
  if (!ids.every((id) => /^[0-9]{1,18}$/.test(id))) return undefined;
  const shown = valueAt(issue, 'changelog.total');
  const isWhole = typeof shown !== 'number' || shown <= histories.length;
  if (!isWhole && Number(ids[0]) < Number(ids.at(-1))) return undefined;
  const moves = histories.filter((history) => valueAt(history, "items[?field == 'status'] | [0]") !== undefined);
  const last = moves.sort((one, other) => Number(textAt(other, 'id')) - Number(textAt(one, 'id')))[0];
  if (last === undefined) return isWhole ? { generations: ['created'] } : undefined;
  return { generations: [textAt(last, 'id')], by: valueAt(last, 'author') };
}

/** Fields of https://developer.atlassian.com/cloud/jira/platform/webhooks/. Hosts are in custom fields, whose ids are every site's own. */
export const translation: Translation = {
  map: {
    ticket: 'issue.key',
    generation: "changelog.id || 'created'",
    requestedBy: 'user.displayName',
    reason: 'issue.fields.summary',
  },
  generations: (record) => lastMove(record)?.generations,
  asEvent: (issue, generation) => ({
    ...{ issue, webhookEvent: 'jira:issue_updated', changelog: { id: generation } },
    user: lastMove(issue)?.by ?? valueAt(issue, 'fields.reporter'),
  }),
  ignored: (payload, generations) => {
    const kind = textAt(payload, 'webhookEvent');
    if (!ASKING.includes(kind)) return `${kind || 'an event without webhookEvent'} asks for nothing`;
    if (kind === 'jira:issue_created' || generations) return undefined;
    // Each change has an id of its own: an edit of an approved issue must not become a second run.
    const moved = valueAt(payload, "changelog.items[?field == 'status'] | [0]");
    return moved === undefined ? 'the status of the issue did not change' : undefined;
  },
  actors: ['user.accountId', 'user.emailAddress', 'user.name', 'user.key'],
  written: ['comment.body'],
  // Retries end within two hours; whoever replays a delivery later has only its body's own time against him.
  age: { at: 'timestamp', form: 'milliseconds', maxS: 24 * 3_600 },
};
