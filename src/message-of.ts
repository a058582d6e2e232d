/** What went wrong, in words; over Comlink an error keeps its name and message only. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
