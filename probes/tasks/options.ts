import type { DrawOptions, Task } from "./task.ts";

/** The part of a task that says which draws it allows. */
export type Allowed = Pick<Task, "id" | "difficulty" | "shots" | "variants">;

/**
 * Checks what a caller asks a task to draw, and names the variant.
 *
 * @returns  the variant's id: the first where none is asked for, null where the task has one version only
 * @throws RangeError where the seed, the difficulty, the shots or the variant are outside what the task offers
 */
export function checkedVariant(task: Allowed, seed: number, options: DrawOptions): string | null {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${task.id}: expected a whole number as seed, got ${seed}; choose one such as 1`);
  within(task.id, task.difficulty.name, options.difficulty, task.difficulty);
  // Where the difficulty is the number of shots, `shots` has nothing to say.
  if (task.shots) within(task.id, "shots", options.shots, task.shots);
  const ids = task.variants.map((variant) => variant.id);
  if (options.variant === null) return ids[0] ?? null;
  if (ids.includes(options.variant)) return options.variant;
  throw new RangeError(`${task.id}: expected ${ids.length > 0 ? `a variant among ${ids.join(", ")}` : "no variant"}, got ${options.variant}; choose ${ids[0] ?? "null"}`);
}

function within(id: string, name: string, value: number, range: { readonly minimum: number; readonly maximum: number }): void {
  if (Number.isInteger(value) && value >= range.minimum && value <= range.maximum) return;
  throw new RangeError(`${id}: expected ${range.minimum} to ${range.maximum} ${name}, got ${value}; choose a whole number in that range`);
}
