// What the kernel says of another process.
import { readFileSync } from 'node:fs';

/** In which the kernel counts: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** Seconds of all cores that it has used so far. */
export function cpuSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** The most resident memory that it ever had, and what it has now. */
export function memoryMiB(pid: number | undefined): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1_024);
  return { peak: mib('VmHWM'), now: mib('VmRSS') };
}
