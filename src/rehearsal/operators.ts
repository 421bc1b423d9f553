// The people of a rehearsal: they answer every question after the same time, by the same updates that real ones would send.
import type { WorkflowHandle } from '@temporalio/client';
import { type CampaignPlan, wavesOf } from '../contracts/plan.js';
import type { Ledger } from '../ledger/index.js';
import type { Observer, OnAttempt } from './observer.js';
import type { VirtualTime } from './virtual-time.js';

export interface Answers {
  /** How long after a wave asks it is approved; never when not given. */
  approveAfterMs?: number | undefined;
  /** How long after a breach, or an inconclusive wave, somebody lets it go on; the campaign is cancelled, or rejected, when not given. */
  resumeAfterMs?: number | undefined;
}

interface Progress {
  phase: string;
  pending?: { kind: string; wave?: string; digest: string; approvals: string[] };
}

interface World {
  time: VirtualTime;
  ledger: Ledger;
  observer: Observer;
  plan: CampaignPlan;
  answers: Answers;
  campaign(): WorkflowHandle;
}

const LOOK_AGAIN_MS = 10;
const LOOKS = 2_000;
const MOST_APPROVERS = 50;

export class Operators implements OnAttempt {
  readonly #world: World;
  readonly #busyWith = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  #questions = 0;
  #failure: unknown;

  constructor(world: World) {
    this.#world = world;
  }

  /** True while somebody is about to answer: then it is real time that passes. */
  get areBusy(): boolean {
    return this.#work.size > 0;
  }

  /** What went wrong while somebody answered. */
  get failure(): unknown {
    return this.#failure;
  }

  async asked(): Promise<void> {
    this.#questions += 1;
    // One question follows on the other while who answered the first is not yet done.
    await this.#answer(`question ${this.#questions}`, () => this.#answerQuestion());
  }

  async worked(runId: string): Promise<void> {
    if (await this.#isHeld(runId)) await this.#answer(runId, () => this.#answerBreach(runId));
  }

  /** Waits for all who are still at it. */
  async done(): Promise<void> {
    await Promise.allSettled([...this.#work]);
  }

  /** The clock is locked before the attempt ends: it must not jump to the end of a question before anybody was asked. */
  async #answer(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#busyWith.has(key)) return;
    this.#busyWith.add(key);
    const { time } = this.#world;
    await time.lock();
    const working = work()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#busyWith.delete(key);
        this.#work.delete(working);
        return time.unlock();
      })
      .catch(() => undefined);
    this.#work.add(working);
  }

  async #answerQuestion(): Promise<void> {
    const asked = await this.#untilPending();
    const { time, answers } = this.#world;
    const isApproval = asked.kind === 'wave' || asked.kind === 'run';
    const afterMs = isApproval ? answers.approveAfterMs : answers.resumeAfterMs;
    if (afterMs === undefined) {
      if (!isApproval) await this.#say('reject', 'operator', asked.digest);
      return;
    }
    await time.pass(afterMs);
    for (const by of this.#approvers(asked.wave)) {
      const pending = (await this.#progress()).pending;
      if (!pending || pending.digest !== asked.digest || pending.wave !== asked.wave) return;
      await this.#say('approve', by, asked.digest);
    }
  }

  async #answerBreach(runId: string): Promise<void> {
    const { time, observer, answers } = this.#world;
    const wave = observer.waveOf(runId);
    while (await this.#isHeld(runId)) {
      observer.note('breach', { wave, detail: 'nothing more is sent until somebody decides' });
      if (wave !== undefined) observer.begin(`breach ${runId}`, wave, 'breach');
      if (answers.resumeAfterMs === undefined) return void (await this.#world.campaign().cancel());
      await time.pass(answers.resumeAfterMs);
      observer.end(`breach ${runId}`);
      // It may have had nothing left to send: then the gate of the wave has asked.
      if (!(await this.#isHeld(runId))) return;
      await this.#say('resume', 'operator');
      observer.note('resumed', { wave });
    }
  }

  async #isHeld(runId: string): Promise<boolean> {
    const run = await this.#world.ledger.runs.get(runId);
    return run?.kind === 'step' && run.held && run.stop === undefined && run.finishedAt === undefined;
  }

  async #say(update: 'approve' | 'reject' | 'resume', by: string, digest?: string): Promise<void> {
    const args = [{ by, reason: 'rehearsal', ...(digest === undefined ? {} : { digest }) }];
    await this.#world.campaign().executeUpdate<unknown, [object]>(update, { args: args as [object] });
  }

  /** The campaign asks a moment after the attempt that says so. */
  async #untilPending(): Promise<NonNullable<Progress['pending']>> {
    for (let look = 0; look < LOOKS; look += 1) {
      const { pending, phase } = await this.#progress();
      if (pending) return pending;
      if (phase === 'finished') break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    throw new Error('The campaign announced a request for approval and did not make it.');
  }

  #progress(): Promise<Progress> {
    return this.#world.campaign().query<Progress>('progress');
  }

  #approvers(wave: string | undefined): string[] {
    const { plan } = this.#world;
    const rule = wavesOf(plan).find(({ name }) => name === wave)?.approval;
    const names = rule?.approvers ?? Array.from({ length: MOST_APPROVERS }, (_, index) => `approver ${index + 1}`);
    return names.filter((name) => rule?.allowRequester || name !== plan.requestedBy);
  }
}
