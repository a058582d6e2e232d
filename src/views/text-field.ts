import { css } from "lit";

/** What a form's text field holds, trimmed; "" where there is no such field, or it holds a file. */
export function textField(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** Labels above their fields, in a row that wraps. */
export const formStyle = css`
  .fields { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: end; }
  .fields label { display: flex; flex-direction: column; gap: 0.2rem; font-size: var(--small); color: var(--soft); min-width: 0; }
  .fields input, .fields select { color: var(--ink); max-width: 100%; }
  .fields input[name="id"] { width: 20rem; max-width: 78vw; }
`;
