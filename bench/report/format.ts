import type { Spread } from '../statistics';

/** Three digits that mean something, and thousands apart: `0.85`, `12.3`, `19,500`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Median, and in brackets the least and the most of the rounds. */
export function withRange(value: Spread | undefined): string {
  if (!value) return '–';
  return `${figure(value.median)} (${figure(value.min)}–${figure(value.max)})`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_cell, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
