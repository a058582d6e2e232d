/**
 * Finds the answer in what an instruct model writes.
 *
 * Looked at is what follows the last "answer is", or the whole text where there is
 * no such phrase: the cue is fed, so that a text usually begins with the answer.
 * Of this the first name (or number) counts. Case, markdown and punctuation around
 * it do not matter, and neither does what comes after; but where a second, other
 * one follows joined by "or", "and", a comma or a slash, nothing was decided, and
 * the answer is wrong. So is a text without any. One behind "not" is denied, and does not count.
 */

interface Mention {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Whether the text gives this one of the names. */
export function gradeName(known: readonly string[], answer: string, text: string): boolean {
  const any = new RegExp(`(?<![\\p{L}\\p{N}])(?:${known.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  return decided(text, any, (found) => found.toLowerCase()) === answer.toLowerCase();
}

const numberWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const anyNumber = new RegExp(`(?<![\\p{L}\\p{N}.,])[-−]?\\d+(?:[.,]\\d+)*(?!\\p{L}|\\p{N})|(?<![\\p{L}\\p{N}])(?:${numberWords.join("|")})(?![\\p{L}\\p{N}])`, "giu");

/** Whether the text gives this whole number, in digits or, up to ten, in letters. */
export function gradeNumber(answer: string, text: string): boolean {
  const value = (found: string): string => {
    const word = numberWords.indexOf(found.toLowerCase());
    return String(word >= 0 ? word : Number(found.replaceAll(",", "").replace("−", "-")));
  };
  return decided(text, anyNumber, value) === answer;
}

const denied = /(?:\bnot|n['’]t)[\s*_`"']+$/i;

/** The value of the first mention behind the last "answer is"; null where there is none, or two are offered. */
function decided(text: string, pattern: RegExp, value: (found: string) => string): string | null {
  const said = text.slice(Math.max(0, ...[...text.matchAll(/answer is/gi)].map((match) => match.index + match[0].length)));
  const found = [...said.matchAll(pattern)].filter((match) => !denied.test(said.slice(0, match.index)));
  const mentions = found.map((match): Mention => ({ value: value(match[0]), start: match.index, end: match.index + match[0].length }));
  const [first, second] = mentions;
  if (!first) return null;
  const open = second && second.value !== first.value && /^[\s*_`"']*(?:,|\/|&|,?\s*\b(?:or|and)\b)[\s*_`"']*$/i.test(said.slice(first.end, second.start));
  return open ? null : first.value;
}
