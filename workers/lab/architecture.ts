/**
 * What the lab compares: eight architectures, each as a block of the same
 * sequence model (`sequence-model.ts`). The layer that gives a block its name
 * stands in `workers/toys/`; here it gets the residual stream around it.
 */
import type { Random } from "../../probes/random.ts";
import type { np, Parameters } from "../toys/autodiff.ts";

export const architectureIds = ["mlp", "cnn", "rnn", "mamba", "transformer", "moe", "sparse-attention", "gated-attention"] as const;
export type ArchitectureId = (typeof architectureIds)[number];

/** What a block keeps or decides at each token, [B, T, …] or, where it looks from token to token, [B, H, T, S]. */
export type InnerArrays = { [name: string]: np.Array };

/** How to read one of them: a vector for each token, or a row over tokens for each head and token. */
export interface InnerMeaning {
  readonly kind: "vectors" | "pattern";
  /** As a chart's title. */
  readonly title: string;
  /** What the columns are: units, experts, channels. */
  readonly columns: string;
}

export interface Architecture {
  readonly id: ArchitectureId;
  /** Adds a learnt vector for each position before the first block: attention alone cannot tell the order. */
  readonly positions: boolean;
  /** How many tokens back the model can see at most, the token itself included; null: all of them. */
  readonly reach: number | null;
  readonly inner: Readonly<Record<string, InnerMeaning>>;
  /** One block's parameters. */
  initial(random: Random, hiddenSize: number, layer: number): Parameters;
  /**
   * The residual stream behind the block. Consumes both.
   *
   * @param x   [B, T, D]
   * @returns   `stream` [B, T, D]; `inner` by the names of `inner`; `penalty`, a scalar that training adds to the loss
   */
  block(parameters: Parameters, x: np.Array, layer: number): { readonly stream: np.Array; readonly inner: InnerArrays; readonly penalty?: np.Array };
}
