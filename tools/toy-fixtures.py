"""What PyTorch says of each toy: parameters, inputs, outputs and gradients of
mean(output^2), as data for the tests in workers/toys/.

    python3 tools/toy-fixtures.py [name ...]     # PyTorch 1.13 or later

Where PyTorch has the layer, it is PyTorch's (gru, multi_head_attention_forward,
conv2d); where not, it is written out plainly, token by token. Numbers are
float32, little-endian, base64, under the paths that workers/toys/weights.ts gives.
"""
import base64
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "workers" / "toys" / "fixtures"


def pack(tensors):
    arrays = {name: np.ascontiguousarray(t.detach().numpy(), dtype="<f4") for name, t in tensors.items()}
    return {name: {"shape": list(a.shape), "float32": base64.b64encode(a.tobytes()).decode()} for name, a in arrays.items()}


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
            layers = len(p) // 2
            x, hidden = i["x"], {}
            for l in range(layers):
                x = F.linear(x, p[f"layers.{l}.weight"].T, p[f"layers.{l}.bias"])
                if l < layers - 1:
                    x = activation(x)
                    hidden[f"hidden{l}"] = x
            return {"output": x, **hidden}
        return run

    widths = [3, 5, 4, 2]
    parameters = {}
    for l, (n, m) in enumerate(zip(widths, widths[1:])):
        parameters[f"layers.{l}.weight"] = draw(n, m)
        parameters[f"layers.{l}.bias"] = draw(m)
    inputs = {"x": draw(6, 3, scale=1)}
    functions = {"identity": lambda x: x, "relu": F.relu, "leaky-relu": lambda x: F.leaky_relu(x, 0.2), "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}
    return {name: case(parameters, inputs, forward(f)) for name, f in functions.items()}


def rnn():
    B, T, D, N = 2, 5, 3, 4

    def drawn(G):
        return {"input": draw(D, G * N), "recurrent": draw(N, G * N), "bias": draw(G * N), "recurrentBias": draw(G * N)}

    def of_torch(function):
        # What nn.RNN and nn.GRU call, with our parameters; the gates' order (reset, update, new) is the same.
        def run(p, i):
            weights = [p["input"].T, p["recurrent"].T, p["bias"], p["recurrentBias"]]
            return {"output": function(i["x"], i["start"][None], [w.contiguous() for w in weights], True, 1, 0.0, False, False, True)[0]}
        return run

    def residual(p, i):
        h, states = i["start"], []
        for t in range(T):
            h = h + 0.25 * torch.tanh(i["x"][:, t] @ p["input"] + p["bias"] + h @ p["recurrent"] + p["recurrentBias"])
            states.append(h)
        return {"output": torch.stack(states, 1)}

    inputs = {"x": draw(B, T, D, scale=1), "start": draw(B, N, scale=1)}
    return {"vanilla": case(drawn(1), inputs, of_torch(torch.rnn_tanh)), "residual": case(drawn(1), inputs, residual), "gated": case(drawn(3), inputs, of_torch(torch.gru))}


MAKERS = {"mlp": mlp, "rnn": rnn}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or MAKERS:
        torch.manual_seed(1)
        (FOLDER / f"{name}.json").write_text(json.dumps(MAKERS[name](), separators=(",", ":")) + "\n")
