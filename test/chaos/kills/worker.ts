// A worker that is killed again and again at moments drawn from a seed, while the Temporal server goes away and comes back.
import { setTimeout as pause } from 'node:timers/promises';
import type { Temporal } from '../restartable-temporal.js';
import type { Child, Scene } from '../scene.js';
import { drawFrom } from './random.js';

export interface Disturbance {
  /** A worker lives this long, and up to `spreadMs` longer. */
  lifeMs: number;
  spreadMs: number;
  kills: number;
  restarts: number;
  seed: number;
}

const LOOK_EVERY_MS = 500;

/** Returns how many times it was killed before it was over. */
export async function killUntilOver(
  scene: Pick<Scene, 'child'>,
  { kills: wanted, restarts, seed, lifeMs, spreadMs }: Disturbance,
  { temporal, isOver, say }: { temporal: Temporal; isOver: () => Promise<boolean>; say: (line: string) => void },
): Promise<number> {
  const random = drawFrom(seed);
  let worker: Child = scene.child({ signal: 'SIGKILL' });
  let kills = 0;
  while (kills < wanted && !(await isOver())) {
    await Promise.race([worker.ready, worker.ended]);
    await pause(lifeMs + random() * spreadMs);
    // Between two kills, so that a worker lives through it.
    if (kills >= ((temporal.restarts() + 1) * wanted) / (restarts + 1)) await temporal.restart();
    worker.signal('SIGKILL');
    // One that Temporal's absence has ended is none that was killed.
    if ((await worker.ended) === 'SIGKILL') kills += 1;
    say(`${kills} kills, ${temporal.restarts()} restarts`);
    worker = scene.child({ signal: 'SIGKILL' });
  }
  while (!(await isOver())) {
    await Promise.race([worker.ended, pause(LOOK_EVERY_MS)]);
    if (worker.hasEnded()) worker = scene.child({ signal: 'SIGKILL' });
  }
  return kills;
}
