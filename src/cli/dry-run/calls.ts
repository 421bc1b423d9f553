import type { ResolvingWith } from '../../activities/opening/resolve-targets.js';

type Qualys = ResolvingWith['qualys'];

/** The same client, counting the calls that resolving takes: one for each page that came, or that failed. */
export function countingCalls(qualys: Qualys): { qualys: Qualys; calls: () => number } {
  let calls = 0;
  const once = <A extends unknown[], R>(ask: (...given: A) => Promise<R>) => {
    return (...given: A): Promise<R> => {
      calls += 1;
      return ask(...given);
    };
  };
  const paged = <A extends unknown[], P>(walk: (...given: A) => AsyncIterable<P>) => {
    return async function* pages(...given: A): AsyncGenerator<P> {
      try {
        for await (const page of walk(...given)) {
          calls += 1;
          yield page;
        }
      } catch (error) {
        calls += 1;
        throw error;
      }
    };
  };
  return {
    calls: () => calls,
    qualys: {
      ...qualys,
      script: once(qualys.script),
      easmStatus: once(qualys.easmStatus),
      count: once(qualys.count),
      countGavAssets: once(qualys.countGavAssets),
      countGavV1Assets: once(qualys.countGavV1Assets),
      searchAssets: paged(qualys.searchAssets),
      searchTags: paged(qualys.searchTags),
      searchJobs: paged(qualys.searchJobs),
      activities: paged(qualys.activities),
      gavAssets: paged(qualys.gavAssets),
      gavV1Assets: paged(qualys.gavV1Assets),
      edrAssets: paged(qualys.edrAssets),
    },
  };
}
