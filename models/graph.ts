/**
 * An ONNX graph under construction: nodes, weights, inputs and outputs are
 * added in the order of computation, then written as one ModelProto.
 *
 * Source: onnx/onnx.proto; com.microsoft operators in onnxruntime's
 * docs/ContribOperators.md.
 */
import { concatenateBytes, float32, header, integer, message, string } from "../workers/transformers/onnx/protobuf.ts";

/** TensorProto.DataType */
export const elementType = { float32: 1, uint8: 2, int32: 6, int64: 7 } as const;
export type ElementType = keyof typeof elementType;

/** onnxruntime's own operators; the others are ONNX's. */
const microsoft = "com.microsoft";
/** The newest opset in which ReduceMean takes its axes as an attribute, as torch exports have it. */
const opset = 17;

/** An integer, a float (wrapped, since 1 may be either), or a list of integers. */
export type Attribute = number | { readonly float: number } | readonly number[];

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Whether the operator is onnxruntime's own. */
  readonly microsoft?: boolean;
  /** Names of the outputs, "" for one that is not wanted; one named after the node where left out. */
  readonly outputs?: readonly string[];
}

function attributeBytes(name: string, value: Attribute): Uint8Array {
  // AttributeProto: name 1, f 2, i 3, ints 8, type 20 (1 float, 2 int, 7 ints).
  if (typeof value === "number") return message(5, string(1, name), integer(3, value), integer(20, 2));
  if ("float" in value) return message(5, string(1, name), float32(2, value.float), integer(20, 1));
  return message(5, string(1, name), ...value.map((n) => integer(8, n)), integer(20, 7));
}

/** ValueInfoProto in field `field` of the graph; a size is a number or the name of a free dimension. */
function valueInfo(field: number, name: string, type: ElementType, shape: readonly (number | string)[]): Uint8Array {
  const sizes = shape.map((n) => message(1, typeof n === "number" ? integer(1, n) : string(2, n)));
  return message(field, string(1, name), message(2, message(1, integer(1, elementType[type]), message(2, ...sizes))));
}

export class Graph {
  private readonly nodes: Uint8Array[] = [];
  private readonly weights: Uint8Array[] = [];
  private readonly values: Uint8Array[] = [];
  private readonly named = new Set<string>();

  /** @param suffix  what the name of a node's only output adds to the node's: `/output_0` or `_output_0` */
  constructor(readonly suffix: string) {}

  /** Adds a node and returns the name of its first output. */
  node(operator: string, name: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const outputs = options.outputs ?? [name + this.suffix];
    this.nodes.push(message(1,
      ...inputs.map((input) => string(1, input)),
      ...outputs.map((output) => string(2, output)),
      string(3, name),
      string(4, operator),
      ...Object.entries(options.attributes ?? {}).map(([key, value]) => attributeBytes(key, value)),
      ...(options.microsoft ? [string(7, microsoft)] : []),
    ));
    return outputs[0] ?? "";
  }

  /** Adds a constant, once per name, and returns its name. The bytes are kept, not copied. */
  constant(name: string, type: ElementType, shape: readonly number[], data: ArrayBufferView): string {
    if (this.named.has(name)) return name;
    this.named.add(name);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // TensorProto: dims 1, data_type 2, name 8, raw_data 9. The large last field stays a part of its own.
    const front = concatenateBytes([...shape.map((n) => integer(1, n)), integer(2, elementType[type]), string(8, name), header(9, bytes.length)]);
    this.weights.push(header(5, front.length + bytes.length), front, bytes);
    return name;
  }

  /** Whether a constant of this name is there. */
  has(name: string): boolean {
    return this.named.has(name);
  }

  input(name: string, type: ElementType, shape: readonly (number | string)[]): void {
    this.values.push(valueInfo(11, name, type, shape));
  }

  output(name: string, type: ElementType, shape: readonly (number | string)[]): void {
    this.values.push(valueInfo(12, name, type, shape));
  }

  /**
   * The ModelProto.
   *
   * @throws RangeError where it exceeds the 2 GiB that protobuf allows
   */
  bytes(): Uint8Array<ArrayBuffer> {
    const parts = [...this.nodes, string(2, "main_graph"), ...this.weights, ...this.values];
    const length = parts.reduce((n, part) => n + part.length, 0);
    if (length > 2 ** 31 - 4096) {
      throw new RangeError(`graph: expected at most 2 GiB, which is what ONNX allows in one file, got ${(length / 2 ** 30).toFixed(2)} GiB; choose a smaller model`);
    }
    // ModelProto: ir_version 1, producer_name 2, graph 7, opset_import 8 (domain 1, version 2).
    return concatenateBytes([
      integer(1, 8),
      string(2, "geodesic"),
      message(8, string(1, ""), integer(2, opset)),
      message(8, string(1, microsoft), integer(2, 1)),
      header(7, length),
      ...parts,
    ]);
  }
}
