import type { Translation } from '../sender.js';
import { textAt, valueAt } from '../value-at.js';
import { formOf } from './issue-form.js';

/** Labels of this name and with this beginning authorise: `overhaul`, `overhaul-approved`, `overhaul-2`. */
const LABEL = 'overhaul';

const REPOSITORY = /\/repos\/([^/]+\/[^/]+)$/;

/**
 * Events of issues: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues. What kind an event is stands in a header that is not
 * signed, so it is told by the body.
 */
export const translation: Translation = {
  map: {
    ticket: "join('', [repository.full_name, '#', to_string(issue.number)])",
    url: 'issue.html_url',
    // Not the time of the event: two registrations of a webhook would be two runs. Another run of the same issue takes another label.
    generation: 'label.name',
    hostnames: 'form.hosts',
    assetIds: 'form."asset ids"',
    requestedBy: 'sender.login',
    reason: 'issue.title',
  },
  // The text of an issue can be edited after the label was set: what it says now counts.
  read: { hostnames: 'form.hosts', assetIds: 'form."asset ids"' },
  view: (value) => {
    if (typeof value !== 'object' || value === null) return value;
    return { ...value, form: formOf(textAt(value, 'issue.body') || textAt(value, 'body')) };
  },
  generations(record) {
    const labels = valueAt(record, 'labels[].name');
    return Array.isArray(labels) ? labels.filter((name) => typeof name === 'string' && name.startsWith(LABEL)) : undefined;
  },
  asEvent: (issue, generation) => ({
    ...{ issue, sender: valueAt(issue, 'user'), label: { name: generation } },
    repository: { full_name: REPOSITORY.exec(textAt(issue, 'repository_url'))?.[1] },
  }),
  ignored: (payload, generations) => {
    const action = textAt(payload, 'action');
    if (valueAt(payload, 'issue') === undefined || valueAt(payload, 'comment') !== undefined)
      return 'only events of issues ask for anything';
    if (generations) return undefined;
    if (action !== 'labeled') return `issues.${action || '?'} asks for nothing`;
    return textAt(payload, 'label.name').startsWith(LABEL) ? undefined : `a label that does not begin with ${LABEL} asks for nothing`;
  },
  actors: ['sender.login'],
  written: ['comment.body'],
};
