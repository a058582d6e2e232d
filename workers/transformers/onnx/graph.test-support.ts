/** Graphs as lists of nodes, for tests of what is found in them. */
import { type Node, type OnnxModel, elementType } from "./model.ts";

/** One node as a line: `output, output = Op(input, input)`; names that begin with `w` are weights. */
export function graph(lines: string, inputs: readonly string[] = ["input_ids"]): OnnxModel {
  const nodes: Node[] = [];
  const weights = new Set<string>();
  const names = (list: string): string[] => list.split(",").map((name) => name.trim());
  for (const line of lines.split("\n")) {
    const match = /^\s*(.+?)\s*=\s*(\w+)\((.*)\)\s*$/.exec(line);
    if (!match) continue;
    const [, left = "", op = "", right = ""] = match;
    const start = nodes.length;
    const node = { name: `/${op}_${start}`, op, domain: "", inputs: names(right), outputs: names(left), integers: new Map<string, number>(), hasSubgraph: /^(If|Loop|Scan)$/.test(op), start, end: start + 1 };
    nodes.push(node);
    for (const name of node.inputs) if (name.startsWith("w")) weights.add(name);
  }
  const info = (name: string) => ({ name, type: elementType.float32, shape: null });
  return {
    bytes: new Uint8Array(),
    nodes,
    inputs: inputs.map(info),
    outputs: [info("logits")],
    initializers: new Map([...weights].map((name) => [name, { name, shape: [1], type: elementType.float32, external: null, start: 0, end: 0 }])),
    types: new Map(),
  };
}

/** The lines of each layer, with `#` for its number and `-` for the one before. */
export function layers(count: number, lines: string): string {
  return Array.from({ length: count }, (_, l) => lines.replaceAll("#", String(l)).replaceAll("@", String(l + 1))).join("\n");
}
