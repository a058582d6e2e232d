"""The toys of workers/toys in PyTorch, where PyTorch has the layer: by its own
functions, on our parameters under the paths that workers/toys/weights.ts gives.
"""
import base64

import numpy as np
import torch
import torch.nn.functional as F


def pack(tensors):
    """float32, little-endian, base64, as workers/toys/weights.ts packs it."""
    return {name: {"shape": list(t.shape), "float32": base64.b64encode(t.detach().numpy().astype("<f4").tobytes()).decode()} for name, t in tensors.items()}


def unpack(packed):
    return {name: torch.from_numpy(np.frombuffer(base64.b64decode(t["float32"]), "<f4").reshape(t["shape"]).copy()) for name, t in packed.items()}


def under(p, prefix):
    """The parameters whose path begins so, without it."""
    return {name[len(prefix):]: t for name, t in p.items() if name.startswith(prefix)}


ACTIVATIONS = {"identity": lambda x: x, "relu": F.relu, "leaky-relu": lambda x: F.leaky_relu(x, 0.2), "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}


def mlp(p, x, activation):
    """Output, and the hidden states after each layer but the last."""
    layers, hidden = len(p) // 2, []
    for l in range(layers):
        x = F.linear(x, p[f"layers.{l}.weight"].T, p[f"layers.{l}.bias"])
        if l < layers - 1:
            x = ACTIVATIONS[activation](x)
            hidden.append(x)
    return x, hidden


def recurrent(function, p, x, start):
    """What nn.RNN and nn.GRU call (torch.rnn_tanh, torch.gru); the gates' order (reset, update, new) is ours too."""
    weights = [p["input"].T, p["recurrent"].T, p["bias"], p["recurrentBias"]]
    return function(x, start[None], [w.contiguous() for w in weights], True, 1, 0.0, False, False, True)[0]


def later(T):
    """True where a token would see a later one, [T, T]."""
    return torch.ones(T, T).triu(1).bool()


def attention(p, x, heads, causal):
    """PyTorch's multi-head attention on [B, T, D]; output [B, T, D], pattern [B, H, T, T]."""
    T, D = x.shape[1:]
    packed = torch.cat([p["query"].T, p["key"].T, p["value"].T])
    x = x.transpose(0, 1)
    output, pattern = F.multi_head_attention_forward(
        x, x, x, D, heads, packed, None, None, None, False, 0.0, p["output"].T, None,
        training=False, attn_mask=later(T) if causal else None, average_attn_weights=False)
    return output.transpose(0, 1), pattern


def split_heads(x, heads):
    B, T, D = x.shape
    return x.reshape(B, T, heads, D // heads).transpose(1, 2)


def merge_heads(x):
    B, H, T, E = x.shape
    return x.transpose(1, 2).reshape(B, T, H * E)


def transformer(p, x, heads):
    """Logits of embeddings [B, T, D], and residual stream and pattern of each layer."""
    D = x.shape[2]
    norm = lambda x, of: F.layer_norm(x, [D], p[f"{of}.scale"], p[f"{of}.shift"])
    x = x + p["positions"][:x.shape[1]]
    residual, patterns = [x], []
    for l in range(1 + max(int(name.split(".")[1]) for name in p if name.startswith("blocks."))):
        b = f"blocks.{l}."
        mixed, pattern = attention(under(p, b + "attention."), norm(x, b + "attentionNorm"), heads, True)
        x = x + mixed
        x = x + mlp(under(p, b + "mlp."), norm(x, b + "mlpNorm"), "gelu")[0]
        residual.append(x)
        patterns.append(pattern)
    return norm(x, "finalNorm") @ p["unembedding"], residual, patterns


def cnn(p, x, layers):
    """Output, and the maps after each layer but the last; `layers` holds stride, dilation and padding of each."""
    features = []
    for l, options in enumerate(layers):
        kernel = p[f"layers.{l}.kernel"]
        dilation, padding = options.get("dilation", 1), options.get("padding", "zero")
        pads = []
        for taps in reversed(kernel.shape[2:]):
            reach = dilation * (taps - 1)
            pads += {"zero": [reach // 2, reach - reach // 2], "circular": [reach // 2, reach - reach // 2], "causal": [reach, 0], "none": [0, 0]}[padding]
        x = F.pad(x, pads, mode="circular" if padding == "circular" else "constant")
        x = (F.conv1d if kernel.dim() == 3 else F.conv2d)(x, kernel, p[f"layers.{l}.bias"], stride=options.get("stride", 1), dilation=dilation)
        if l < len(layers) - 1:
            x = F.relu(x)
            features.append(x)
    return x, features
