/** Parameters as plain data: tensors by name, to be posted, drawn or saved, and as JSON. */
import { size, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { fromTensor, type np, type Parameters, toTensor, type Tree } from "./autodiff.ts";

/** Each array under its path: `layers.0.query` for `{ layers: [{ query }] }`. */
export type Weights = Readonly<Record<string, Tensor>>;

/** Weights for a JSON file: float32 numbers, little-endian, in base64. */
export type PackedWeights = Readonly<Record<string, { readonly shape: readonly number[]; readonly float32: string }>>;

/** Path and array of each leaf, in the record's order. */
function* leaves(arrays: Tree, path: string): Generator<readonly [path: string, array: np.Array]> {
  if ("aval" in arrays) yield [path, arrays as np.Array];
  else for (const [name, inner] of Object.entries(arrays)) yield* leaves(inner, path ? `${path}.${name}` : name);
}

/** A copy of the parameters, which stay. */
export function weightsOf(parameters: Parameters): Weights {
  return Object.fromEntries(Array.from(leaves(parameters, ""), ([path, array]) => [path, toTensor(array.ref)]));
}

/**
 * Parameters of the same form as `like`, with these numbers. Consumes `like`.
 *
 * @throws RangeError where a name or a shape does not agree
 */
export function withWeights<P extends Parameters>(like: P, weights: Weights): P {
  const left = new Set(Object.keys(weights));
  const fill = (arrays: Tree, path: string): Tree => {
    if (Array.isArray(arrays)) return arrays.map((inner, i) => fill(inner, path ? `${path}.${i}` : String(i)));
    if (!("aval" in arrays)) return Object.fromEntries(Object.entries(arrays).map(([name, inner]) => [name, fill(inner, path ? `${path}.${name}` : name)]));
    const array = arrays as np.Array;
    const found = weights[path];
    if (!found || String(found.shape) !== String(array.shape)) {
      throw new RangeError(`weights: expected ${path} of [${array.shape}], got ${found ? `[${found.shape}]` : "none"}; initialise with the options that these weights were trained with`);
    }
    left.delete(path);
    array.dispose();
    return fromTensor(found);
  };
  const filled = fill(like, "") as P;
  if (left.size > 0) throw new RangeError(`weights: expected no more than the parameters, got ${[...left].join(", ")} as well`);
  return filled;
}

export function packWeights(weights: Weights): PackedWeights {
  const pack = ({ data }: Tensor): string => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // In pieces: String.fromCharCode takes no more than some 10⁵ arguments.
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  };
  return Object.fromEntries(Object.entries(weights).map(([name, t]) => [name, { shape: t.shape, float32: pack(t) }]));
}

/** @throws RangeError where the bytes do not fill the shape */
export function unpackWeights(packed: PackedWeights): Weights {
  const unpack = ([name, { shape, float32 }]: [string, PackedWeights[string]]): [string, Tensor] => {
    const bytes = Uint8Array.from(atob(float32), (character) => character.charCodeAt(0));
    if (bytes.length !== 4 * size(shape)) throw new RangeError(`weights: expected ${4 * size(shape)} bytes for ${name} of [${shape}], got ${bytes.length}`);
    return [name, tensor(shape, new Float32Array(bytes.buffer))];
  };
  return Object.fromEntries(Object.entries(packed).map(unpack));
}
