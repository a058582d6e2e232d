/** What the claims page says in words: systems in the essay's order, verdicts with their shapes. */
import type { System, Verdict } from "../../workers/claims/claim.ts";

/** As the essay heads its sections. */
export const systems: Readonly<Record<System, { readonly name: string; readonly zh: string; readonly says: string }>> = {
  general: { name: "All architectures", zh: "从卷曲流形到平坦特征空间", says: "From a curled manifold to a flat space of features." },
  mlp: { name: "MLP", zh: "无结构先验的通用流形算子", says: "Folds any manifold, assumes nothing but smoothness." },
  cnn: { name: "CNN", zh: "欧氏群对称性的引入", says: "The symmetry of the plane, built in." },
  rnn: { name: "RNN", zh: "状态流形上的动力系统轨迹", says: "A trajectory on a manifold of states." },
  mamba: { name: "Mamba (SSM)", zh: "连续流形的优化控制", says: "The RNN, corrected: optimal memory, selective flow." },
  transformer: { name: "Transformer", zh: "基于动态度量自适应图结构", says: "A complete graph that learns its own edges." },
  scaling: { name: "Scaling and emergence", zh: "Scaling Law与涌现", says: "More parameters, denser cover; then the pieces join." },
  moe: { name: "Mixture of experts", zh: "多个局部算子外加一个路由", says: "Local operators and a router." },
  "sparse-attention": { name: "Sparse attention", zh: "稀疏图", says: "Keep the edges that lie on the manifold." },
  "gated-attention": { name: "Gated attention", zh: "对切向量进行正交分解与抑制", says: "Suppress what points off the manifold." },
  icl: { name: "In-context learning", zh: "上下文学习", says: "Locating and interpolating, not learning." },
  cot: { name: "Chain of thought", zh: "显式符号的路径规划", says: "A hard map, split into easy steps." },
  "latent-cot": { name: "Latent chain of thought", zh: "回归连续流形动力学", says: "Thinking without words." },
  limits: { name: "Limits", zh: "通用推理么？", says: "What a static model cannot do." },
};

export const systemOrder = Object.keys(systems) as System[];

export const verdictWords: Readonly<Record<Verdict, { readonly name: string; readonly agrees: string }>> = {
  supports: { name: "supported", agrees: "agrees with the essay" },
  mixed: { name: "mixed", agrees: "in part, or undecided" },
  refutes: { name: "refuted", agrees: "disagrees with the essay" },
};

/** Which claims the table shows. */
export const filters = {
  all: "all",
  supports: "supported",
  mixed: "mixed",
  refutes: "refuted",
  "not-run": "not run yet",
  disagrees: "against the essay",
  surprises: "not as expected",
} as const;

export type Filter = keyof typeof filters;

export function isFilter(text: string | null): text is Filter {
  return text !== null && text in filters;
}

/** Whether a claim with this verdict (null: not run) belongs to what a filter shows. */
export function passes(filter: Filter, verdict: Verdict | null, expected: Verdict): boolean {
  switch (filter) {
    case "all":
      return true;
    case "not-run":
      return verdict === null;
    case "disagrees":
      return verdict === "refutes" || verdict === "mixed";
    case "surprises":
      return verdict !== null && verdict !== expected;
    case "supports":
    case "mixed":
    case "refutes":
      return verdict === filter;
  }
}
