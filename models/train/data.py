"""The three kinds of question, drawn in torch, and the vocabulary they are written in.

Format: README.md, section "Text formats" (64 tokens, ids in the order of VOCABULARY).
Source: pointer chase and late-query reachability follow the p-hop and graph-search tasks of the latent
reasoning literature; the hidden rules are the sixteen tables of models/nano/rules.json.
Every function takes a torch.Generator, so the same seed draws the same questions.
"""
import json
import pathlib

import torch

LETTERS = [chr(ord("a") + i) for i in range(26)]
DIGITS = [str(i) for i in range(10)]
SPECIALS = ["<pad>", "<bos>", "<hop>", "<reach>", "<icl>", "<direct>", "<cot>", "<latent>", "<ans>", "<eos>",
            "|", "<unk>"]
RULE_COUNT = 16
RULE_NAMES = [f"<r{j}>" for j in range(RULE_COUNT)]
VOCABULARY = LETTERS + DIGITS + SPECIALS + RULE_NAMES
TOKEN_ID = {token: i for i, token in enumerate(VOCABULARY)}

DIGIT_ZERO = TOKEN_ID["0"]
RULE_ZERO = TOKEN_ID["<r0>"]
PAD, BOS, HOP, REACH, ICL, DIRECT, COT, LATENT, ANS, EOS, BAR, UNK = (TOKEN_ID[t] for t in SPECIALS)

EDGES = 16            # edges of a graph
MAX_HOPS = 6          # pointer chase asks 1..6 hops
LEVELS = 4            # levels below a root in reachability
WIDTH = 2             # nodes per level
GRAPH_SHOTS = 4       # solved questions at most in the ICL mode of the two graph tasks
RULE_INPUTS = 16      # letters a..p
RULE_LABELS = 4       # labels 0..3
RULE_PAIRS = 12       # distinct letters per prompt: up to 11 shots and the query
RULE_MAX_THOUGHTS = 3
RULES_FILE = pathlib.Path(__file__).resolve().parent.parent / "nano" / "rules.json"


def text_of(ids):
    """Token ids as text: tokens separated by single spaces."""
    return " ".join(VOCABULARY[int(i)] for i in ids)


def full(count, value):
    """A vector of `count` equal ids."""
    return torch.full((count,), value, dtype=torch.long)


def random_orders(rows, length, generator):
    """One random permutation of 0..length-1 per row, [rows, length]."""
    return torch.rand(rows, length, generator=generator).argsort(1)


def edge_prompt(task, sources, targets, generator):
    """`<bos> task` and the edges in random order, [batch, 2 + 2 * edges]."""
    batch, edges = sources.shape
    order = random_orders(batch, edges, generator)
    pairs = torch.stack([sources.gather(1, order), targets.gather(1, order)], 2).reshape(batch, 2 * edges)
    return torch.cat([torch.tensor([[BOS, task]]).expand(batch, 2), pairs], 1)


# Pointer chase ---------------------------------------------------------------------------------------------

def draw_cycles(batch, edges, generator):
    """Prompts with one random cycle each. Returns prompt ids and letters in cycle order [batch, edges]."""
    cycle = random_orders(batch, 26, generator)[:, :edges]
    return edge_prompt(HOP, cycle, cycle.roll(-1, 1), generator), cycle


def draw_walks(cycle, per_prompt, longest, generator):
    """Walks from random starts, [batch * per_prompt, longest + 1]; column j is j hops from the start."""
    batch, edges = cycle.shape
    start = torch.randint(0, edges, (batch * per_prompt, 1), generator=generator)
    position = (start + torch.arange(longest + 1)) % edges
    return cycle.repeat_interleave(per_prompt, 0).gather(1, position)


def draw_hop_shots(cycle, hops, generator):
    """GRAPH_SHOTS + 1 questions per prompt with distinct starts and the same hops [batch].

    Returns starts and answers, each [batch, GRAPH_SHOTS + 1]; the last column is the query.
    """
    batch, edges = cycle.shape
    position = random_orders(batch, edges, generator)[:, :GRAPH_SHOTS + 1]
    return cycle.gather(1, position), cycle.gather(1, (position + hops[:, None]) % edges)


def hop_icl_ids(hops, starts, answers):
    """`<icl> k x1 <ans> y1 | ... k x <ans> y`, [batch, 5 * questions]; answer i is token 5 * i + 4."""
    batch, questions = starts.shape
    constant = lambda value: torch.full_like(starts, value)
    digits = hops[:, None].expand(batch, questions) + DIGIT_ZERO
    fields = [digits, starts, constant(ANS), answers, constant(BAR)]
    rows = torch.stack(fields, 2).reshape(batch, 5 * questions)
    return torch.cat([full(batch, ICL)[:, None], rows[:, :-1]], 1)


# Late-query reachability -----------------------------------------------------------------------------------

def draw_trees(batch, levels, generator):
    """Prompts with two random trees each: a root, then `levels` levels of WIDTH nodes.

    A node of level 1 hangs from the root, a deeper one from a random node of the level above, so every node
    but the roots has in-degree one. Returns prompt ids and nodes [batch, 2 trees, 1 + levels * WIDTH].
    """
    size = 1 + levels * WIDTH
    nodes = random_orders(batch, 26, generator)[:, :2 * size].view(batch, 2, size)
    parent = torch.zeros(batch, 2, size, dtype=torch.long)
    for level in range(2, levels + 1):
        above, here = 1 + (level - 2) * WIDTH, 1 + (level - 1) * WIDTH
        pick = torch.randint(0, WIDTH, (batch, 2, WIDTH), generator=generator)
        parent[:, :, here:here + WIDTH] = above + pick
    sources = nodes.gather(2, parent)[:, :, 1:].reshape(batch, -1)
    targets = nodes[:, :, 1:].reshape(batch, -1)
    return edge_prompt(REACH, sources, targets, generator), nodes


def shuffle_pairs(right, wrong, generator):
    """Candidates in random order, [..., 2], so that the position tells nothing."""
    swap = torch.rand(right.shape, generator=generator) < 0.5
    return torch.stack([torch.where(swap, wrong, right), torch.where(swap, right, wrong)], -1)


def draw_reach_questions(nodes, per_prompt, depth, generator):
    """One question per row of depth [batch * per_prompt].

    Returns root [n], frontier [n, levels * WIDTH] (level by level, random order inside a level),
    candidates [n, 2] and answer [n]. The wrong candidate is of the same level of the other tree.
    """
    batch, _, size = nodes.shape
    count, levels = batch * per_prompt, (size - 1) // WIDTH
    trees, row = nodes.repeat_interleave(per_prompt, 0), torch.arange(count)
    side = torch.randint(0, 2, (count,), generator=generator)
    own, other = trees[row, side], trees[row, 1 - side]
    order = torch.rand(count, levels, WIDTH, generator=generator).argsort(2)
    frontier = own[:, 1:].view(count, levels, WIDTH).gather(2, order).reshape(count, levels * WIDTH)
    first = 1 + (depth - 1) * WIDTH
    answer = own[row, first + torch.randint(0, WIDTH, (count,), generator=generator)]
    wrong = other[row, first + torch.randint(0, WIDTH, (count,), generator=generator)]
    return own[:, 0], frontier, shuffle_pairs(answer, wrong, generator), answer


def draw_reach_shots(nodes, depth, generator):
    """GRAPH_SHOTS + 1 questions on the same graph; the last is the query, of the given depth [batch].

    Every node is a candidate at most once, so no answer can be copied: each level is asked at most WIDTH
    times, with another node of each tree each time.
    Returns depths and roots [batch, questions], candidates [batch, questions, 2], answers [batch, questions].
    """
    batch, _, size = nodes.shape
    levels, row = (size - 1) // WIDTH, torch.arange(batch)[:, None]
    slots = random_orders(batch, levels * WIDTH, generator)       # slot = (level - 1) * WIDTH + use
    asked = (slots // WIDTH + 1) == depth[:, None]
    query = asked.float().argmax(1, keepdim=True)
    others = torch.arange(levels * WIDTH)[None] != query
    rest = slots[others].view(batch, -1)[:, :GRAPH_SHOTS]
    slots = torch.cat([rest, slots.gather(1, query)], 1)
    side = torch.randint(0, 2, slots.shape, generator=generator)
    # A random order of the nodes inside each level of each tree; slot s takes the node at place s.
    order = torch.rand(batch, 2, levels, WIDTH, generator=generator).argsort(3)
    mixed = nodes[:, :, 1:].view(batch, 2, levels, WIDTH).gather(3, order).reshape(batch, 2, -1)
    answers, wrong = mixed[row, side, slots], mixed[row, 1 - side, slots]
    roots = nodes[row, side, 0]
    return slots // WIDTH + 1, roots, shuffle_pairs(answers, wrong, generator), answers


def reach_icl_ids(depths, roots, candidates, answers):
    """`<icl> h1 r1 <ans> c1 c2 y1 | ...`, [batch, 7 * questions]; answer i is token 7 * i + 6."""
    batch, questions = depths.shape
    constant = lambda value: torch.full_like(depths, value)
    fields = [depths + DIGIT_ZERO, roots, constant(ANS), candidates[..., 0], candidates[..., 1], answers,
              constant(BAR)]
    rows = torch.stack(fields, 2).reshape(batch, 7 * questions)
    return torch.cat([full(batch, ICL)[:, None], rows[:, :-1]], 1)


# Hidden rules ----------------------------------------------------------------------------------------------

def load_rules():
    """The sixteen tables [RULE_COUNT, RULE_INPUTS] of labels; fixed data, never redrawn."""
    tables = torch.tensor(json.loads(RULES_FILE.read_text()))
    if tuple(tables.shape) != (RULE_COUNT, RULE_INPUTS):
        raise ValueError(f"rules.json: expected {RULE_COUNT} tables of {RULE_INPUTS} labels, "
                         f"got shape {tuple(tables.shape)}; restore models/nano/rules.json")
    return tables


def draw_rule_prompts(tables, batch, generator, redrawn=0.0):
    """`<bos> <icl> x1 y1 ... x12 y12` with distinct letters.

    redrawn: probability that an entry of the table is drawn anew (out of distribution; 1 = a fresh rule).
    Returns ids [batch, 2 + 24], letters and labels [batch, 12], rule [batch] and the table used [batch, 16].
    """
    rule = torch.randint(0, RULE_COUNT, (batch,), generator=generator)
    table = tables[rule]
    if redrawn > 0:
        replace = torch.rand(table.shape, generator=generator) < redrawn
        table = torch.where(replace, torch.randint(0, RULE_LABELS, table.shape, generator=generator), table)
    letters = random_orders(batch, RULE_INPUTS, generator)[:, :RULE_PAIRS]
    labels = table.gather(1, letters)
    pairs = torch.stack([letters, labels + DIGIT_ZERO], 2).reshape(batch, 2 * RULE_PAIRS)
    ids = torch.cat([torch.tensor([[BOS, ICL]]).expand(batch, 2), pairs], 1)
    return ids, letters, labels, rule, table


def bayes_accuracy(tables, letters, labels):
    """Accuracy of the exact Bayes predictor (uniform prior on the sixteen rules) after 0..11 shots.

    Scores the argmax of the posterior predictive; ties count their expected share. A mismatch keeps weight
    1e-4, so that the posterior stays defined on tables that are none of the sixteen.
    """
    batch, pairs = letters.shape
    weight = torch.ones(batch, RULE_COUNT, dtype=torch.float64)
    accuracy = []
    for shot in range(pairs):
        predicted = tables[:, letters[:, shot]].t()                                    # [batch, rules]
        mass = torch.zeros(batch, RULE_LABELS, dtype=torch.float64).scatter_add_(1, predicted, weight)
        best = mass >= mass.max(1, keepdim=True)[0] * (1 - 1e-9)
        right = best.gather(1, labels[:, shot:shot + 1])[:, 0].double() / best.sum(1)
        accuracy.append(right.mean().item())
        weight = weight * ((predicted == labels[:, shot:shot + 1]).double() + 1e-4)
    return accuracy
