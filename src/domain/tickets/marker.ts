// By its marker an entry of ours is found again on its ticket: `overhaul:<workflow id>`, and which of the run's entries it is.
import { MARKER_WORD } from './inert.js';

/** What an id of Temporal could break in a query or in markup is percent-encoded, as ids that come from tickets are already. */
export function markerOf(workflowId: string, entry: string): string {
  const id = workflowId.replace(/[^A-Za-z0-9%/_.:~!'()*-]/g, (character) => encodeURIComponent(character.toWellFormed()));
  return `${MARKER_WORD}${id} ${entry.replace(/[^A-Za-z0-9-]+/g, '-')}`;
}

/** Whole: that of entry `1-running` is not that of `1-running-on`. */
export function bearsMarker(text: string, marker: string): boolean {
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, at + 1))
    if (!/[A-Za-z0-9-]/.test(text.charAt(at + marker.length))) return true;
  return false;
}
