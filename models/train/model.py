"""The embedded model: a Llama-type decoder in plain torch, with a key-value cache and latent steps.

Format: pre-RMSNorm, rotary positions in the Hugging Face (rotate-half) convention, SwiGLU, no biases.
The embedding and the head share one matrix E up to a factor: input = sqrt(d) * E, logits = E * state. Entries
of the input then have the size of the final-norm states, which is what a thought is when it is fed back.
Source: Touvron et al. 2023 (Llama); Hao et al. 2024 (continuous thoughts).
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

SHAPE = dict(vocab_size=64, hidden_size=96, num_hidden_layers=3, num_attention_heads=3, intermediate_size=288,
             rope_theta=10000.0, rms_norm_eps=1e-5, max_position_embeddings=256)
INT4_BLOCK = 32


class RMSNorm(nn.Module):
    """Division by the root mean square over the last dimension, then a learned scale."""

    def __init__(self, size, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotary_tables(positions, head_size, theta):
    """Cosine and sine of the rotary angles, each [positions, head_size]."""
    frequency = 1.0 / theta ** (torch.arange(0, head_size, 2).float() / head_size)
    angle = torch.outer(torch.arange(positions).float(), frequency)
    angle = torch.cat([angle, angle], -1)
    return angle.cos(), angle.sin()


def rotate(x, cosine, sine):
    """Rotary position embedding; dimension i is paired with i + head_size / 2."""
    half = x.shape[-1] // 2
    return x * cosine + torch.cat([-x[..., half:], x[..., :half]], -1) * sine


class Block(nn.Module):
    """Attention and SwiGLU, each after an RMSNorm and added to the residual stream."""

    def __init__(self, shape):
        super().__init__()
        size, inner = shape["hidden_size"], shape["intermediate_size"]
        self.heads = shape["num_attention_heads"]
        self.head_size = size // self.heads
        self.attention_norm = RMSNorm(size, shape["rms_norm_eps"])
        self.feed_norm = RMSNorm(size, shape["rms_norm_eps"])
        self.query_key_value = nn.Linear(size, 3 * size, bias=False)
        self.attention_out = nn.Linear(size, size, bias=False)
        self.gate_up = nn.Linear(size, 2 * inner, bias=False)
        self.down = nn.Linear(inner, size, bias=False)
        residual_scale = 1 / math.sqrt(2 * shape["num_hidden_layers"])
        nn.init.normal_(self.query_key_value.weight, std=1 / math.sqrt(size))
        nn.init.normal_(self.gate_up.weight, std=1 / math.sqrt(size))
        nn.init.normal_(self.attention_out.weight, std=residual_scale / math.sqrt(size))
        nn.init.normal_(self.down.weight, std=residual_scale / math.sqrt(inner))

    def forward(self, x, cosine, sine, past, mask):
        """x [batch, new, size]; past: earlier (key, value) or None. Returns x and the grown (key, value)."""
        batch, new, size = x.shape
        projected = self.query_key_value(self.attention_norm(x))
        projected = projected.view(batch, new, 3, self.heads, self.head_size)
        query, key, value = projected.permute(2, 0, 3, 1, 4)                  # each [batch, heads, new, head]
        query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        query = query / math.sqrt(self.head_size)
        score = query @ key.transpose(-1, -2)                                  # [batch, heads, new, all]
        if mask is not None:
            score = score + mask
        mixed = (score.softmax(-1) @ value).transpose(1, 2).reshape(batch, new, size)
        x = x + self.attention_out(mixed)
        gate, up = self.gate_up(self.feed_norm(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up), (key, value)


class Cache:
    """Keys and values of the positions read so far, which may belong to several questions on one prompt.

    layers: (key, value) per block, each [batch, heads, length, head]; owner [length]: the question that a
    position belongs to, or SHARED; position [length]: its rotary position; next: the next position.
    Questions lie side by side instead of in copies of the prompt: far fewer and larger products.
    """

    SHARED = -1

    def __init__(self, layers, owner, position):
        self.layers, self.owner, self.position = layers, owner, position
        self.next = int(position.max()) + 1

    def cut(self, length):
        """The cache of the first `length` positions."""
        layers = [(key[:, :, :length], value[:, :, :length]) for key, value in self.layers]
        return Cache(layers, self.owner[:length], self.position[:length])


class Nano(nn.Module):
    """The decoder. States are final-norm hidden states: logits read them, latent steps feed them back."""

    def __init__(self, shape=SHAPE):
        super().__init__()
        self.shape = dict(shape)
        size, positions = shape["hidden_size"], shape["max_position_embeddings"]
        self.blocks = nn.ModuleList([Block(shape) for _ in range(shape["num_hidden_layers"])])
        self.norm = RMSNorm(size, shape["rms_norm_eps"])
        self.head = nn.Linear(size, shape["vocab_size"], bias=False)
        nn.init.normal_(self.head.weight, std=1 / math.sqrt(size))
        cosine, sine = rotary_tables(positions, size // shape["num_attention_heads"], shape["rope_theta"])
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    def embed(self, ids):
        """Input embeddings of token ids."""
        return F.embedding(ids, self.head.weight) * math.sqrt(self.shape["hidden_size"])

    def run(self, x, cache=None, questions=1):
        """x: input embeddings [batch, questions * new, size], question after question. Returns states, cache.

        A question sees the shared positions and its own; with one question the positions become shared.
        """
        new = x.shape[1] // questions
        begin = 0 if cache is None else cache.next
        position = (begin + torch.arange(new)).repeat(questions)
        owner = torch.arange(questions).repeat_interleave(new) if questions > 1 else \
            torch.full((new,), Cache.SHARED)
        key_position = position if cache is None else torch.cat([cache.position, position])
        key_owner = owner if cache is None else torch.cat([cache.owner, owner])
        seen = (key_owner == Cache.SHARED) | (key_owner == owner[:, None])
        seen = seen & (key_position <= position[:, None])                      # [questions * new, all]
        mask = torch.zeros(seen.shape).masked_fill(~seen, float("-inf"))
        cosine, sine = self.cosine[position], self.sine[position]
        layers = []
        for i, block in enumerate(self.blocks):
            x, key_value = block(x, cosine, sine, None if cache is None else cache.layers[i], mask)
            layers.append(key_value)
        return self.norm(x), Cache(layers, key_owner, key_position)

    def read(self, ids, cache=None, questions=1):
        """run on token ids."""
        return self.run(self.embed(ids), cache, questions)

    def logits(self, states):
        """Logits of the next token."""
        return self.head(states)

    def think(self, opening, thoughts, cache, questions=1):
        """Read opening ids [batch * questions, k] and make `thoughts` >= 1 latent thoughts.

        Returns the thoughts, a list of [batch, questions, size], and the cache after all of them but the
        last, which is still to be fed.
        """
        rows, length = opening.shape
        batch = rows // questions
        states, cache = self.read(opening.reshape(batch, questions * length), cache, questions)
        made = [states.view(batch, questions, length, -1)[:, :, -1]]
        for _ in range(thoughts - 1):
            state, cache = self.run(made[-1], cache, questions)
            made.append(state)
        return made, cache

    def states_after(self, opening, thoughts, text, cache, questions=1):
        """Opening ids [n, k], then latent thoughts, then text ids [n, T]; n = batch * questions.

        Returns states [n, T + 1, size]: state i predicts text token i, the last one what follows the text.
        """
        rows, size = opening.shape[0], self.shape["hidden_size"]
        batch = rows // questions
        if thoughts == 0:
            ids = torch.cat([opening, text], 1)
            states, _ = self.read(ids.view(batch, -1), cache, questions)
            return states.view(rows, -1, size)[:, opening.shape[1] - 1:]
        made, cache = self.think(opening, thoughts, cache, questions)
        x = torch.cat([made[-1].reshape(rows, 1, size), self.embed(text)], 1)
        states, _ = self.run(x.view(batch, -1, size), cache, questions)
        return states.view(rows, -1, size)


def round_to_int4(weight):
    """Symmetric round-to-nearest to -7..7, one scale per block of 32 along the input dimension."""
    blocks = weight.reshape(weight.shape[0], -1, INT4_BLOCK)
    scale = blocks.abs().amax(2, keepdim=True).clamp(min=1e-12) / 7
    return ((blocks / scale).round() * scale).reshape(weight.shape)
