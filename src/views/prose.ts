/** Text that stands with a claim: `names` between backticks are set apart, arXiv numbers lead there, indices as in W_O are set low. */
import { html, type TemplateResult } from "lit";

export type Prose = (string | TemplateResult)[];

/** @param names  set apart without backticks, too, in a text that has none: a name may be a common word */
export function prose(text: string, names: readonly string[] = []): Prose {
  const known = (text.includes("`") ? [] : [...names]).sort((a, b) => b.length - a.length).map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(String.raw`\`([^\`]+)\`|(arXiv:\d{4}\.\d{4,5})|(?<![\w.])([A-Za-zΣ]_(?:\w{1,3}|\{[^}]+\}))(?![\w.]\w)${known.length > 0 ? String.raw`|(?<![\w-])(${known.join("|")})(?![\w-])` : ""}`, "g");
  const parts: Prose = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, quoted, paper, indexed, name] = match;
    if (match.index > from) parts.push(text.slice(from, match.index));
    if (paper !== undefined) parts.push(html`<a href="https://arxiv.org/abs/${paper.slice(6)}" rel="noreferrer" target="_blank">${paper}</a>`);
    else if (indexed !== undefined) parts.push(html`${indexed[0]}<sub>${indexed.slice(2).replaceAll(/[{}]/g, "")}</sub>`);
    else parts.push(html`<code>${quoted ?? name ?? ""}</code>`);
    from = match.index + whole.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
