import { expect, test } from "vitest";
import { prose } from "./prose.ts";

/** Text as it is; code and links in brackets. */
const seen = (text: string, names: readonly string[] = []): string => prose(text, names).map((part) => (typeof part === "string" ? part : `[${part.values.join(" ")}]`)).join("");

test("names between backticks, thresholds by themselves, papers as links", () => {
  expect(seen("one is larger by `margin`.")).toBe("one is larger by [margin].");
  expect(seen("least: at least least-wide, not leastwise", ["least", "least-wide"])).toBe("[least]: at [least] [least-wide], not leastwise");
  expect(seen("at least `least`", ["least"])).toBe("at least [least]");
  expect(seen("Zhu 2025, arXiv:2505.12514: yes")).toBe("Zhu 2025, [2505.12514 arXiv:2505.12514]: yes");
  expect(seen("between W_V and W_O, p_c, conv{w_i}, y_{j−1}; errors.json, a_snake_name, node_modules")).toBe("between [W V] and [W O], [p c], conv{[w i]}, [y j−1]; errors.json, a_snake_name, node_modules");
  expect(prose("nothing")).toEqual(["nothing"]);
});
