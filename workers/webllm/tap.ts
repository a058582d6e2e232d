/**
 * A tap reads the residual stream while a forward pass runs, and can put rows
 * of ours in its place. There are two, behind one interface: TVM's instrument
 * (`instrument-tap.ts`) and WebGPU's own objects (`webgpu-tap.ts`).
 */
import type { TapVerdict } from "../engine.ts";

/** A place in a buffer of the GPU. Numbers of buffers are those of `Pipeline.adopt`. */
export interface Place {
  readonly buffer: number;
  /** Bytes from its start. */
  readonly offset: number;
}

export interface Plan {
  /** Positions of the pass. */
  readonly rows: number;
  /**
   * Which kernels run: all of them; those before the first layer; the last
   * norm alone; the last norm and the head; the head alone.
   */
  readonly run: "all" | "embedding" | "norm" | "norm and head" | "head";
  /**
   * Our own rows in place of what the first layer reads (`run` is all), the
   * last norm reads (norm), or the head reads (head).
   */
  readonly input?: Place;
  /** Rows of ours in place of single rows of what a layer's norm reads (`run` is all). */
  readonly edits?: readonly { readonly layer: number; readonly row: number; readonly from: Place }[];
  /** Where layers 0 … L of the residual stream go, each [rows, D], `stride` bytes apart; only layer 0 where `run` is embedding. */
  readonly states?: Place & { readonly stride: number };
  /** Where the last norm's output goes, [rows, D]. */
  readonly normed?: Place;
}

export interface Tap {
  readonly route: Exclude<TapVerdict["route"], "graph">;
  /** Names of the norm weights by which each layer is found, [L+1]. */
  readonly weights: readonly string[];
  /** How many layers there are. */
  readonly layers: number;
  /** Whether something happens to the input before the first layer, as in Gemma, which scales it. */
  readonly scalesInput: boolean;
  /**
   * Runs a pass as planned. All copies are recorded on the GPU in order with
   * the kernels; nothing is waited for.
   *
   * @throws EngineError where the pass did not read every layer exactly once
   */
  through<T>(plan: Plan, pass: () => T): T;
}
