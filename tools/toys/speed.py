"""Training steps of a toy in PyTorch on one thread, as fast as PyTorch's own functions make it.

    python3 tools/toys/speed.py

The first line on stdin is JSON: {"toy", "parameters", "batch", "rate"}, packed as
workers/toys/weights.ts packs them. Each further line is a number of steps of Adam on
mean((output - y)^2) over that batch, and is answered by a line of JSON:
{"seconds", "loss"}, the loss being that of the last of these steps.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

import layers
from layers import merge_heads, split_heads

HEADS = 4


def masked_attention(p, x, gate=None, selected=None):
    """With a gate on the attention output, or a selection of keys: PyTorch has no function for either."""
    T = x.shape[1]
    q, k, v = (split_heads(x @ p[name], HEADS) for name in ["query", "key", "value"])
    scores = (q @ k.transpose(2, 3) / q.shape[3] ** 0.5).masked_fill(layers.later(T), -1e9)
    if selected is not None:
        scores = scores.masked_fill(selected(scores.detach()) == 0, -1e9)
    mixed = scores.softmax(-1) @ v
    return merge_heads(mixed if gate is None else mixed * split_heads(gate, HEADS)) @ p["output"]


def gated_attention(p, x):
    return masked_attention(layers.under(p, "attention."), x, gate=torch.sigmoid(x @ p["gate.weight"] + p["gate.bias"]))


def sparse_attention(p, x):
    return masked_attention(p, x, selected=lambda scores: torch.zeros_like(scores).scatter(-1, scores.topk(8, -1).indices, 1))


def mamba(p, u):
    """The recurrence by the same log-depth scan as ours; a loop over time is slower here."""
    x = (u @ p["input"]).transpose(1, 2)
    K, E = p["convolution"].shape
    x = F.silu(F.conv1d(F.pad(x, (K - 1, 0)), p["convolution"].T[:, None], p["convolutionBias"], groups=E).transpose(1, 2))
    delta = F.softplus(x @ p["selective.deltaDown"] @ p["selective.deltaUp"] + p["deltaBias"])[..., None]
    a = torch.exp(delta * -p["logA"].exp())
    b = delta * x[..., None] * (x @ p["selective.B"])[:, :, None]
    T, span = x.shape[1], 1
    while span < T:
        earlier = lambda z: F.pad(z[:, :T - span], (0, 0, 0, 0, span, 0))
        a, b = a * earlier(a), b + a * earlier(b)
        span *= 2
    y = (b * (x @ p["selective.C"])[:, :, None]).sum(-1) + x * p["skip"]
    return (y * F.silu(u @ p["gate"])) @ p["output"]


def moe(p, x):
    """Each expert on its own tokens: PyTorch need not compute what was not selected."""
    flat = x.reshape(-1, x.shape[-1])
    kept, chosen = F.softmax(flat @ p["router"], -1).topk(2)
    kept = kept / kept.sum(-1, keepdim=True)
    output = torch.zeros(flat.shape[0], p["outward"].shape[2])
    for e in range(p["router"].shape[1]):
        token, place = (chosen == e).nonzero(as_tuple=True)
        hidden = F.relu(flat[token] @ p["inward"][e] + p["inwardBias"][e])
        output = output.index_add(0, token, kept[token, place, None] * (hidden @ p["outward"][e] + p["outwardBias"][e]))
    return output.reshape(*x.shape[:2], -1)


TOYS = {
    "mlp": lambda p, x: layers.mlp(p, x, "relu")[0],
    "cnn": lambda p, x: layers.cnn(p, x, [{}, {}])[0],
    "rnn": lambda p, x: layers.recurrent(torch.gru, p, x, torch.zeros(x.shape[0], p["recurrent"].shape[0])),
    "mamba": mamba,
    "transformer": lambda p, x: layers.transformer(p, x, HEADS)[0],
    "moe": moe,
    "sparse-attention": sparse_attention,
    "gated-attention": gated_attention,
}


def main():
    torch.set_num_threads(1)
    asked = json.loads(sys.stdin.readline())
    forward = TOYS[asked["toy"]]
    parameters = {name: t.requires_grad_(True) for name, t in layers.unpack(asked["parameters"]).items()}
    batch = layers.unpack(asked["batch"])
    optimiser = torch.optim.Adam(parameters.values(), lr=asked["rate"])
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            optimiser.zero_grad()
            loss = (forward(parameters, batch["x"]) - batch["y"]).square().mean()
            loss.backward()
            optimiser.step()
        print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss.item()}), flush=True)


if __name__ == "__main__":
    main()
