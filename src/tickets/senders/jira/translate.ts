import type { Translation } from '../sender.js';
import { textAt, valueAt } from '../value-at.js';

const ASKING = ['jira:issue_created', 'jira:issue_updated'];

/** Fields of https://developer.atlassian.com/cloud/jira/platform/webhooks/. Hosts are in custom fields, whose ids are every site's own. */
export const translation: Translation = {
  map: {
    ticket: 'issue.key',
    generation: "changelog.id || 'created'",
    requestedBy: 'user.displayName',
    reason: 'issue.fields.summary',
  },
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
