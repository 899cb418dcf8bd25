import { count, duration } from '../format.ts';

export const NOTHING_YET = '—';

/** A number of equally likely choices, with as many digits as it deserves. */
export function choices(among: number): string {
  return among < 10 ? among.toFixed(1) : count(Math.round(among));
}

/** A share of one: 0.925 → "93 %". */
export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** A share of one, with a digit behind the point: 0.1234 → "12.3 %". */
export function exactPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function timeLeft(seconds: number): string {
  return Number.isFinite(seconds) && seconds >= 0 ? duration(seconds) : NOTHING_YET;
}
