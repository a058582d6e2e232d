"""Weights to and from a Hugging Face Llama folder.

Usage: export.py CHECKPOINT OUT
Format: config.json (LlamaForCausalLM, untied), model.safetensors (float32), generation_config.json,
tokenizer.json (Hugging Face tokenizers, one word per token), tokenizer_config.json, and check.json: three
prompts with their thoughts and logits, for checking a port.
embed_tokens is exported as sqrt(d) * lm_head; in training they are one matrix.
Source: the safetensors layout (8-byte length, JSON header, raw tensors) and the tokenizers file format.
"""
import argparse
import json
import math
import pathlib
import struct

import numpy
import torch

import data
from model import Nano

CHECK_SEED = 5


# Tensors ---------------------------------------------------------------------------------------------------

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


def write_safetensors(path, tensors):
    """The inverse of read_safetensors; the header is padded to a multiple of 8 bytes."""
    header, blobs, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().astype("<f4").tobytes()
        header[name] = dict(dtype="F32", shape=list(tensor.shape), data_offsets=[offset, offset + len(blob)])
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def llama_tensors(model):
    """The weights under their Hugging Face names."""
    size, inner = model.shape["hidden_size"], model.shape["intermediate_size"]
    tensors = {"model.embed_tokens.weight": model.head.weight * math.sqrt(size)}
    for i, block in enumerate(model.blocks):
        query, key, value = block.query_key_value.weight.split(size)
        gate, up = block.gate_up.weight.split(inner)
        layer = {"input_layernorm": block.attention_norm.weight, "self_attn.q_proj": query,
                 "self_attn.k_proj": key, "self_attn.v_proj": value,
                 "self_attn.o_proj": block.attention_out.weight,
                 "post_attention_layernorm": block.feed_norm.weight, "mlp.gate_proj": gate, "mlp.up_proj": up,
                 "mlp.down_proj": block.down.weight}
        tensors.update({f"model.layers.{i}.{name}.weight": weight for name, weight in layer.items()})
    tensors["model.norm.weight"] = model.norm.weight
    tensors["lm_head.weight"] = model.head.weight
    return tensors


def load_llama(model, tensors):
    """Copy tensors with Hugging Face names into a Nano; an older vocabulary may have fewer head rows."""
    with torch.no_grad():
        head = tensors["lm_head.weight"]
        model.head.weight[:head.shape[0]] = head
        model.norm.weight.copy_(tensors["model.norm.weight"])
        for i, block in enumerate(model.blocks):
            layer = {name: tensors[f"model.layers.{i}.{name}.weight"] for name in (
                "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm",
                "post_attention_layernorm")}
            block.query_key_value.weight.copy_(torch.cat([layer[f"self_attn.{p}_proj"] for p in "qkv"]))
            block.attention_out.weight.copy_(layer["self_attn.o_proj"])
            block.gate_up.weight.copy_(torch.cat([layer["mlp.gate_proj"], layer["mlp.up_proj"]]))
            block.down.weight.copy_(layer["mlp.down_proj"])
            block.attention_norm.weight.copy_(layer["input_layernorm"])
            block.feed_norm.weight.copy_(layer["post_attention_layernorm"])


# Configuration and tokenizer -------------------------------------------------------------------------------

TOKEN_ROLES = dict(bos_token_id=data.BOS, eos_token_id=data.EOS, pad_token_id=data.PAD)


def configuration(shape):
    """config.json."""
    return dict(architectures=["LlamaForCausalLM"], model_type="llama", **shape,
                num_key_value_heads=shape["num_attention_heads"],
                head_dim=shape["hidden_size"] // shape["num_attention_heads"], hidden_act="silu",
                attention_bias=False, mlp_bias=False, tie_word_embeddings=False, **TOKEN_ROLES,
                torch_dtype="float32")


def tokenizer():
    """tokenizer.json: words separated by white space, each one token.

    Only the four tokens without a meaning in the text are special, so that decoding keeps all others. The
    pre-tokenizer leaves `<hop>` and `|` whole, so they need no entry among the added tokens.
    """
    added = [dict(id=data.TOKEN_ID[token], content=token, single_word=False, lstrip=False, rstrip=False,
                  normalized=False, special=True) for token in ("<pad>", "<bos>", "<eos>", "<unk>")]
    return dict(version="1.0", truncation=None, padding=None,
                added_tokens=sorted(added, key=lambda entry: entry["id"]), normalizer=None,
                pre_tokenizer=dict(type="WhitespaceSplit"), post_processor=None, decoder=None,
                model=dict(type="WordLevel", vocab=data.TOKEN_ID, unk_token="<unk>"))


def tokenizer_configuration(shape):
    """tokenizer_config.json."""
    return dict(tokenizer_class="PreTrainedTokenizerFast", bos_token="<bos>", eos_token="<eos>",
                pad_token="<pad>", unk_token="<unk>", clean_up_tokenization_spaces=False,
                model_max_length=shape["max_position_embeddings"])


# Numbers for checking a port -------------------------------------------------------------------------------

def check_case(model, task, prompt, thoughts, cue, expected):
    """One prompt (ids [n]), its thoughts, and the logits after the cue ids that follow them."""
    opening = torch.tensor([prompt])
    made = [] if thoughts == 0 else model.think(opening, thoughts, None)[0]
    states = model.states_after(opening, thoughts, torch.tensor([cue], dtype=torch.long), None)
    logits = model.logits(states[0, -1])
    return dict(task=task, prompt=data.text_of(prompt), prompt_ids=prompt, cue=data.text_of(cue), cue_ids=cue,
                thoughts=[thought[0, 0].tolist() for thought in made], logits=logits.tolist(),
                argmax=data.VOCABULARY[int(logits.argmax())], expected=data.VOCABULARY[int(expected)])


def check_cases(model):
    """A pointer chase and a reachability question with three thoughts each, and a named rule."""
    generator = torch.Generator().manual_seed(CHECK_SEED)
    prompt, cycle = data.draw_cycles(1, data.EDGES, generator)
    walk = data.draw_walks(cycle, 1, 3, generator)[0].tolist()
    opening = prompt[0].tolist() + [data.LATENT, 3 + data.DIGIT_ZERO, walk[0]]
    cases = [check_case(model, "hop latent", opening, 3, [data.ANS], walk[3])]
    prompt, nodes = data.draw_trees(1, data.LEVELS, generator)
    root, _, candidates, answer = data.draw_reach_questions(nodes, 1, data.full(1, 3), generator)
    opening = prompt[0].tolist() + [data.LATENT, 3 + data.DIGIT_ZERO, int(root)]
    cases.append(check_case(model, "reach latent", opening, 3, [data.ANS] + candidates[0].tolist(), answer))
    ids, letters, _, rule, _ = data.draw_rule_prompts(data.load_rules(), 1, generator)
    opening = ids[0, :2 + 2 * 8].tolist() + [data.COT, int(letters[0, 8])]
    cases.append(check_case(model, "rules cot", opening, 0, [], rule + data.RULE_ZERO))
    return cases


def export_model(model, out):
    """Write the folder."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    write_safetensors(out / "model.safetensors", llama_tensors(model))
    with torch.no_grad():
        cases = check_cases(model)
    files = {"config.json": configuration(model.shape), "tokenizer.json": tokenizer(),
             "tokenizer_config.json": tokenizer_configuration(model.shape),
             "generation_config.json": dict(do_sample=False, **TOKEN_ROLES)}
    for name, content in files.items():
        (out / name).write_text(json.dumps(content, indent=1) + "\n")
    (out / "check.json").write_text(json.dumps(cases) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Export a checkpoint as a Hugging Face Llama folder.")
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    options = parser.parse_args()
    model = Nano()
    model.load_state_dict(torch.load(options.checkpoint)["model"])
    export_model(model.eval(), options.out)


if __name__ == "__main__":
    main()
