"""Every number that is claimed about nano, measured on fresh samples.

Usage: evaluate.py MODEL [--samples 2000] [--seed 20000] [--out evaluation.json]; MODEL is a folder with
model.safetensors (Hugging Face names) or a checkpoint.pt. Chains are generated freely and greedily.
Format: JSON; an entry of a list is the row for 0, 1, 2 ... thoughts or shots, as its name says.
Source: latent steps after Hao et al. 2024 (Coconut); the logit lens is the softmax of the head over all 64
tokens, applied to a thought; int4 is symmetric round-to-nearest, blocks of 32.
"""
import argparse
import datetime
import hashlib
import json
import pathlib

import torch

import data
from data import ANS, COT, DIGIT_ZERO, DIRECT, LATENT, RULE_ZERO, WIDTH
from export import load_llama, read_safetensors
from model import Nano, round_to_int4

CHUNK = 250                # samples per batch
REDRAWN = (0.25, 0.5, 1.0)
NOISES = (0.2, 0.5, 1.0)   # in units of the thought's norm


def load_model(path):
    """A Nano from a Hugging Face folder or from a training checkpoint."""
    path, model = pathlib.Path(path), Nano()
    if path.suffix == ".pt":
        model.load_state_dict(torch.load(path)["model"])
    else:
        load_llama(model, read_safetensors(path / "model.safetensors"))
    return model.eval()


def int4_model(model):
    """A copy with all matrices rounded. The exported embedding is sqrt(d) times the head, and the rounding
    commutes with that factor, so rounding the shared matrix is rounding both."""
    copy = Nano(model.shape).eval()
    copy.load_state_dict(model.state_dict())
    with torch.no_grad():
        for parameter in copy.parameters():
            if parameter.ndim == 2:
                parameter.copy_(round_to_int4(parameter))
    return copy


def mean_over_chunks(measure, samples, seed):
    """Mean of a measure that maps (count, generator) to a dict of tensors [count, ...]."""
    generator, totals = torch.Generator().manual_seed(seed), {}
    for begin in range(0, samples, CHUNK):
        count = min(CHUNK, samples - begin)
        for name, value in measure(count, generator).items():
            totals[name] = totals.get(name, 0) + value.double().sum(0)
    return {name: rounded(total / samples) for name, total in totals.items()}


def rounded(value):
    """A tensor as nested lists of four decimals."""
    return [rounded(v) for v in value] if value.ndim else round(value.item(), 4)


def predicted(model, states, place):
    """The most likely token at one place of every row."""
    return model.logits(states[:, place]).argmax(1)


def generate(model, opening, steps, cache):
    """Greedy tokens [n, steps] after the opening, and the cache without the last of them."""
    states, cache = model.read(opening, cache)
    tokens = [predicted(model, states, -1)]
    for _ in range(steps - 1):
        states, cache = model.read(tokens[-1][:, None], cache)
        tokens.append(predicted(model, states, -1))
    return torch.stack(tokens, 1), cache


def answers_after_thoughts(model, opening, text, cache, most):
    """Answers after 0..most thoughts and the text, [n, most + 1], and the list of thoughts [n, 1, size]."""
    columns = [predicted(model, model.states_after(opening, 0, text, cache), -1)]
    states, cache = model.read(opening, cache)
    thought, thoughts = states[:, -1:], []
    for _ in range(most):
        thoughts.append(thought)
        states, _ = model.run(torch.cat([thought, model.embed(text)], 1), cache)
        columns.append(predicted(model, states, -1))
        thought, cache = model.run(thought, cache)
    return torch.stack(columns, 1), thoughts


def lens(model, thought):
    """Logit lens of a thought [n, 1, size]: probabilities [n, 64]."""
    return model.logits(thought[:, 0]).softmax(1)


# Controls on thoughts --------------------------------------------------------------------------------------

def control_changes(model, generator):
    """The changes applied to every thought before it is fed: name -> function of a thought [n, 1, size]."""
    def noise(amount):
        def change(thought):
            direction = torch.randn(thought.shape, generator=generator)
            return thought + amount * thought.norm(dim=2, keepdim=True) * unit(direction)
        return change

    def unit(vector):
        return vector / vector.norm(dim=2, keepdim=True)

    def random_same_norm(thought):
        direction = torch.randn(thought.shape, generator=generator)
        return unit(direction) * thought.norm(dim=2, keepdim=True)

    changes = dict(raw=lambda thought: thought,
                   argmax_embedding=lambda thought: model.embed(model.logits(thought).argmax(2)),
                   random_same_norm=random_same_norm,
                   swapped=lambda thought: thought.roll(1, 0))
    changes.update({f"noise_{amount}": noise(amount) for amount in NOISES})
    return changes


def answers_with_change(model, opening, text, cache, thoughts, change):
    """Answers when every thought is changed before it is fed."""
    states, cache = model.read(opening, cache)
    thought = change(states[:, -1:])
    for _ in range(thoughts - 1):
        states, cache = model.run(thought, cache)
        thought = change(states)
    states, _ = model.run(torch.cat([thought, model.embed(text)], 1), cache)
    return predicted(model, states, -1)


# Pointer chase ---------------------------------------------------------------------------------------------

def hop_measure(model, hops):
    """All modes of the pointer chase at one number of hops."""
    def measure(count, generator):
        prompt, cycle = data.draw_cycles(count, data.EDGES, generator)
        walk = data.draw_walks(cycle, 1, hops, generator)
        answer, digit = walk[:, hops], data.full(count, hops + DIGIT_ZERO)
        cue = data.full(count, ANS)[:, None]
        opening = {mode: torch.stack([data.full(count, mode), digit, walk[:, 0]], 1)
                   for mode in (DIRECT, COT, LATENT)}
        _, cache = model.read(prompt)
        direct = predicted(model, model.states_after(opening[DIRECT], 0, cue, cache), -1)
        chain, _ = generate(model, opening[COT], data.MAX_HOPS + 2, cache)
        chain_answer = after_first_cue(chain)
        latent, _ = answers_after_thoughts(model, opening[LATENT], cue, cache, data.MAX_HOPS + 1)
        starts, answers = data.draw_hop_shots(cycle, data.full(count, hops), generator)
        shots = data.hop_icl_ids(data.full(count, hops), starts, answers)
        states = model.states_after(shots[:, :1], 0, shots[:, 1:], cache)
        exact = (chain[:, :hops] == walk[:, 1:]).all(1) & (chain[:, hops] == ANS) & (chain_answer == answer)
        return dict(direct=direct == answer, cot=chain_answer == answer, cot_exact=exact,
                    latent_by_thoughts=latent == answer[:, None],
                    icl_by_shots=model.logits(states[:, 3::5]).argmax(2) == answers)
    return measure


def after_first_cue(tokens):
    """The token after the first `<ans>` of every row; <pad> where there is none before the last place."""
    is_cue = tokens[:, :-1] == ANS
    place = is_cue.float().argmax(1)
    token = tokens.gather(1, place[:, None] + 1)[:, 0]
    return torch.where(is_cue.any(1), token, torch.full_like(token, data.PAD))


def hop_controls(model, hops):
    """Answers with changed thoughts, as many as hops; and the lens of each thought on its own node."""
    def measure(count, generator):
        prompt, cycle = data.draw_cycles(count, data.EDGES, generator)
        walk = data.draw_walks(cycle, 1, hops, generator)
        opening = torch.stack([data.full(count, LATENT), data.full(count, hops + DIGIT_ZERO), walk[:, 0]], 1)
        cue = data.full(count, ANS)[:, None]
        _, cache = model.read(prompt)
        result = {name: answers_with_change(model, opening, cue, cache, hops, change) == walk[:, hops]
                  for name, change in control_changes(model, generator).items()}
        _, thoughts = answers_after_thoughts(model, opening, cue, cache, hops)
        mass = [lens(model, thought).gather(1, walk[:, c:c + 1])[:, 0]
                for c, thought in enumerate(thoughts, 1)]
        result["lens_own_node_by_thought"] = torch.stack(mass, 1)
        return result
    return measure


# Late-query reachability -----------------------------------------------------------------------------------

def reach_question(count, depth, generator):
    """A prompt with one question: prompt, nodes, root, frontier, answer and the cue `<ans> c1 c2`."""
    prompt, nodes = data.draw_trees(count, data.LEVELS, generator)
    depths = data.full(count, depth)
    root, frontier, candidates, answer = data.draw_reach_questions(nodes, 1, depths, generator)
    return prompt, nodes, root, frontier, answer, torch.cat([data.full(count, ANS)[:, None], candidates], 1)


def reach_measure(model, depth):
    """All modes of reachability at one depth."""
    def measure(count, generator):
        prompt, nodes, root, frontier, answer, cue = reach_question(count, depth, generator)
        digit = data.full(count, depth + DIGIT_ZERO)
        opening = {mode: torch.stack([data.full(count, mode), digit, root], 1)
                   for mode in (DIRECT, COT, LATENT)}
        _, cache = model.read(prompt)
        direct = predicted(model, model.states_after(opening[DIRECT], 0, cue, cache), -1)
        # The chain is generated freely; the task then gives the cue, so its own <ans> is only checked.
        chain, grown = generate(model, opening[COT], depth * WIDTH + 1, cache)
        states, _ = model.read(cue, grown)
        written = chain[:, :-1].view(count, depth, WIDTH).sort(2)[0]
        levels = frontier[:, :depth * WIDTH].view(count, depth, WIDTH).sort(2)[0]
        latent, _ = answers_after_thoughts(model, opening[LATENT], cue, cache, data.LEVELS + 1)
        return dict(direct=direct == answer, cot=predicted(model, states, -1) == answer,
                    cot_exact=(written == levels).all(2).all(1), cot_emits_cue=chain[:, -1] == ANS,
                    latent_by_thoughts=latent == answer[:, None],
                    icl_by_shots=reach_shots_right(model, nodes, depth, cache, generator))
    return measure


def reach_shots_right(model, nodes, depth, cache, generator):
    """Whether the query is answered after 0..4 solved questions, [n, 5]."""
    count = len(nodes)
    drawn = data.draw_reach_shots(nodes, data.full(count, depth), generator)
    columns = []
    for shots in range(data.GRAPH_SHOTS + 1):
        ids = data.reach_icl_ids(*(field[:, data.GRAPH_SHOTS - shots:] for field in drawn))
        states, _ = model.read(ids[:, :-1], cache)
        columns.append(predicted(model, states, -1) == ids[:, -1])
    return torch.stack(columns, 1)


def reach_controls(model, depth):
    """Answers with changed thoughts, as many as levels; and the lens of each thought on every level."""
    def measure(count, generator):
        prompt, _, root, frontier, answer, cue = reach_question(count, depth, generator)
        opening = torch.stack([data.full(count, LATENT), data.full(count, depth + DIGIT_ZERO), root], 1)
        _, cache = model.read(prompt)
        result = {name: answers_with_change(model, opening, cue, cache, depth, change) == answer
                  for name, change in control_changes(model, generator).items()}
        _, thoughts = answers_after_thoughts(model, opening, cue, cache, depth)
        probability = torch.stack([lens(model, thought) for thought in thoughts], 1)     # [n, depth, 64]
        node = probability.gather(2, frontier[:, None].expand(-1, depth, -1))
        node = node.view(count, depth, data.LEVELS, WIDTH)
        own = node[:, torch.arange(depth), torch.arange(depth)]                          # [n, depth, WIDTH]
        from_root = probability.gather(2, root[:, None, None].expand(-1, depth, 1))[:, :, 0]
        others = probability[:, :, :26].sum(2) - node.sum((2, 3)) - from_root
        result.update(lens_mass_by_thought_and_level=node.sum(3), lens_frontier_mass_by_thought=own.sum(2),
                      lens_lesser_share_by_thought=own.amin(2) / own.sum(2).clamp(min=1e-9),
                      lens_root_by_thought=from_root, lens_other_letters_by_thought=others)
        return result
    return measure


# Hidden rules ----------------------------------------------------------------------------------------------

def rules_measure(model, tables, redrawn):
    """The in-context curve over 0..11 shots. Entry 0 is also the mode direct (no shots: the prior)."""
    def measure(count, generator):
        ids, _, labels, _, _ = data.draw_rule_prompts(tables, count, generator, redrawn)
        states, _ = model.read(ids[:, :-1])
        return dict(icl_by_shots=model.logits(states[:, 2::2]).argmax(2) == labels + DIGIT_ZERO)
    return measure


def rules_thinking_measure(model, tables):
    """Named rules and thoughts after 0..11 shots."""
    def measure(count, generator):
        ids, letters, labels, rule, _ = data.draw_rule_prompts(tables, count, generator)
        _, whole = model.read(ids[:, :-1])
        cot, named, latent = [], [], []
        cue = data.full(count, ANS)[:, None]
        for shots in range(data.RULE_PAIRS):
            prefix, answer = whole.cut(2 + 2 * shots), labels[:, shots] + DIGIT_ZERO
            opening = {mode: torch.stack([data.full(count, mode), letters[:, shots]], 1)
                       for mode in (COT, LATENT)}
            chain, _ = generate(model, opening[COT], 3, prefix)
            cot.append((chain[:, 1] == ANS) & (chain[:, 2] == answer))
            named.append(chain[:, 0] == rule + RULE_ZERO)
            answers, _ = answers_after_thoughts(model, opening[LATENT], cue, prefix, data.RULE_MAX_THOUGHTS)
            latent.append(answers == answer[:, None])
        return dict(cot_by_shots=torch.stack(cot, 1), rule_named_by_shots=torch.stack(named, 1),
                    latent_by_thoughts_and_shots=torch.stack(latent, 2))
    return measure


def bayes_curve(tables, samples, seed, redrawn):
    """The exact Bayes curve on the same prompts as the in-context curve."""
    generator, total = torch.Generator().manual_seed(seed), 0
    for begin in range(0, samples, CHUNK):
        count = min(CHUNK, samples - begin)
        _, letters, labels, _, _ = data.draw_rule_prompts(tables, count, generator, redrawn)
        total = total + count * torch.tensor(data.bayes_accuracy(tables, letters, labels))
    return rounded(total / samples)


# The report ------------------------------------------------------------------------------------------------

def answer_rows(model, samples, seed):
    """Accuracies of every task and mode."""
    tables = data.load_rules()
    rows = dict(hop={}, reach={}, rules={})
    for hops in range(1, data.MAX_HOPS + 1):
        rows["hop"][str(hops)] = mean_over_chunks(hop_measure(model, hops), samples, seed + hops)
    for depth in range(1, data.LEVELS + 1):
        rows["reach"][str(depth)] = mean_over_chunks(reach_measure(model, depth), samples, seed + 10 + depth)
    for redrawn in (0.0,) + REDRAWN:
        name = f"redrawn_{redrawn}" if redrawn else "same_rules"
        rows["rules"][name] = mean_over_chunks(rules_measure(model, tables, redrawn), samples, seed + 20)
        rows["rules"][name]["bayes_by_shots"] = bayes_curve(tables, samples, seed + 20, redrawn)
    thinking = mean_over_chunks(rules_thinking_measure(model, tables), samples, seed + 20)
    rows["rules"]["same_rules"].update(thinking)
    return rows


def control_rows(model, samples, seed):
    """Changed thoughts and the logit lens."""
    hop = {str(k): mean_over_chunks(hop_controls(model, k), samples, seed + 30 + k)
           for k in range(1, data.MAX_HOPS + 1)}
    reach = {str(h): mean_over_chunks(reach_controls(model, h), samples, seed + 40 + h)
             for h in range(1, data.LEVELS + 1)}
    return dict(hop=hop, reach=reach)


def mastered(rows):
    """The accuracies nano is expected to hold: one-step answers, chains, enough thoughts, the sixteen rules.

    Rows at chance are left out, because there a difference is only the draw.
    """
    values = {}
    for task in ("hop", "reach"):
        for steps, row in rows[task].items():
            values[f"{task} {steps} cot"] = row["cot"]
            for thoughts, value in enumerate(row["latent_by_thoughts"]):
                if thoughts >= int(steps):
                    values[f"{task} {steps} latent {thoughts}"] = value
        values[f"{task} 1 direct"] = rows[task]["1"]["direct"]
        values.update({f"{task} 1 icl {shots}": value
                       for shots, value in enumerate(rows[task]["1"]["icl_by_shots"])})
    rules = rows["rules"]["same_rules"]
    for shots in range(data.RULE_PAIRS):
        values[f"rules icl {shots}"] = rules["icl_by_shots"][shots]
        values[f"rules cot {shots}"] = rules["cot_by_shots"][shots]
        for thoughts, by_shots in enumerate(rules["latent_by_thoughts_and_shots"]):
            values[f"rules latent {thoughts} shots {shots}"] = by_shots[shots]
    return values


def largest_loss(rows, rounded_rows):
    """The mastered row that loses most by rounding, and how much."""
    before, after = mastered(rows), mastered(rounded_rows)
    row = max(before, key=lambda name: before[name] - after[name])
    return dict(row=row, float32=before[row], int4=after[row], loss=round(before[row] - after[row], 4))


def main():
    parser = argparse.ArgumentParser(description="Evaluate nano.")
    parser.add_argument("model")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20000)
    parser.add_argument("--out", default="evaluation.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    model, path = load_model(options.model), pathlib.Path(options.model)
    weights = path if path.suffix == ".pt" else path / "model.safetensors"
    report = dict(samples_per_cell=options.samples, seed=options.seed,
                  weights_sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
                  date=datetime.date.today().isoformat(),
                  chance=dict(hop=round(1 / (data.EDGES - 1), 4), reach=0.5, rules=0.25))
    report["float32"] = answer_rows(model, options.samples, options.seed)
    report["controls"] = control_rows(model, options.samples, options.seed)
    report["int4"] = answer_rows(int4_model(model), options.samples, options.seed)
    report["int4_largest_loss"] = largest_loss(report["float32"], report["int4"])
    pathlib.Path(options.out).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
