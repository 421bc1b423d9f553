import { AsyncResource } from 'node:async_hooks';
import { afterEach, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { withHeartbeat } from './heartbeat.js';

afterEach(() => {
  jest.restoreAllMocks();
});

test.each(['ends', 'fails'])('beats with the newest details until the work %s', async (how) => {
  let tick: () => void = () => undefined;
  jest.spyOn(globalThis, 'setInterval').mockImplementation((beat) => {
    // As a timer of Node's it stays in the activity that began it.
    tick = AsyncResource.bind(beat as () => void);
    return 'the timer' as never;
  });
  const cleared = jest.spyOn(globalThis, 'clearInterval').mockReturnValue();
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  let issued = 1;
  const work = async (): Promise<void> => {
    tick();
    issued = 2;
    tick();
    expect(cleared).not.toHaveBeenCalled();
    if (how === 'fails') throw new Error('failed');
  };
  const running = environment.run(() => withHeartbeat(work, () => issued));
  await (how === 'fails' ? expect(running).rejects.toThrow('failed') : running);
  expect(beats).toEqual([1, 2]);
  expect(cleared).toHaveBeenCalledWith('the timer');
});
