/**
 * What is in an ONNX file: its nodes, inputs, outputs and initializers, each
 * with the bytes where it lies. Weights are skipped by their length and never
 * copied, so a file of any size is read in milliseconds.
 *
 * Source: onnx.proto3 of github.com/onnx/onnx (field numbers).
 */
import { EngineError } from "../../engine.ts";
import { type Field, fields, readVarint, text } from "./protobuf.ts";

/** Element types of ONNX that a decoder uses (TensorProto.DataType). */
export const elementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;

/** Where something lies in the file, tag included: bytes [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Node extends Span {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** Names of tensors; "" for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are integers (negative ones are not exact); the others are kept as bytes. */
  readonly integers: ReadonlyMap<string, number>;
  /** Holds a graph of its own, as If, Loop and Scan do. */
  readonly hasSubgraph: boolean;
}

/** A graph input or output, or the type of a tensor in between. */
export interface ValueInfo {
  readonly name: string;
  /** 0 where the file does not say. */
  readonly type: number;
  /** A number, or the name of a dimension that varies; null where the file does not say. */
  readonly shape: readonly (number | string)[] | null;
}

export interface Initializer extends Span {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  /** File beside the model that holds the numbers; null where they are in the model itself. */
  readonly external: string | null;
}

export interface OnnxModel {
  readonly bytes: Uint8Array;
  /** Nodes in the order of the file, which ONNX requires to be an order of execution. */
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  /** Types of tensors in between, as far as the exporter wrote them down. */
  readonly types: ReadonlyMap<string, ValueInfo>;
}

/** Field numbers of ModelProto and GraphProto that are used here and in splice.ts. */
export const modelField = { graph: 7 } as const;
export const graphField = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13 } as const;

/**
 * Reads the structure of an ONNX model.
 *
 * @throws EngineError where the file is cut short or is something else
 */
export function readModel(bytes: Uint8Array): OnnxModel {
  const nodes: Node[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const initializers = new Map<string, Initializer>();
  const types = new Map<string, ValueInfo>();
  try {
    for (const part of fields(bytes)) {
      if (part.number !== modelField.graph || part.wireType !== 2) continue;
      for (const field of fields(bytes, part.valueStart, part.end)) {
        if (field.wireType !== 2) continue;
        if (field.number === graphField.node) nodes.push(readNode(bytes, field));
        else if (field.number === graphField.input) inputs.push(readValueInfo(bytes, field));
        else if (field.number === graphField.output) outputs.push(readValueInfo(bytes, field));
        else if (field.number === graphField.initializer) {
          const initializer = readInitializer(bytes, field);
          initializers.set(initializer.name, initializer);
        } else if (field.number === graphField.valueInfo) {
          const info = readValueInfo(bytes, field);
          types.set(info.name, info);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError(`onnx: expected a whole ONNX model, got ${bytes.length} bytes that do not read as one (${error.message}); fetch the file again`);
  }
  if (nodes.length === 0 || outputs.length === 0) {
    throw new EngineError(`onnx: expected an ONNX model, got ${bytes.length} bytes without a graph in them; check that this is the model file and not a pointer to it`);
  }
  return { bytes, nodes, inputs, outputs, initializers, types };
}

function readNode(bytes: Uint8Array, field: Field): Node {
  let name = "";
  let op = "";
  let domain = "";
  let hasSubgraph = false;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, number>();
  for (const part of fields(bytes, field.valueStart, field.end)) {
    if (part.number === 1) inputs.push(text(bytes, part));
    else if (part.number === 2) outputs.push(text(bytes, part));
    else if (part.number === 3) name = text(bytes, part);
    else if (part.number === 4) op = text(bytes, part);
    else if (part.number === 7) domain = text(bytes, part);
    else if (part.number === 5) {
      let attribute = "";
      for (const a of fields(bytes, part.valueStart, part.end)) {
        if (a.number === 1) attribute = text(bytes, a);
        else if (a.number === 3 && a.wireType === 0) integers.set(attribute, a.value);
        else if (a.number === 6 || a.number === 11) hasSubgraph = true;
      }
    }
  }
  return { name, op, domain, inputs, outputs, integers, hasSubgraph, start: field.start, end: field.end };
}

function readValueInfo(bytes: Uint8Array, field: Field): ValueInfo {
  let name = "";
  let type = 0;
  let shape: (number | string)[] | null = null;
  for (const part of fields(bytes, field.valueStart, field.end)) {
    if (part.number === 1) name = text(bytes, part);
    if (part.number !== 2) continue;
    for (const kind of fields(bytes, part.valueStart, part.end)) {
      if (kind.number !== 1) continue;
      for (const entry of fields(bytes, kind.valueStart, kind.end)) {
        if (entry.number === 1) type = entry.value;
        else if (entry.number === 2) shape = readShape(bytes, entry);
      }
    }
  }
  return { name, type, shape };
}

function readShape(bytes: Uint8Array, field: Field): (number | string)[] {
  const shape: (number | string)[] = [];
  for (const dimension of fields(bytes, field.valueStart, field.end)) {
    let value: number | string = "?";
    for (const part of fields(bytes, dimension.valueStart, dimension.end)) {
      if (part.number === 1) value = part.value;
      else if (part.number === 2) value = text(bytes, part);
    }
    shape.push(value);
  }
  return shape;
}

function readInitializer(bytes: Uint8Array, field: Field): Initializer {
  let name = "";
  let type = 0;
  let external: string | null = null;
  const shape: number[] = [];
  for (const part of fields(bytes, field.valueStart, field.end)) {
    if (part.number === 1 && part.wireType === 0) shape.push(part.value);
    else if (part.number === 1) shape.push(...packed(bytes, part));
    else if (part.number === 2) type = part.value;
    else if (part.number === 8) name = text(bytes, part);
    else if (part.number === 13) {
      const [key, value] = keyAndValue(bytes, part);
      if (key === "location") external = value;
    }
  }
  return { name, shape, type, external, start: field.start, end: field.end };
}

function packed(bytes: Uint8Array, field: Field): number[] {
  const out: number[] = [];
  for (let position = field.valueStart; position < field.end; ) {
    const [value, next] = readVarint(bytes, position);
    out.push(value);
    position = next;
  }
  return out;
}

function keyAndValue(bytes: Uint8Array, field: Field): [string, string] {
  let key = "";
  let value = "";
  for (const part of fields(bytes, field.valueStart, field.end)) {
    if (part.number === 1) key = text(bytes, part);
    else if (part.number === 2) value = text(bytes, part);
  }
  return [key, value];
}

/** Who makes and who reads each tensor. */
export interface Wiring {
  readonly producer: ReadonlyMap<string, Node>;
  /** Each reader with the slot where it reads. */
  readonly consumers: ReadonlyMap<string, readonly { readonly node: Node; readonly slot: number }[]>;
}

/** Follows the names from node to node. */
export function wiring(model: Pick<OnnxModel, "nodes">): Wiring {
  const producer = new Map<string, Node>();
  const consumers = new Map<string, { node: Node; slot: number }[]>();
  for (const node of model.nodes) {
    for (const output of node.outputs) if (output) producer.set(output, node);
    node.inputs.forEach((input, slot) => {
      if (!input) return;
      const readers = consumers.get(input);
      if (readers) readers.push({ node, slot });
      else consumers.set(input, [{ node, slot }]);
    });
  }
  return { producer, consumers };
}
