import { count, duration } from '../../format.ts';

const NAMES = ['', '', 'million', 'billion', 'trillion'];
const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A number of any size that can be read: 3,072; 38.4 million; 3.14 × 10²³. */
export function large(value: number): string {
  if (value < 1e6) return count(value);
  const thousands = Math.floor(Math.log10(value) / 3);
  if (thousands < NAMES.length) return `${digits.format(value / 1000 ** thousands)} ${NAMES[thousands]}`;
  const power = Math.floor(Math.log10(value));
  const raised = [...String(power)].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${digits.format(value / 10 ** power)} × 10${raised}`;
}

const DAY = 86_400;
const YEAR = 365.25 * DAY;

/** A span of time of any length: "45 s", "3 h 05 min", "12 days", "370,000 years". */
export function span(seconds: number): string {
  if (seconds < 2 * DAY) return duration(seconds);
  if (seconds < 2 * YEAR) return `${count(seconds / DAY)} days`;
  const years = seconds / YEAR;
  return `${years < 10 ? digits.format(years) : years < 1e6 ? digits.format(years) : large(years)} years`;
}

/** A share of one as a percentage that is never a string of zeros: "33.2 %", "< 0.01 %", "0 %". */
export function percentage(share: number): string {
  if (share > 0 && share < 1e-4) return '< 0.01 %';
  return `${digits.format(100 * share)} %`;
}
