/** What a form's text field holds, trimmed; "" where there is no such field, or it holds a file. */
export function textField(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}
