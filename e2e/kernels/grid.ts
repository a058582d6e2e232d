/** A kernel's grid for given scalars, as its C function computes it: integers, and `/` drops the remainder. */
import type { Kernel } from "../../tools/model-library/glue.ts";

export type Scalars = Readonly<Record<string, number>>;

/** @throws RangeError on a scalar that the grid names and the call lacks */
export function evaluate(expression: string, scalars: Scalars): number {
  const tokens = expression.match(/\d+|\w+|[-+*/()]/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const token = tokens[at++];
    if (token === "(") {
      const value = sum();
      at++;
      return value;
    }
    const value = token === undefined ? Number.NaN : /^\d/.test(token) ? Number(token) : scalars[token];
    if (value === undefined || !Number.isInteger(value)) throw new RangeError(`grid ${expression}: expected an integer for ${token}, got ${value}`);
    return value;
  };
  const product = (): number => {
    let value = atom();
    while (tokens[at] === "*" || tokens[at] === "/") value = tokens[at++] === "*" ? value * atom() : Math.trunc(value / atom());
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value = tokens[at++] === "+" ? value + product() : value - product();
    return value;
  };
  return sum();
}

export function gridOf({ grid: [x, y] }: Kernel, scalars: Scalars): [number, number] {
  return [evaluate(x, scalars), evaluate(y, scalars)];
}
