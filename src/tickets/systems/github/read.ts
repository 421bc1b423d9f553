import { memberOf, queryString, recordsOf, type TicketFinding, type TicketRecord, withId } from '../system.js';

/** `owner/repo#number`, within what GitHub takes for names; `.` and `..` would be other addresses. */
const ISSUE = /^([A-Za-z0-9][A-Za-z0-9-]{0,38})\/(?!\.{1,2}#)([A-Za-z0-9._-]{1,100})#([0-9]{1,15})$/;

export const githubIssue: TicketRecord = {
  path(ticketId) {
    const [, owner, repo, number] = ISSUE.exec(ticketId) ?? [];
    return number === undefined ? undefined : `/repos/${owner}/${repo}/issues/${number}`;
  },
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  record(body, ticketId) {
    const [, owner, repo, number] = ISSUE.exec(ticketId) ?? [];
    // GitHub finds names whatever their case, and writes them in one way.
    const repository = memberOf(body, 'repository_url');
    if (number === undefined || typeof repository !== 'string' || !repository.endsWith(`/repos/${owner}/${repo}`)) return undefined;
    return withId(body, ['number'], number);
  },
};

const PAGE = 100;

/** `find`: qualifiers of a search of issues, with the repository among them: `repo:acme/fleet label:overhaul-approved`. */
export const githubSearch: TicketFinding = {
  pageSize: PAGE,
  path({ find, page }) {
    const query = { q: `is:issue ${find}`, sort: 'updated', order: 'desc', per_page: PAGE, page: page + 1 };
    return `/search/issues?${queryString(query)}`;
  },
  rows: (body) => recordsOf(memberOf(body, 'items')),
};
