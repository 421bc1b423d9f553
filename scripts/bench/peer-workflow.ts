// The peer's only workflow: as many activities as it is told, one after the other.
import { proxyActivities } from '@temporalio/workflow';

const { call } = proxyActivities<{ call(): Promise<number> }>({ startToCloseTimeout: '1 minute' });

export async function peer(activities: number): Promise<number> {
  let bytes = 0;
  for (let index = 0; index < activities; index += 1) bytes += await call();
  return bytes;
}
