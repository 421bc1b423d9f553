// Counts: GET answers hold `data` and a timestamp, the scheduler's POST holds `body` (docs/qualys-api.md#counts).
import { z } from 'zod';

const Numbers = z.record(z.string(), z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]));
const CountAnswer = z.looseObject({ data: Numbers.nullish().catch(undefined), body: Numbers.nullish().catch(undefined) });

/** Group value to number. An ungrouped answer has the single key `count`; only the caller knows which was asked for. */
export function countsOf(json: unknown): Record<string, number> | undefined {
  const parsed = CountAnswer.safeParse(json);
  return parsed.success ? (parsed.data.data ?? parsed.data.body ?? undefined) : undefined;
}

export function countOf(json: unknown): number | undefined {
  return countsOf(json)?.count;
}
