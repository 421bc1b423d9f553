import type { Translation } from '../sender.js';

/** The body of docs/http-api.md. Whoever sends it decides what it asks for: there is no kind of event to leave out. */
export const translation: Translation = {
  map: {
    ticket: 'ticket.id',
    url: 'ticket.url',
    generation: 'ticket.generation',
    assetIds: 'targets.assetIds',
    hostnames: 'targets.hostnames',
    assetTagIds: 'targets.assetTagIds',
    query: 'targets.query',
    excludedAssetIds: 'targets.excludedAssetIds',
    requestedBy: 'requestedBy',
    reason: 'reason',
  },
  actors: [],
  written: [],
};
