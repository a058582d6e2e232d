/**
 * What each architecture of the lab is, on one page: what it takes for granted,
 * what it keeps, and how far the founding essay's picture of it goes. The
 * essay's own words are quoted in Chinese; letters and numbers name its claims, each an experiment of its own.
 */
import type { ArchitectureId } from "../../workers/lab/architecture.ts";

/** A phrase of the essay, and what there is to say to it. */
export interface Remark {
  readonly phrase: string;
  readonly text: string;
  /** The row of the claims table that tests it. */
  readonly claim?: string;
}

export interface Explanation {
  readonly name: string;
  /** After the name, in one line. */
  readonly sentence: string;
  readonly assumes: string;
  readonly state: string;
  /** A line each, in the letters of the source file. */
  readonly formula: readonly string[];
  /** How it stands in the lab: what was added to make it a model of sequences. */
  readonly here: string;
  readonly holds: readonly Remark[];
  readonly fails: readonly Remark[];
  readonly source: string;
}

export const explanations: Readonly<Record<ArchitectureId, Explanation>> = {
  mlp: {
    name: "MLP",
    sentence: "matrices with a bend between them, over a window of tokens",
    assumes: "Next to nothing: inputs that lie close together give outputs that lie close together. It has no notion of before and after, so a sequence has to be handed over as a window, and every place in the window has weights of its own.",
    state: "None. Whatever it knows of the past stands in the window.",
    formula: ["h = φ(x W + b)", "y = h W′ + b′", "x: the last 8 tokens side by side, φ: GELU"],
    here: "A window of 8 tokens in each of two blocks: it sees 15 tokens back and nothing beyond, however long it is trained. That is the honest causal form of an MLP, and the reason for its failures here; a wider window costs parameters in proportion.",
    holds: [{ phrase: "几乎没有内嵌任何Inductive Bias", text: "Almost no inductive bias: so it is. With enough units it comes as close as one likes to any continuous function of its window, on any bounded region; how many that takes, and whether training finds them, is another matter." }],
    fails: [
      { phrase: "MLP不改变数据的拓扑结构", text: "“Does not change the topology of the data”: with ReLU it does. It folds, and a fold joins what lay apart; that is how it separates nested rings. An invertible network keeps the topology for certain; another need not.", claim: "M6" },
      { phrase: "总是会导致最差的性能", text: "“Always the worst performance” is too strong: with enough data much of the gap closes, on images as well (Bachmann et al. 2023, arXiv:2306.13576)." },
    ],
    source: "Rumelhart, Hinton & Williams 1986; the window: Bengio et al. 2003",
  },
  cnn: {
    name: "CNN",
    sentence: "the same small kernel at every place",
    assumes: "What matters lies near, and means the same wherever it stands. One kernel is therefore enough for all places.",
    state: "None. What a token can know of the past is its receptive field, which grows with depth, and faster with dilation.",
    formula: ["y[o, t] = b[o] + Σ_c Σ_k K[o, c, k] x[c, t − dilation · k]", "k counts back from the token; two kernels to a block, ReLU between them"],
    here: "Causal: the kernel looks back only. Two kernels of 3 taps in each block, with dilation 4 in the first block and 1 in the second: the receptive field is 21 tokens.",
    holds: [{ phrase: "权值共享", text: "Weight sharing makes the layer commute with shifts, f(T(x)) = T′(f(x)): exactly so at stride 1 on a circle.", claim: "C2" }],
    fails: [
      { phrase: "对平移群 SE(2) 是不变的", text: "SE(2) contains the rotations, and a convolution does not commute with them. What it has is the group of translations.", claim: "C2" },
      { phrase: "低通滤波", text: "“Low-pass filtering”: measured on vision models it is the other way round; convolutions let high frequencies pass and attention damps them (Park & Kim 2022, arXiv:2202.06709)." },
      { phrase: "感受野增长是线性的", text: "“The receptive field grows linearly”: of plain stacks. Where dilation or stride doubles from layer to layer, it grows exponentially with depth.", claim: "C6" },
    ],
    source: "LeCun et al. 1998; causal and dilated: van den Oord et al. 2016, arXiv:1609.03499",
  },
  rnn: {
    name: "RNN",
    sentence: "a state, and one rule that carries it from token to token",
    assumes: "All that matters of the past fits into a state of fixed size, and one rule tells how each token changes it.",
    state: "The hidden state h: 36 numbers in each block, whatever the length. Two gates decide how much of it is kept (z) and how much of it the new candidate hears (r).",
    formula: ["r, z = σ(xₜ U + hₜ₋₁ W + b)", "n = tanh(xₜ Uₙ + r ⊙ (hₜ₋₁ Wₙ))", "hₜ = (1 − z) ⊙ n + z ⊙ hₜ₋₁"],
    here: "The gated form. It takes the tokens in turn, so it does as many operations in a row as there are tokens; the others do the same few for all tokens at once.",
    holds: [
      { phrase: "任务相关变量在 S 上形成低维、可预测的轨迹", text: "“Task variables form low-dimensional, predictable trajectories”: so it is found, with perturbations across them decaying.", claim: "R2" },
      { phrase: "雅可比矩阵的连乘……指数级爆炸或衰减", text: "Products of Jacobians grow or fade exponentially, at the rate that theory says.", claim: "R4" },
    ],
    fails: [
      { phrase: "切空间在任何位置都相同", text: "“The tangent space is the same everywhere”: W is, the Jacobian is not; it is W scaled by the slope of tanh, which depends on the state. For the same reason an RNN is no linear time-invariant system." },
      { phrase: "强行假设流形是单连通", text: "“Forced to be simply connected”: trained to integrate an angle, its states form a ring.", claim: "R7" },
      { phrase: "离散化欧拉积分", text: "“A discretised Euler integration”: of the residual form h + Δ f(h, x) only." },
    ],
    source: "Elman 1990; gates: Cho et al. 2014, arXiv:1406.1078",
  },
  mamba: {
    name: "Mamba",
    sentence: "a linear state whose step, input and output depend on the token",
    assumes: "The past can be compressed as it is read, and the token itself says what to take in and what to let go.",
    state: "The SSM state: 4 numbers for each of 73 channels and each block, whatever the length. A large step Δ forgets and takes in, a small one keeps.",
    formula: ["hₜ = exp(Δₜ A) ⊙ hₜ₋₁ + Δₜ Bₜ xₜ", "yₜ = Cₜ hₜ + D ⊙ xₜ", "Δₜ, Bₜ, Cₜ computed from xₜ"],
    here: "The whole block: a convolution over 4 tokens, the selective state space, and the gate. The recurrence is linear in h, so it is computed for all tokens at once, in log₂ T passes.",
    holds: [
      { phrase: "线性时变系统", text: "Selection does make the system time-varying, and selective copying shows what that is worth.", claim: "S3" },
      { phrase: "信息压缩依然是有损的", text: "The compression is lossy: as pairs are added, recall from a state of fixed size falls behind, and attention’s does not.", claim: "S4" },
    ],
    fails: [
      { phrase: "正交多项式基底上的最优投影", text: "“The optimal projection on orthogonal polynomials” is true of HiPPO-LegS, and not of the diagonal A that Mamba uses.", claim: "S1" },
      { phrase: "将RNN这一线性时不变系统扩展", text: "“Extends the RNN, a linear time-invariant system”: S4 was one, an RNN with tanh or gates never was." },
      { phrase: "解决了RNN“记不住”的问题", text: "“Solved that RNNs cannot remember”: a state of fixed size holds only so much; of strings longer than that it makes no copy (Jelassi et al. 2024, arXiv:2402.01032)." },
    ],
    source: "Gu & Dao 2023, arXiv:2312.00752",
  },
  transformer: {
    name: "Transformer",
    sentence: "every token looks at every token before it, and decides how much",
    assumes: "Little: any token may matter to any other. Even the order has to be told, by a vector for each position.",
    state: "The KV cache: keys and values of all tokens so far. It grows with the sequence; nothing is compressed and nothing is forgotten.",
    formula: ["pattern = softmax(Q Kᵀ / √E)", "x ← x + concat(pattern V) W_O", "x ← x + mlp(norm(x))"],
    here: "Two heads, causal mask, learnt positions that are added in front of the first block.",
    holds: [
      { phrase: "动态邻接矩阵", text: "A dynamic adjacency matrix: the attention pattern is a graph over the tokens that the input itself decides.", claim: "T2" },
      { phrase: "虫洞", text: "“Wormholes”: two tokens are one step apart, however far they stand. That is why recall costs it so little.", claim: "T5" },
    ],
    fails: [
      { phrase: "数据驱动的黎曼度量", text: "“A Riemannian metric”: W_Q W_Kᵀ need be neither symmetric nor positive, so it measures no distance. A picture, not a theorem." },
      { phrase: "本质是一个基于集合的动态图神经网络", text: "“In essence set-based, but for positions”: without a mask. The causal mask alone already tells the order.", claim: "T1" },
      { phrase: "梯度可以在流形上无损传播", text: "“Gradients propagate without loss”: softmax spreads its weight over all tokens, and what one of many gets falls with their number.", claim: "T5" },
    ],
    source: "Vaswani et al. 2017, arXiv:1706.03762",
  },
  moe: {
    name: "Mixture of experts",
    sentence: "a router sends each token to one of several perceptrons",
    assumes: "Data fall into regions, and each region is served best by an operator of its own.",
    state: "As the transformer’s, the KV cache; at each token also the router’s choice.",
    formula: ["p = softmax(x W_R)", "y = pᵢ Eᵢ(x) for the expert i of largest p", "loss + 0.01 · X Σᵢ fᵢ Pᵢ: the load balance"],
    here: "The transformer with four small experts in place of its perceptron, one per token (Switch). All parameters are counted, so each expert has a quarter; a token sees only that quarter.",
    holds: [{ phrase: "多个局部算子……外加一个路由", text: "“Several local operators and a router”: where data lie on separate manifolds, the router finds them.", claim: "X1" }],
    fails: [{ phrase: "把分辨率按需分配", text: "“Resolution where it is needed”: the load-balance loss, without which a few experts tend to take all tokens, pulls the other way, towards equal shares." }],
    source: "Shazeer et al. 2017, arXiv:1701.06538; Fedus, Zoph & Shazeer 2021, arXiv:2101.03961",
  },
  "sparse-attention": {
    name: "Sparse attention",
    sentence: "every token keeps the few keys that fit its query best",
    assumes: "Of all tokens, few matter to any one of them.",
    state: "As the transformer’s, the KV cache; at each token and head also the selected set.",
    formula: ["S = the 4 keys of largest Q Kᵀ / √E", "pattern = softmax over S"],
    here: "Top-k with k = 4, for each head. Windows, blocks and budgets that adapt stand in the same source file. All scores are computed and then masked: the saving is not what is shown.",
    holds: [
      { phrase: "有效的mixing并不需要对所有节点全连接", text: "Effective mixing needs few edges: a dense model that has learnt a lookup loses nothing when four keys of twenty are kept. Counting is another matter, and one that keeps four from its first step on, as here, may learn more slowly.", claim: "P2" },
      { phrase: "预算自适应稀疏", text: "Different tokens do need different budgets.", claim: "P4" },
    ],
    fails: [
      { phrase: "假设近邻在序列位置上也局部", text: "“Neighbours are near in the sequence too”: a window serves data of that kind, and falls off a cliff where the key lies farther than it reaches.", claim: "P3" },
      { phrase: "非流形上的噪声连接", text: "“Full attention adds noise off the manifold”: the edges that top-k drops are those with the least weight already; what is gained or lost depends on the task." },
    ],
    source: "Gupta et al. 2021, arXiv:2106.06899",
  },
  "gated-attention": {
    name: "Gated attention",
    sentence: "a gate on what attention brings back",
    assumes: "A token may look for something and not find it: then what attention brings should be shut out.",
    state: "As the transformer’s, the KV cache; at each token also a gate between 0 and 1 for each element of the heads.",
    formula: ["gate = σ(X W_θ + b)", "x ← x + (concat(heads) ⊙ gate) W_O"],
    here: "The gate on the attention output, elementwise; its parameters are taken from the perceptron behind it. The same source file has it on query, key, value and behind W_O.",
    holds: [{ phrase: "避免了Attention Sink", text: "Large gated models put far less attention on the first token (Qiu et al. 2025). In models as small as the lab’s a sink is weak at most, so there is little to take away.", claim: "Q3g" }],
    fails: [
      { phrase: "门控机制作用于Q向量上最为有效", text: "“Most effective on Q”: the paper’s own table says on the attention output (perplexity 5.761, without a gate 6.026).", claim: "Q2g" },
      { phrase: "动态调整历史信息的衰减率", text: "“Adjusts the decay of history”: this gate has no part in time; it scales what one token takes in. A decay of history is the forgetting transformer’s." },
    ],
    source: "Qiu et al. 2025, arXiv:2505.06708",
  },
};
