"""Drawn problems as structure and text, for the test that TypeScript and torch write the same prompts.

Usage: samples.py [--out samples.json]
Format: a JSON list of {task, mode, shots?, problem, prompt, thoughts, cot, cue, answer}; prompt is the text
given to the model, thoughts the number of latent steps or null, cot the written steps without `<ans>` or null
(in reachability the two nodes of a level may come in either order; problem.frontier has the levels), cue the
text given after thinking unless the prompt has it.
Source: the generators of data.py with a fixed seed.
"""
import argparse
import json
import pathlib

import torch

import data
from data import text_of

SAMPLES_PER_MODE = 12
SEED = 42
SAMPLES_FILE = pathlib.Path(__file__).resolve().parent / "samples.json"
MODES = ("direct", "icl", "cot", "latent")


def words(ids):
    """Token ids as a list of tokens."""
    return text_of(ids).split()


def edges_of(prompt):
    """The edges [[u, v], ...] of a prompt `<bos> task u v u v ...`, in written order."""
    tokens = words(prompt[2:])
    return [tokens[i:i + 2] for i in range(0, len(tokens), 2)]


def entry(task, mode, problem, prompt, answer, thoughts=None, cot=None, cue="", shots=None):
    """One sample; shots is named only in the mode with solved questions."""
    sample = dict(task=task, mode=mode)
    if shots is not None:
        sample["shots"] = shots
    sample.update(problem=problem, prompt=prompt, thoughts=thoughts, cot=cot, cue=cue, answer=answer)
    return sample


def hop_sample(mode, index, generator):
    """One pointer-chase sample; hops and shots run through their ranges with the index."""
    hops, shots = index % data.MAX_HOPS + 1, index % (data.GRAPH_SHOTS + 1)
    prompt, cycle = data.draw_cycles(1, data.EDGES, generator)
    starts, answers = data.draw_hop_shots(cycle, data.full(1, hops), generator)
    kept = slice(data.GRAPH_SHOTS - shots, None) if mode == "icl" else slice(data.GRAPH_SHOTS, None)
    starts, answers = starts[:, kept], answers[:, kept]
    letters, asked, solved = words(cycle[0]), words(starts[0]), words(answers[0])
    problem = dict(hops=hops, cycle=letters, edges=edges_of(prompt[0]), start=asked[-1], answer=solved[-1],
                   shots=[dict(start=x, answer=y) for x, y in zip(asked[:-1], solved[:-1])])
    graph = text_of(prompt[0])
    if mode == "icl":
        question = text_of(data.hop_icl_ids(data.full(1, hops), starts, answers)[0, :-1])
        return entry("pointer-chase", mode, problem, f"{graph} {question}", solved[-1], shots=shots)
    opening = f"{graph} <{mode}> {hops} {asked[-1]}"
    if mode == "direct":
        return entry("pointer-chase", mode, problem, f"{opening} <ans>", solved[-1])
    if mode == "latent":
        return entry("pointer-chase", mode, problem, opening, solved[-1], thoughts=hops, cue="<ans>")
    place = letters.index(asked[-1])
    chain = [letters[(place + step) % data.EDGES] for step in range(1, hops + 1)]
    return entry("pointer-chase", mode, problem, opening, solved[-1], cot=" ".join(chain), cue="<ans>")


def tree_levels(nodes):
    """A tree's letters as [[root], [level 1], ...]."""
    letters = words(nodes)
    return [letters[:1]] + [letters[i:i + data.WIDTH] for i in range(1, len(letters), data.WIDTH)]


def reach_sample(mode, index, generator):
    """One reachability sample; depth and shots run through their ranges with the index."""
    depth, shots = index % data.LEVELS + 1, index % (data.GRAPH_SHOTS + 1)
    prompt, nodes = data.draw_trees(1, data.LEVELS, generator)
    drawn = data.draw_reach_shots(nodes, data.full(1, depth), generator)
    first = data.GRAPH_SHOTS - (shots if mode == "icl" else 0)
    depths, roots, candidates, answers = (field[:, first:] for field in drawn)
    trees = [tree_levels(nodes[0, side]) for side in range(2)]
    asked, solved, pairs = words(roots[0]), words(answers[0]), [words(pair) for pair in candidates[0]]
    own = trees[0] if trees[0][0][0] == asked[-1] else trees[1]
    frontier = own[1:depth + 1]
    problem = dict(depth=depth, trees=trees, edges=edges_of(prompt[0]), root=asked[-1], candidates=pairs[-1],
                   frontier=frontier, answer=solved[-1],
                   shots=[dict(depth=int(h), root=r, candidates=c, answer=y)
                          for h, r, c, y in zip(depths[0, :-1], asked, pairs, solved)])
    graph, cue = text_of(prompt[0]), " ".join(["<ans>"] + pairs[-1])
    if mode == "icl":
        question = text_of(data.reach_icl_ids(depths, roots, candidates, answers)[0, :-1])
        return entry("reachability", mode, problem, f"{graph} {question}", solved[-1], shots=shots)
    opening = f"{graph} <{mode}> {depth} {asked[-1]}"
    if mode == "direct":
        return entry("reachability", mode, problem, f"{opening} {cue}", solved[-1])
    if mode == "latent":
        return entry("reachability", mode, problem, opening, solved[-1], thoughts=depth, cue=cue)
    return entry("reachability", mode, problem, opening, solved[-1],
                 cot=" ".join(node for level in frontier for node in level), cue=cue)


def rules_sample(mode, index, generator):
    """One hidden-rules sample; shots run through 0..11 with the index."""
    shots = 0 if mode == "direct" else index % data.RULE_PAIRS
    ids, letters, labels, rule, table = data.draw_rule_prompts(data.load_rules(), 1, generator)
    query, answer = words(letters[0])[shots], str(int(labels[0, shots]))
    pairs = [[x, str(int(y))] for x, y in zip(words(letters[0]), labels[0])][:shots]
    problem = dict(rule=int(rule), table=table[0].tolist(), shots=pairs, query=query, answer=answer)
    prefix = text_of(ids[0, :2 + 2 * shots])
    if mode in ("direct", "icl"):
        return entry("rules", mode, problem, f"{prefix} {query}", answer, shots=shots)
    opening = f"{prefix} <{mode}> {query}"
    if mode == "latent":
        thoughts = index % (data.RULE_MAX_THOUGHTS + 1)
        return entry("rules", mode, problem, opening, answer, thoughts=thoughts, cue="<ans>", shots=shots)
    return entry("rules", mode, problem, opening, answer, cot=f"<r{int(rule)}>", cue="<ans>", shots=shots)


def draw_samples():
    """All samples, the same on every call."""
    generator = torch.Generator().manual_seed(SEED)
    return [draw(mode, index, generator) for draw in (hop_sample, reach_sample, rules_sample)
            for mode in MODES for index in range(SAMPLES_PER_MODE)]


def samples_text():
    """The file's content, one sample per line."""
    lines = [json.dumps(sample) for sample in draw_samples()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main():
    parser = argparse.ArgumentParser(description="Write samples.json.")
    parser.add_argument("--out", default=SAMPLES_FILE)
    pathlib.Path(parser.parse_args().out).write_text(samples_text())


if __name__ == "__main__":
    main()
