import { EXIT, type Invocation } from '../invocation/context.js';
import type { Column } from '../terminal/table.js';
import { withQualys } from './output/connection.js';
import { searchOf, walkCommand } from './output/walk.js';
import { writeRows } from './output/write-rows.js';

interface Tag {
  tagId: string;
  tagUuid: string;
  name: string;
}

const COLUMNS: readonly Column<Tag>[] = [
  { title: 'TAG', text: ({ tagId }) => tagId, align: 'right' },
  { title: 'NAME', text: ({ name }) => name, flexible: true },
  { title: 'UUID', text: ({ tagUuid }) => tagUuid, flexible: true, dispensable: true },
];

/** No filter: none is documented for tags, and a list that a service did not filter would look as if it had. */
export function tagsCommand(invocation: Invocation) {
  return walkCommand('tags', 'list asset tags').action(async (options) => {
    await withQualys(invocation, options, async (link) => {
      const pages = link.qualys.searchTags(searchOf(options, link));
      await writeRows(invocation, { noun: 'tags', columns: COLUMNS, pages, options });
    });
    invocation.exitCode = EXIT.done;
  });
}
