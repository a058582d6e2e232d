/**
 * The layouts in which exporters write the residual stream: how an update is
 * added to it and how it is normalized. The numbers are the same; operators
 * and names differ, which is what finding the residual stream in a graph has
 * to cope with.
 */
import type { Graph } from "./graph.ts";

/** Where a norm stands. */
export interface NormSite {
  readonly at: "input" | "post_attention" | "final";
  /** The layer that it belongs to; L for the final norm. */
  readonly layer: number;
  /** Name of the weight, a constant [D]. */
  readonly weight: string;
  readonly epsilon: number;
}

/** Names of tensors. */
export interface Normed {
  readonly normed: string;
  /** The residual stream as later nodes read it; `null` where the layout does not expose it. */
  readonly residual: string | null;
}

export interface NormLayout {
  /** What the output of a node adds to its name. */
  readonly suffix: string;
  /**
   * Adds `update` to the residual stream and normalizes the sum.
   *
   * @param update  null at the first norm, where only the embedding is there
   */
  norm(graph: Graph, site: NormSite, residual: string, update: string | null): Normed;
}

/** Names as onnxruntime-genai's builder gives them (src/python/py/models/builders/base.py). */
function builderName({ at, layer }: NormSite): string {
  return `/model/layers.${layer}/${at === "final" ? "final_norm" : at}_layernorm`;
}

function simplifiedLayerNorm(graph: Graph, site: NormSite, residual: string): string {
  const name = builderName(site);
  return graph.node("SimplifiedLayerNormalization", `${name}/LayerNorm`, [residual, site.weight], {
    attributes: { axis: -1, epsilon: { float: site.epsilon }, stash_type: 1 },
    outputs: [`${name}/output_0`],
  });
}

/** One operator adds and normalizes; its fourth output is the sum. The layout of most hub files. */
const fused: NormLayout = {
  suffix: "/output_0",
  norm(graph, site, residual, update) {
    if (update === null) return { normed: simplifiedLayerNorm(graph, site, residual), residual };
    const name = builderName(site);
    const sum = site.at === "final" ? null : `${name}/output_3`;
    const normed = graph.node("SkipSimplifiedLayerNormalization", `${name}/SkipLayerNorm`, [residual, update, site.weight], {
      attributes: { epsilon: { float: site.epsilon } },
      microsoft: true,
      outputs: [`${name}/output_0`, ...(sum === null ? [] : ["", "", sum])],
    });
    return { normed, residual: sum };
  },
};

/** An Add, then a norm of one operator. */
const plain: NormLayout = {
  suffix: "/output_0",
  norm(graph, site, residual, update) {
    const sum = update === null ? residual : graph.node("Add", `${builderName(site)}/Add`, [residual, update]);
    return { normed: simplifiedLayerNorm(graph, site, sum), residual: sum };
  },
};

/**
 * Elementary operators, named as torch exports through optimum are. The cast
 * to float32 is where later nodes read the residual stream from.
 */
const decomposed: NormLayout = {
  suffix: "_output_0",
  norm(graph, site, residual, update) {
    const { at, layer } = site;
    const name = at === "final" ? "/model/norm" : `/model/layers.${layer}/${at}_layernorm`;
    // A block adds twice: Add after attention, Add_1 after its MLP, which the next block's norm reads.
    const adder = at === "post_attention" ? `/model/layers.${layer}/Add` : `/model/layers.${layer - 1}/Add_1`;
    const sum = update === null ? residual : graph.node("Add", adder, [residual, update]);
    const constant = (key: string, value: number): string => graph.constant(`${name}/${key}_output_0`, "float32", [], new Float32Array([value]));

    const x = graph.node("Cast", `${name}/Cast`, [sum], { attributes: { to: 1 } });
    const squares = graph.node("Pow", `${name}/Pow`, [x, constant("Constant", 2)]);
    const mean = graph.node("ReduceMean", `${name}/ReduceMean`, [squares], { attributes: { axes: [-1], keepdims: 1 } });
    const shifted = graph.node("Add", `${name}/Add`, [mean, constant("Constant_1", site.epsilon)]);
    const root = graph.node("Sqrt", `${name}/Sqrt`, [shifted]);
    const inverse = graph.node("Div", `${name}/Div`, [constant("Constant_2", 1), root]);
    const unit = graph.node("Mul", `${name}/Mul`, [x, inverse]);
    return { normed: graph.node("Mul", `${name}/Mul_1`, [site.weight, unit]), residual: x };
  },
};

export const normLayouts = { fused, plain, decomposed } as const;
