import { expect, test } from "vitest";
import { csv, stepsCsv } from "./export.ts";
import { exampleTrace } from "./trace.example.ts";

/** The independent truth: a reader of RFC 4180, character by character. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  let field = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[i++];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") { rows.at(-1)!.push(field); field = ""; }
    else if (c === "\r" && text[i + 1] === "\n") { rows.at(-1)!.push(field); field = ""; rows.push([]); i++; }
    else field += c;
  }
  return rows.slice(0, -1);
}

test("quotes, commas, line breaks and outer spaces", () => {
  expect(csv([["a", 'say "hi"', "x,y", "two\nlines", " b", 1.5, null, NaN, ""]])).toBe('a,"say ""hi""","x,y","two\nlines"," b",1.5,,,""\r\n');
});
test.each(["é∑😀", "\r", '"', ",", "\r\n", "=1+1", " "])("%j comes back", (text) => expect(parse(csv([[text, "end"]]))).toEqual([[text, "end"]]));

test("one row per step, one column per probe that gives a number per step", () => {
  const traces = [exampleTrace({ mode: "cot" }), exampleTrace({ mode: "latent", steps: 5 })];
  const [header, ...rows] = parse(stepsCsv(traces, { layer: 1 }));
  expect(rows.length).toBe(11);
  for (const r of rows) expect(r.length).toBe(header!.length);
  const column = (name: string): string[] => rows.map((r) => r[header!.indexOf(name)]!);
  expect(column("mode")).toEqual([...Array<string>(6).fill("cot"), ...Array<string>(5).fill("latent")]);
  expect(column("text").slice(0, 6)).toEqual(traces[0]!.steps.map((s) => s.text));
  expect(column("entropy_nats").map(Number)).toEqual(traces.flatMap((t) => t.steps.map((s) => s.entropy)));
  // Not defined at the first and the last step.
  expect(column("turning-angle_rad").map((x) => x === "")).toEqual([true, false, false, false, false, true, true, false, false, false, true]);
  expect(header).not.toContain("lens-entropy_nats");
});
test("from the question on, and without hidden states", () => {
  const [header, ...rows] = parse(stepsCsv([exampleTrace({ captured: false })], { layer: 0, from: "question" }));
  expect(rows.length).toBe(5);
  expect(header).not.toContain("step-length_1");
});
test("no trace: a header alone", () => expect(parse(stepsCsv([], { layer: 0 })).length).toBe(1));
