// A share of a number of assets, computed with whole numbers: 1.005 % of 100,000 is 1,005, which floating point rounds down to 1,004.

/** How many of `total` an amount means: a number means itself, a text such as `"2.5%"` its share, rounded as asked. */
export function amountOf(amount: number | string, total: number, rounding: 'up' | 'down'): number {
  if (typeof amount === 'number') return amount;
  const { numerator, denominator } = shareOf(amount, total);
  return Number((numerator + (rounding === 'up' ? denominator - 1n : 0n)) / denominator);
}

/** True when the share is no whole number of assets, so that rounding changes it. */
export function isRounded(amount: number | string, total: number): boolean {
  if (typeof amount === 'number') return false;
  const { numerator, denominator } = shareOf(amount, total);
  return numerator % denominator !== 0n;
}

function shareOf(percent: string, total: number): { numerator: bigint; denominator: bigint } {
  const match = /^\s*(\d+)(?:\.(\d+))?\s*%\s*$/.exec(percent);
  if (!match) throw new RangeError(`"${percent}" is not a percentage: write it like "5%" or "2.5%"`);
  const decimals = match[2] ?? '';
  return { numerator: BigInt(match[1] + decimals) * BigInt(total), denominator: 100n * 10n ** BigInt(decimals.length) };
}
