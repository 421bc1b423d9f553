// Whether a script can run on an asset at all. Only Windows against the rest is told apart: which of the others share a shell is in no
// document.

const UNIX_LIKE = new Set(['LINUX', 'UNIX', 'MAC']);

/** Whether the platform of an asset can matter to a script of this platform. */
export function isToldApart(script: string | undefined): boolean {
  return script === 'WINDOWS' || (script !== undefined && UNIX_LIKE.has(script));
}

/** True when the two platforms are known and one of them alone is Windows. Words as CAR has them, upper case. */
export function isOtherPlatform(script: string | undefined, asset: string | undefined): boolean {
  if (script === undefined || asset === undefined) return false;
  return (script === 'WINDOWS' && UNIX_LIKE.has(asset)) || (asset === 'WINDOWS' && UNIX_LIKE.has(script));
}
