// Loaded into both processes of `npm run bench:jsonl`: what they took, told at their end where the bench listens.
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(3, JSON.stringify({ processorMs: (userCPUTime + systemCPUTime) / 1_000, peakMiB: maxRSS / 1_024 }));
});
