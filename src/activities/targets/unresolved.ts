import type { Problem } from '../../contracts/request.js';

/** Targets that do not stand for exactly one asset each, or of which that cannot be told. */
export class UnresolvedTargets extends Error {
  override readonly name = 'UnresolvedTargets';

  constructor(readonly problems: Problem[]) {
    super(
      `${problems.length} target(s) cannot be resolved: ${problems
        .slice(0, 5)
        .map(({ path, problem }) => `${path}: ${problem}`)
        .join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
    );
  }
}
