/** Pieces of ONNX, as bytes: nodes, graph inputs and outputs, and whole models made of old and new pieces. */
import { type Node, type OnnxModel, graphField, modelField } from "./model.ts";
import { concatenateBytes, fields, header, integer, message, string } from "./protobuf.ts";

/** A node of the standard domain with integer attributes. */
export function node(op: string, inputs: readonly string[], outputs: readonly string[], integers: Readonly<Record<string, number>> = {}): Uint8Array {
  return message(
    graphField.node,
    ...inputs.map((name) => string(1, name)),
    ...outputs.map((name) => string(2, name)),
    string(3, `geo/${op}/${outputs[0]}`),
    string(4, op),
    // AttributeProto: name, i, type = INT
    ...Object.entries(integers).map(([key, value]) => message(5, string(1, key), integer(3, value), integer(20, 2))),
  );
}

/** A graph input with its type and dimensions. */
export function graphInput(name: string, type: number, shape: readonly (number | string)[] | null): Uint8Array {
  const dimensions = shape?.map((n) => message(1, typeof n === "number" ? integer(1, n) : string(2, n)));
  return message(graphField.input, string(1, name), message(2, message(1, integer(1, type), ...(dimensions ? [message(2, ...dimensions)] : []))));
}

/** A graph output by name alone; the runtime infers type and shape, and wrong ones would only mislead it. */
export function graphOutput(name: string): Uint8Array {
  return message(graphField.output, string(1, name));
}

/** The same node with other inputs or outputs; everything else byte for byte. */
export function rewired(bytes: Uint8Array, old: Node, change: { inputs?: readonly string[]; outputs?: readonly string[] }): Uint8Array {
  const [self] = fields(bytes, old.start, old.end);
  const rest: Uint8Array[] = [];
  if (self) {
    for (const part of fields(bytes, self.valueStart, self.end)) {
      if (part.number > 2) rest.push(bytes.subarray(part.start, part.end));
    }
  }
  return message(
    graphField.node,
    ...(change.inputs ?? old.inputs).map((name) => string(1, name)),
    ...(change.outputs ?? old.outputs).map((name) => string(2, name)),
    ...rest,
  );
}

/** Names may be given twice (a hidden state that two layers share); rename `from` wherever it stands. */
export function renamed(names: readonly string[], from: string, to: string): string[] {
  return names.map((name) => (name === from ? to : name));
}

/** A model with this graph and the old model's versions, operator sets and metadata. Copies the weights once. */
export function withGraph(model: OnnxModel, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const around: Uint8Array[] = [];
  for (const field of fields(model.bytes)) {
    if (field.number !== modelField.graph) around.push(model.bytes.subarray(field.start, field.end));
  }
  const length = parts.reduce((n, part) => n + part.length, 0);
  return concatenateBytes([...around, header(modelField.graph, length), ...parts]);
}

/** The graph's own fields as they lie in the file, each node that has a replacement replaced. */
export function graphParts(model: OnnxModel, replaced: ReadonlyMap<Node, Uint8Array>): Uint8Array[] {
  const byStart = new Map([...replaced].map(([old, bytes]) => [old.start, bytes]));
  const parts: Uint8Array[] = [];
  for (const graph of fields(model.bytes)) {
    if (graph.number !== modelField.graph) continue;
    // Runs of unchanged fields stay one view.
    let from = graph.valueStart;
    for (const field of fields(model.bytes, graph.valueStart, graph.end)) {
      const replacement = byStart.get(field.start);
      if (!replacement) continue;
      if (field.start > from) parts.push(model.bytes.subarray(from, field.start));
      parts.push(replacement);
      from = field.end;
    }
    if (graph.end > from) parts.push(model.bytes.subarray(from, graph.end));
  }
  return parts;
}
