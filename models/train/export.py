"""Weights to and from a Hugging Face Llama folder."""
import json
import math
import pathlib
import struct

import numpy
import torch


def read_safetensors(path):
    """Float32 tensors of a safetensors file, by name."""
    raw = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{path}: expected F32 for {name}, got {entry['dtype']}; export in float32")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        array = numpy.frombuffer(raw[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def load_llama(model, tensors):
    """Copy tensors with Hugging Face names into a Nano; the head may have fewer rows (an older vocabulary)."""
    with torch.no_grad():
        head = tensors["lm_head.weight"]
        model.head.weight[:head.shape[0]] = head
        model.norm.weight.copy_(tensors["model.norm.weight"])
        for i, block in enumerate(model.blocks):
            layer = {name: tensors[f"model.layers.{i}.{name}.weight"] for name in (
                "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
                "mlp.up_proj", "mlp.down_proj", "input_layernorm", "post_attention_layernorm")}
            block.query_key_value.weight.copy_(torch.cat([layer[f"self_attn.{p}_proj"] for p in "qkv"]))
            block.attention_out.weight.copy_(layer["self_attn.o_proj"])
            block.gate_up.weight.copy_(torch.cat([layer["mlp.gate_proj"], layer["mlp.up_proj"]]))
            block.down.weight.copy_(layer["mlp.down_proj"])
            block.attention_norm.weight.copy_(layer["input_layernorm"])
            block.feed_norm.weight.copy_(layer["post_attention_layernorm"])
