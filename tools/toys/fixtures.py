"""What PyTorch says of each toy: parameters, inputs, outputs and gradients of
mean(output^2), as data for the tests in workers/toys/.

    python3 tools/toys/fixtures.py [name ...]     # PyTorch 1.13 or later

Where PyTorch has the layer, it is PyTorch's (layers.py); where not, it is
written out plainly, token by token.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

import layers
from layers import merge_heads, pack, split_heads

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "workers" / "toys" / "fixtures"


def case(parameters, inputs, forward):
    """`forward(parameters, inputs)` gives outputs by name, `output` among them."""
    parameters = {name: t.detach().clone().requires_grad_(True) for name, t in parameters.items()}
    outputs = forward(parameters, inputs)
    outputs["output"].square().mean().backward()
    gradients = {name: t.grad for name, t in parameters.items()}
    return {"parameters": pack(parameters), "inputs": pack(inputs), "outputs": pack(outputs), "gradients": pack(gradients)}


def draw(*shape, scale=0.5):
    return torch.randn(*shape) * scale


def mlp():
    def forward(activation):
        def run(p, i):
            output, hidden = layers.mlp(p, i["x"], activation)
            return {"output": output, **{f"hidden{l}": h for l, h in enumerate(hidden)}}
        return run

    widths = [3, 5, 4, 2]
    parameters = {}
    for l, (n, m) in enumerate(zip(widths, widths[1:])):
        parameters[f"layers.{l}.weight"] = draw(n, m)
        parameters[f"layers.{l}.bias"] = draw(m)
    inputs = {"x": draw(6, 3, scale=1)}
    return {name: case(parameters, inputs, forward(name)) for name in layers.ACTIVATIONS}


def rnn():
    B, T, D, N = 2, 5, 3, 4

    def drawn(G):
        return {"input": draw(D, G * N), "recurrent": draw(N, G * N), "bias": draw(G * N), "recurrentBias": draw(G * N)}

    def of_torch(function):
        return lambda p, i: {"output": layers.recurrent(function, p, i["x"], i["start"])}

    def residual(p, i):
        h, states = i["start"], []
        for t in range(T):
            h = h + 0.25 * torch.tanh(i["x"][:, t] @ p["input"] + p["bias"] + h @ p["recurrent"] + p["recurrentBias"])
            states.append(h)
        return {"output": torch.stack(states, 1)}

    inputs = {"x": draw(B, T, D, scale=1), "start": draw(B, N, scale=1)}
    return {"vanilla": case(drawn(1), inputs, of_torch(torch.rnn_tanh)), "residual": case(drawn(1), inputs, residual), "gated": case(drawn(3), inputs, of_torch(torch.gru))}


def transformer():
    B, T, D, H, V, L, mlp_size = 2, 5, 6, 2, 7, 2, 8

    def attention(causal):
        def run(p, i):
            output, pattern = layers.attention(p, i["x"], H, causal)
            return {"output": output, "pattern": pattern}
        parameters = {name: draw(D, D) for name in ["query", "key", "value", "output"]}
        return case(parameters, {"x": draw(B, T, D, scale=1)}, run)

    def whole(p, i):
        output, residual, patterns = layers.transformer(p, F.embedding(i["tokens"].long(), p["embedding"]), H)
        return {"output": output, **{f"residual{l}": x for l, x in enumerate(residual)}, **{f"pattern{l}": a for l, a in enumerate(patterns)}}

    parameters = {"embedding": draw(V, D), "positions": draw(T + 1, D), "unembedding": draw(D, V)}
    for l in range(L):
        b = f"blocks.{l}."
        parameters.update({f"{b}attention.{name}": draw(D, D) for name in ["query", "key", "value", "output"]})
        parameters.update({f"{b}mlp.layers.0.weight": draw(D, mlp_size), f"{b}mlp.layers.0.bias": draw(mlp_size)})
        parameters.update({f"{b}mlp.layers.1.weight": draw(mlp_size, D), f"{b}mlp.layers.1.bias": draw(D)})
    for of in ["finalNorm", *(f"blocks.{l}.{n}" for l in range(L) for n in ["attentionNorm", "mlpNorm"])]:
        parameters.update({f"{of}.scale": 1 + draw(D), f"{of}.shift": draw(D)})
    inputs = {"tokens": torch.randint(V, (B, T)).float()}
    return {"attention, causal": attention(True), "attention, bidirectional": attention(False), "transformer": case(parameters, inputs, whole)}


def mamba():
    B, T, D, E, N, R, K = 2, 6, 3, 4, 3, 2, 3

    def forward(selective):
        def run(p, i):
            u = i["u"]
            x = (u @ p["input"]).transpose(1, 2)
            # conv1d correlates: its last tap falls on the token itself, as ours.
            x = F.conv1d(F.pad(x, (K - 1, 0)), p["convolution"].T[:, None], p["convolutionBias"], groups=E)
            x = F.silu(x.transpose(1, 2))
            A = -p["logA"].exp()
            h, states, ys, deltas = torch.zeros(B, E, N), [], [], []
            for t in range(T):
                xt = x[:, t]
                if selective:
                    delta = F.softplus(xt @ p["selective.deltaDown"] @ p["selective.deltaUp"] + p["deltaBias"])
                    b, c = (xt @ p["selective.B"])[:, None], (xt @ p["selective.C"])[:, None]
                else:
                    delta = F.softplus(p["deltaBias"]).expand(B, E)
                    b, c = p["invariant.B"][None], p["invariant.C"][None]
                h = torch.exp(delta[..., None] * A) * h + delta[..., None] * b * xt[..., None]
                states.append(h)
                deltas.append(delta)
                ys.append((h * c).sum(-1) + p["skip"] * xt)
            output = (torch.stack(ys, 1) * F.silu(u @ p["gate"])) @ p["output"]
            return {"output": output, "state": torch.stack(states, 1), "delta": torch.stack(deltas, 1)}
        return run

    shared = {"input": draw(D, E), "gate": draw(D, E), "convolution": draw(K, E), "convolutionBias": draw(E), "logA": draw(E, N), "deltaBias": draw(E), "skip": draw(E), "output": draw(E, D)}
    selective = {"selective.deltaDown": draw(E, R), "selective.deltaUp": draw(R, E), "selective.B": draw(E, N), "selective.C": draw(E, N)}
    invariant = {"invariant.B": draw(E, N), "invariant.C": draw(E, N)}
    inputs = {"u": draw(B, T, D, scale=1)}
    return {"selective": case({**shared, **selective}, inputs, forward(True)), "invariant": case({**shared, **invariant}, inputs, forward(False))}


def cnn():
    def network(options, axes):
        def run(p, i):
            output, features = layers.cnn(p, i["x"], options)
            return {"output": output, **{f"features{l}": x for l, x in enumerate(features)}}

        channels = [2, 3, 2]
        parameters = {}
        for l in range(len(options)):
            parameters[f"layers.{l}.kernel"] = draw(channels[l + 1], channels[l], *axes)
            parameters[f"layers.{l}.bias"] = draw(channels[l + 1])
        places = [9] if len(axes) == 1 else [7, 6]
        return case(parameters, {"x": draw(2, 2, *places, scale=1)}, run)

    return {
        "images, zero": network([{}, {"stride": 2}], (3, 3)),
        "images, circular": network([{"padding": "circular", "dilation": 2}, {"padding": "circular"}], (3, 2)),
        "sequences, causal": network([{"padding": "causal"}, {"padding": "causal", "dilation": 2}], (3,)),
        "sequences, none": network([{"padding": "none"}, {"padding": "none", "stride": 2, "dilation": 2}], (3,)),
    }


def moe():
    B, T, D, HIDDEN, O, X = 2, 3, 4, 5, 3, 4

    def forward(k, normalised):
        def run(p, i):
            rows, routers, balances = [], [], []
            for x in i["x"].reshape(-1, D):
                probabilities = F.softmax(x @ p["router"], -1)
                kept, chosen = probabilities.topk(k)
                weights = kept / kept.sum() if normalised else kept
                answers = [(F.relu(x @ p["inward"][e] + p["inwardBias"][e]) @ p["outward"][e] + p["outwardBias"][e]) for e in chosen]
                rows.append(sum(w * a for w, a in zip(weights, answers)))
                routers.append(probabilities)
            router = torch.stack(routers)
            share = F.one_hot(router.argmax(-1), X).float().mean(0)
            balance = X * (share * router.mean(0)).sum()
            # The loss of the fixture sees the balance too, through an output of its own size.
            output = torch.stack(rows).reshape(B, T, O) + balance
            return {"output": output, "router": router.reshape(B, T, X), "balance": balance}
        return run

    def parameters():
        return {"router": draw(D, X, scale=1), "inward": draw(X, D, HIDDEN), "inwardBias": draw(X, HIDDEN), "outward": draw(X, HIDDEN, O), "outwardBias": draw(X, O)}

    inputs = {"x": draw(B, T, D, scale=1)}
    return {"top 1": case(parameters(), inputs, forward(1, False)), "top 2": case(parameters(), inputs, forward(2, True))}


def gated_attention():
    B, T, D, H = 2, 4, 6, 2

    def forward(place, per_head):
        def run(p, i):
            x = i["x"]
            gate = torch.sigmoid(x @ p["gate.weight"] + p["gate.bias"])
            if place != "output":
                gate = gate[..., None].transpose(1, 2) if per_head else split_heads(gate, H)
            q, k, v = (split_heads(x @ p[f"attention.{name}"], H) for name in ["query", "key", "value"])
            q, k, v = (t * gate if name == place else t for t, name in [(q, "query"), (k, "key"), (v, "value")])
            scores = (q @ k.transpose(2, 3) / (D // H) ** 0.5).masked_fill(layers.later(T), -torch.inf)
            mixed = scores.softmax(-1) @ v
            if place == "attention":
                mixed = mixed * gate
            output = merge_heads(mixed) @ p["attention.output"]
            return {"output": output * gate if place == "output" else output, "gate": gate}
        return run

    cases = {}
    for place in ["query", "key", "value", "attention", "output"]:
        for per_head in [False, True] if place != "output" else [False]:
            parameters = {f"attention.{name}": draw(D, D) for name in ["query", "key", "value", "output"]}
            size = H if per_head else D
            parameters.update({"gate.weight": draw(D, size), "gate.bias": draw(size)})
            cases[f"{place}, {'per head' if per_head else 'elementwise'}"] = case(parameters, {"x": draw(B, T, D, scale=1)}, forward(place, per_head))
    return cases


def sparse_attention():
    B, T, D, H = 1, 7, 4, 2
    E = D // H

    def forward(choose):
        def run(p, i):
            q, k, v = (split_heads(i["x"] @ p[name], H) for name in ["query", "key", "value"])
            selected = torch.zeros(B, H, T, T)
            mixed = torch.zeros(B, H, T, E)
            for b in range(B):
                for h in range(H):
                    rows = []
                    for t in range(T):
                        kept = sorted(choose(q[b, h, t].detach(), k[b, h].detach(), t))
                        selected[b, h, t, kept] = 1
                        rows.append((q[b, h, t] @ k[b, h, kept].T / E ** 0.5).softmax(-1) @ v[b, h, kept])
                    mixed = mixed.index_put((torch.tensor(b), torch.tensor(h)), torch.stack(rows))
            return {"output": merge_heads(mixed) @ p["output"], "selected": selected}
        return run

    def nearest(q, k, t, n=2):
        return (k[:t + 1] - q).norm(dim=-1).argsort()[:n].tolist()

    def largest(q, k, t):
        return (k[:t + 1] @ q).argsort(descending=True)[:3 if t < 4 else 2].tolist()

    def share(q, k, t):
        pattern = (k[:t + 1] @ q / E ** 0.5).softmax(-1)
        kept, held = [], 0.0
        for s in pattern.argsort(descending=True).tolist():
            if held >= 0.6:
                break
            kept.append(s)
            held += pattern[s].item()
        return kept

    def window(q, k, t):
        return sorted({s for s in range(t + 1) if t - s < 2 or s < 1})

    def blocks(q, k, t, size=2):
        own = t // size
        products = sorted(((k[b * size:(b + 1) * size].mean(0) @ q).item(), b) for b in range(own))
        chosen = [own] + [b for _, b in products[::-1][:1]]
        return [s for b in chosen for s in range(b * size, (b + 1) * size) if s <= t]

    cases = {}
    for name, choose in {"score": largest, "distance": nearest, "mass": share, "window": window, "block": blocks}.items():
        parameters = {part: draw(D, D, scale=1) for part in ["query", "key", "value", "output"]}
        cases[name] = case(parameters, {"x": draw(B, T, D, scale=1)}, forward(choose))
    return cases


MAKERS = {"mlp": mlp, "rnn": rnn, "transformer": transformer, "mamba": mamba, "cnn": cnn, "moe": moe, "gated-attention": gated_attention, "sparse-attention": sparse_attention}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or MAKERS:
        torch.manual_seed(1)
        (FOLDER / f"{name}.json").write_text(json.dumps(MAKERS[name](), separators=(",", ":")) + "\n")
