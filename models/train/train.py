"""Trains nano: three tasks, four modes, one set of weights, on one processor core.

Format: writes OUT/checkpoint.pt (weights, optimizer, curriculum, generator: enough to resume) and
OUT/log.jsonl (one row of running averages per LOG_EVERY steps, and one row per curriculum event).
Source: latent curriculum after Hao et al. 2024 (Coconut): stage c replaces the first c steps of the written
chain by c thoughts. The schedule depends on steps and stages only, so a seed gives the same run on any clock.

Each graph step reads a batch of prompts once and asks several questions of each on its cache, in every mode.
"""
import argparse
import json
import math
import pathlib
import time

import torch
import torch.nn.functional as F

import data
from data import ANS, COT, DIGIT_ZERO, DIRECT, LATENT, PAD, RULE_ZERO, WIDTH
from export import load_llama, read_safetensors
from model import Nano, round_to_int4

PROMPTS = 32               # graph prompts per step
RULE_PROMPTS = 96          # hidden-rule prompts per step
QUESTIONS = 4              # questions per graph prompt and mode
GRAPH_EDGES = [4, 8, 12, 16]
LOOKUP_DONE = 0.97         # step accuracy at which the pointer-chase graph grows
FRONTIER_DONE = 0.90       # step accuracy at which the reachability trees grow
STAGE_DONE = 0.90          # accuracy after the thoughts at which the latent stage grows
RULES_DONE = 0.90          # in-context accuracy after 11 shots at which rules get the modes cot and latent
STAGE_STEPS = 40           # own steps a stage lasts at least
FORCED_WEIGHT = 0.5        # loss weight of answers forced after any number of thoughts
SHOT_WEIGHT = 0.3          # loss weight of solved questions on graphs
WARM_STEPS = 100
LOG_EVERY = 50
ROUNDED_RATE = 0.12        # learning rate at the start of the rounded steps, as a share of the full one
MIX_GROWING = dict(hop=1.3, reach=2.4, rules=0.8)    # task weights until pointer chase is at its last stage
MIX_LAST = dict(hop=0.8, reach=3.4, rules=0.8)       # then most steps go to reachability


class Curriculum:
    """What is asked at present. Every field only grows."""

    def __init__(self):
        self.graph_size = 0        # index into GRAPH_EDGES
        self.hop_stage = 0         # thoughts of the latent stage, 0..MAX_HOPS
        self.levels = 2            # levels of the reachability trees, 2..LEVELS
        self.reach_stage = 0       # thoughts of the latent stage, 0..LEVELS
        self.rules_named = False   # hidden rules in the modes cot and latent
        self.since = dict(hop=0, reach=0)     # own steps since the last change
        self.complete_at = None    # step at which the last stages were reached

    def start_complete(self):
        """Skip the curriculum (for weights that already know the tasks)."""
        self.graph_size, self.hop_stage = len(GRAPH_EDGES) - 1, data.MAX_HOPS
        self.levels, self.reach_stage, self.rules_named = data.LEVELS, data.LEVELS, True
        self.complete_at = 0

    @property
    def edges(self):
        return GRAPH_EDGES[self.graph_size]

    @property
    def warming_up(self):
        return self.edges < data.EDGES

    @property
    def hop_done(self):
        return self.hop_stage == data.MAX_HOPS

    @property
    def complete(self):
        return self.hop_done and self.reach_stage == data.LEVELS and self.rules_named


class Averages(dict):
    """Exponential running averages by name."""

    def update_with(self, name, value):
        self[name] = value if name not in self else 0.95 * self[name] + 0.05 * value


class Trainer:
    """One training run: model, optimizer, curriculum, generator, averages."""

    def __init__(self, options):
        self.options = options
        torch.manual_seed(options.seed)
        self.generator = torch.Generator().manual_seed(1000 + options.seed)
        self.model = Nano()
        self.tables = data.load_rules()
        self.curriculum = Curriculum()
        self.averages = Averages()
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        if options.init:
            load_llama(self.model, read_safetensors(options.init))
            self.curriculum.start_complete()
        self.optimizer = self.make_optimizer()

    def make_optimizer(self):
        """AdamW; no weight decay on norms and on the shared embedding."""
        decayed, kept = [], []
        for name, parameter in self.model.named_parameters():
            (decayed if parameter.ndim == 2 and "head" not in name else kept).append(parameter)
        groups = [dict(params=decayed, weight_decay=0.05), dict(params=kept, weight_decay=0.0)]
        return torch.optim.AdamW(groups, lr=self.options.learning_rate, betas=(0.9, 0.98))

    # Learning rate and task choice -------------------------------------------------------------------------

    def learning_rate(self):
        """Warm-up, constant, then a cosine to 3 % from `hold` steps after the last stages are reached."""
        rate = self.options.learning_rate * min(1.0, (self.step + 1) / WARM_STEPS)
        if self.curriculum.complete_at is None:
            return rate
        if self.rounding():
            done = (self.step - self.decay_end()) / self.options.rounded
            return ROUNDED_RATE * rate * 0.5 * (1 + math.cos(math.pi * done))
        done = (self.step - self.curriculum.complete_at - self.options.hold) / self.options.decay
        return rate * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done)))))

    def decay_end(self):
        """The step at which the decay ends; infinite while the last stages are not reached."""
        if self.curriculum.complete_at is None:
            return math.inf
        return self.curriculum.complete_at + self.options.hold + self.options.decay

    def rounding(self):
        """Whether the decay is over and the steps for the int4 version have begun."""
        return self.step >= self.decay_end()

    def finished(self):
        """The run ends with the steps for the int4 version."""
        return self.step >= self.decay_end() + self.options.rounded

    def choose_task(self):
        """Every third step of the warm-up is rules, the others pointer chase; later by weight."""
        if self.curriculum.warming_up:
            return "rules" if self.step % 3 == 2 else "hop"
        mix = MIX_LAST if self.curriculum.hop_done else MIX_GROWING
        weights = torch.tensor(list(mix.values()))
        return list(mix)[int(torch.multinomial(weights, 1, generator=self.generator))]

    def integer(self, low, high):
        """A random integer in low..high."""
        return int(torch.randint(low, high + 1, (1,), generator=self.generator))

    def integers(self, low, high, count):
        """A vector of random integers in low..high."""
        return torch.randint(low, high + 1, (count,), generator=self.generator)

    # Shared loss pieces ------------------------------------------------------------------------------------

    def loss_on(self, states, targets):
        """Cross entropy where targets >= 0. Returns loss, predictions and targets at those places."""
        place = targets >= 0
        logits = self.model.logits(states[place])
        return F.cross_entropy(logits, targets[place]), logits.argmax(1), targets[place]

    def ask(self, opening, thoughts, text, cache, copies):
        """States after opening, thoughts and text, for `copies` questions per prompt. Counts tokens."""
        self.tokens += opening.shape[0] * (opening.shape[1] + thoughts + text.shape[1])
        return self.model.states_after(opening, thoughts, text, cache, copies)

    # Pointer chase -----------------------------------------------------------------------------------------

    def hop_step(self):
        """All modes on a batch of cycles. Returns the summed loss."""
        now, own = self.curriculum, self.averages
        prompt, cycle = data.draw_cycles(PROMPTS, now.edges, self.generator)
        _, cache = self.model.read(prompt)
        self.tokens += prompt.numel()
        if now.warming_up:
            # The written chain alone teaches the lookup; answers without steps would only slow this phase.
            return self.hop_chain(cycle, cache, 2 * QUESTIONS, COT, 0)[0]
        loss = self.hop_direct(cycle, cache) + self.hop_chain(cycle, cache, QUESTIONS, COT, 0)[0]
        latent_loss, accuracy = self.hop_chain(cycle, cache, QUESTIONS, LATENT, now.hop_stage)
        own.update_with("hop_stage", accuracy)
        loss = loss + latent_loss
        if now.hop_stage:
            if self.integer(0, 1):
                thoughts = self.integer(0, now.hop_stage)
                loss = loss + self.hop_chain(cycle, cache, QUESTIONS, LATENT, thoughts)[0]
            else:
                thoughts = self.integer(0, now.hop_stage + 1)
                loss = loss + FORCED_WEIGHT * self.hop_forced(cycle, cache, thoughts)
        if now.hop_done:
            loss = loss + SHOT_WEIGHT * self.hop_shots(cycle, cache)
        return loss

    def hop_opening(self, mode, hops, start):
        """`<mode> k x`, [n, 3]."""
        return torch.stack([data.full(len(hops), mode), hops + DIGIT_ZERO, start], 1)

    def hop_direct(self, cycle, cache):
        """The answer at once. A third of the questions asks 1 or 2 hops, where there is most to learn."""
        count = len(cycle) * QUESTIONS
        hops = self.integers(1, data.MAX_HOPS, count)
        hops[:count // 3] = self.integers(1, 2, count // 3)
        walk = data.draw_walks(cycle, QUESTIONS, data.MAX_HOPS, self.generator)
        text = data.full(count, ANS)[:, None]
        states = self.ask(self.hop_opening(DIRECT, hops, walk[:, 0]), 0, text, cache, QUESTIONS)
        logits, answer = self.model.logits(states[:, 1]), walk.gather(1, hops[:, None])[:, 0]
        right = logits.argmax(1) == answer
        self.averages.update_with("hop_direct_1", right[hops == 1].float().mean().item())
        self.averages.update_with("hop_direct_2", right[hops == 2].float().mean().item())
        return F.cross_entropy(logits, answer)

    def hop_chain(self, cycle, cache, copies, mode, thoughts):
        """Written steps after `thoughts` thoughts: n_{c+1} ... n_k <ans> y, loss on all of them.

        Returns the loss and the accuracy of the first content after the thoughts: the next node, or the
        answer where none is left. (Later tokens can be copied, so they would pass too early.)
        """
        count = len(cycle) * copies
        hops = self.integers(max(1, thoughts), data.MAX_HOPS, count)
        walk = data.draw_walks(cycle, copies, data.MAX_HOPS, self.generator)
        answer = walk.gather(1, hops[:, None])
        left = (hops - thoughts)[:, None]
        place = torch.arange(int(left.max()) + 2)[None]                # [1, T]
        node = walk.gather(1, (place + thoughts + 1).clamp(max=data.MAX_HOPS).expand(count, -1))
        written = torch.where(place < left, node, torch.full_like(node, PAD))
        written = torch.where(place == left, torch.full_like(node, ANS), written)
        written = torch.where(place == left + 1, answer.expand_as(node), written)
        targets = written.masked_fill(written == PAD, -1)
        opening = self.hop_opening(mode, hops, walk[:, 0])
        states = self.ask(opening, thoughts, written[:, :-1], cache, copies)     # [count, T, size]
        loss, predicted, wanted = self.loss_on(states, targets)
        if thoughts == 0:
            is_node = wanted < 26
            self.averages.update_with("hop_lookup", (predicted == wanted)[is_node].float().mean().item())
        first = torch.where(left[:, 0] > 0, 0, 1)
        content = self.model.logits(states[torch.arange(count), first]).argmax(1)
        return loss, (content == written[torch.arange(count), first]).float().mean().item()

    def hop_forced(self, cycle, cache, thoughts):
        """`<ans>` after any number of thoughts, so that too few are chance and too many harmless."""
        count = len(cycle) * QUESTIONS
        hops = self.integers(1, data.MAX_HOPS, count)
        walk = data.draw_walks(cycle, QUESTIONS, data.MAX_HOPS, self.generator)
        opening = self.hop_opening(LATENT, hops, walk[:, 0])
        states = self.ask(opening, thoughts, data.full(count, ANS)[:, None], cache, QUESTIONS)
        return F.cross_entropy(self.model.logits(states[:, 1]), walk.gather(1, hops[:, None])[:, 0])

    def hop_shots(self, cycle, cache):
        """Solved questions on the same graph, loss on every answer."""
        hops = self.integers(1, data.MAX_HOPS, len(cycle))
        starts, answers = data.draw_hop_shots(cycle, hops, self.generator)
        ids = data.hop_icl_ids(hops, starts, answers)
        states = self.ask(ids[:, :1], 0, ids[:, 1:], cache, 1)
        logits = self.model.logits(states[:, 3::5])                    # state i predicts token i + 1
        self.averages.update_with("hop_shots", (logits.argmax(2) == answers).float().mean().item())
        return F.cross_entropy(logits.flatten(0, 1), answers.flatten())

    # Late-query reachability -------------------------------------------------------------------------------

    def reach_step(self):
        """All modes on a batch of pairs of trees. Returns the summed loss."""
        now, own = self.curriculum, self.averages
        prompt, nodes = data.draw_trees(PROMPTS, now.levels, self.generator)
        _, cache = self.model.read(prompt)
        self.tokens += prompt.numel()
        direct_loss, accuracy = self.reach_chain(nodes, cache, DIRECT, 0, forced=True)
        own.update_with("reach_direct", accuracy)
        loss = direct_loss + self.reach_chain(nodes, cache, COT, 0)[0]
        stage = min(now.reach_stage, now.levels)
        latent_loss, accuracy = self.reach_chain(nodes, cache, LATENT, stage)
        own.update_with("reach_stage", accuracy)
        loss = loss + latent_loss
        if stage:
            if self.integer(0, 1):
                loss = loss + self.reach_chain(nodes, cache, LATENT, self.integer(0, stage))[0]
            else:
                thoughts = self.integer(0, stage + 1)
                forced_loss, _ = self.reach_chain(nodes, cache, LATENT, thoughts, forced=True)
                loss = loss + FORCED_WEIGHT * forced_loss
        if now.reach_stage == data.LEVELS:
            loss = loss + SHOT_WEIGHT * self.reach_shots(nodes, cache)
        return loss

    def reach_chain(self, nodes, cache, mode, thoughts, forced=False):
        """Levels c+1 ... h after c thoughts, `<ans>`, the candidates, the answer; loss on all but candidates.

        forced: `<ans>` right after the thoughts whatever the depth, loss on the answer only.
        Returns the loss and the accuracy of the first content after the thoughts: a node of the next level,
        or the answer where none is left.
        """
        count, levels = len(nodes) * QUESTIONS, self.curriculum.levels
        depth = self.integers(1 if forced else max(1, thoughts), levels, count)
        drawn = data.draw_reach_questions(nodes, QUESTIONS, depth, self.generator)
        root, frontier, candidates, answer = drawn
        left = (torch.zeros_like(depth) if forced else (depth - thoughts) * WIDTH)[:, None]
        place = torch.arange(int(left.max()) + 4)[None].expand(count, -1)        # [count, T]
        source = (place + thoughts * WIDTH).clamp(max=frontier.shape[1] - 1)
        written = torch.where(place < left, frontier.gather(1, source), torch.full_like(place, PAD))
        tail = torch.stack([data.full(count, ANS), candidates[:, 0], candidates[:, 1], answer], 1)
        for offset in range(4):
            written = torch.where(place == left + offset, tail[:, offset:offset + 1], written)
        wanted_place = (place == left + 3) if forced else (place <= left) | (place == left + 3)
        targets = written.masked_fill(~wanted_place, -1)
        opening = torch.stack([data.full(count, mode), depth + DIGIT_ZERO, root], 1)
        states = self.ask(opening, thoughts, written[:, :-1], cache, QUESTIONS)  # [count, T, size]
        loss, _, _ = self.loss_on(states, targets)
        row = torch.arange(count)
        answered = self.model.logits(states[row, left[:, 0] + 3]).argmax(1) == answer
        if forced:
            return loss, answered.float().mean().item()
        if thoughts == 0:
            self.reach_lookup(states, left, frontier)
        layers = frontier.view(count, levels, WIDTH)[:, min(thoughts, levels - 1)]
        first = self.model.logits(states[:, 0]).argmax(1)
        reached = (layers == first[:, None]).any(1)
        return loss, torch.where(left[:, 0] > 0, reached, answered).float().mean().item()

    def reach_lookup(self, states, left, frontier):
        """Average how often a written step names a node of the right level (the order inside is free)."""
        count, steps = frontier.shape
        predicted = self.model.logits(states[:, :steps]).argmax(2)     # [count, up to levels * WIDTH]
        width = predicted.shape[1]
        layer = frontier.view(count, -1, 1, WIDTH).expand(-1, -1, WIDTH, -1).reshape(count, steps, WIDTH)
        right = (layer[:, :width] == predicted[:, :, None]).any(2)
        asked = torch.arange(width)[None] < left
        self.averages.update_with("reach_lookup", right[asked].float().mean().item())

    def reach_shots(self, nodes, cache):
        """Solved questions on the same graph, loss on every answer."""
        depth = self.integers(1, data.LEVELS, len(nodes))
        depths, roots, candidates, answers = data.draw_reach_shots(nodes, depth, self.generator)
        ids = data.reach_icl_ids(depths, roots, candidates, answers)
        states = self.ask(ids[:, :1], 0, ids[:, 1:], cache, 1)
        logits = self.model.logits(states[:, 5::7])                    # state i predicts token i + 1
        self.averages.update_with("reach_shots", (logits.argmax(2) == answers).float().mean().item())
        return F.cross_entropy(logits.flatten(0, 1), answers.flatten())

    # Hidden rules ------------------------------------------------------------------------------------------

    def rules_step(self):
        """In-context learning on every pair; then named and thought-about rules on a slice of the cache."""
        ids, letters, labels, rule, _ = data.draw_rule_prompts(self.tables, RULE_PROMPTS, self.generator)
        states, cache = self.model.read(ids[:, :-1])
        self.tokens += ids.numel()
        logits = self.model.logits(states[:, 2::2])                    # at x_i, predicts y_i
        targets = labels + DIGIT_ZERO
        right = (logits.argmax(2) == targets).float().mean(0)
        self.averages.update_with("rules_5", right[5].item())
        self.averages.update_with("rules_11", right[11].item())
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        if self.curriculum.rules_named:
            shots = self.integer(0, data.RULE_PAIRS - 1)
            prefix = cache.cut(2 + 2 * shots)
            query, answer = letters[:, shots], targets[:, shots]
            loss = loss + self.rules_named(prefix, query, rule, answer)
            loss = loss + self.rules_latent(prefix, query, answer, self.integer(0, data.RULE_MAX_THOUGHTS))
        return loss

    def rules_named(self, prefix, query, rule, answer):
        """`<cot> x <r_j> <ans> y`, loss on the last three."""
        count = len(query)
        opening = torch.stack([data.full(count, COT), query], 1)
        written = torch.stack([rule + RULE_ZERO, data.full(count, ANS), answer], 1)
        states = self.ask(opening, 0, written[:, :-1], prefix, 1)
        loss, predicted, wanted = self.loss_on(states, written)
        self.averages.update_with("rules_cot_token", (predicted == wanted).float().mean().item())
        return loss

    def rules_latent(self, prefix, query, answer, thoughts):
        """`<latent> x`, thoughts, `<ans>`, loss on the answer."""
        count = len(query)
        opening = torch.stack([data.full(count, LATENT), query], 1)
        states = self.ask(opening, thoughts, data.full(count, ANS)[:, None], prefix, 1)
        logits = self.model.logits(states[:, 1])
        self.averages.update_with("rules_latent", (logits.argmax(1) == answer).float().mean().item())
        return F.cross_entropy(logits, answer)

    # Curriculum --------------------------------------------------------------------------------------------

    def advance(self, task):
        """Move the curriculum on when its measure is reached."""
        now, own = self.curriculum, self.averages
        if task in now.since:
            now.since[task] += 1
        enough = task in now.since and now.since[task] > STAGE_STEPS
        if task == "rules" and not now.rules_named and own["rules_11"] > RULES_DONE:
            now.rules_named = True
            self.event("rules are named and thought about")
        elif task == "hop" and enough and now.warming_up and own["hop_lookup"] > LOOKUP_DONE:
            now.graph_size += 1
            self.event(f"pointer chase on {now.edges} edges", task, "hop_lookup")
        elif task == "hop" and enough and not now.warming_up and not now.hop_done \
                and own["hop_stage"] > STAGE_DONE:
            now.hop_stage += 1
            self.event(f"pointer chase latent stage {now.hop_stage}", task, "hop_stage")
        elif task == "reach" and enough and now.levels < data.LEVELS and own["reach_lookup"] > FRONTIER_DONE:
            now.levels += 1
            self.event(f"reachability on {now.levels} levels", task, "reach_lookup")
        elif task == "reach" and enough and now.levels == data.LEVELS and now.reach_stage < data.LEVELS \
                and own["reach_stage"] > STAGE_DONE:
            now.reach_stage += 1
            self.event(f"reachability latent stage {now.reach_stage}", task, "reach_stage")
        if now.complete and now.complete_at is None:
            now.complete_at = self.step
            self.event("all last stages reached, decay follows")

    def event(self, text, task=None, measure=None):
        """Record a curriculum change; its measure starts again from zero."""
        if task:
            self.curriculum.since[task] = 0
            self.averages[measure] = 0.0
        self.write_log(dict(step=self.step, minutes=round(self.seconds / 60, 2), event=text))

    # The loop ----------------------------------------------------------------------------------------------

    def train_step(self):
        """One task, one update. Returns the task and its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        task = self.choose_task()
        measure = dict(hop=self.hop_step, reach=self.reach_step, rules=self.rules_step)[task]
        self.optimizer.zero_grad()
        if self.rounding() and self.integer(0, 1):
            loss = self.rounded_gradient(measure)
        else:
            loss = measure()
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.averages.update_with("loss_" + task, loss.item())
        self.advance(task)
        self.step += 1
        return task, loss.item()

    def rounded_gradient(self, measure):
        """Loss and gradient at the int4 weights, applied to the full ones (straight-through estimator).

        Only every second step or so is rounded, so that the float32 weights keep their accuracy as well.
        """
        matrices = [parameter for parameter in self.model.parameters() if parameter.ndim == 2]
        kept = [matrix.detach().clone() for matrix in matrices]
        with torch.no_grad():
            for matrix in matrices:
                matrix.copy_(round_to_int4(matrix))
        loss = measure()
        loss.backward()
        with torch.no_grad():
            for matrix, full in zip(matrices, kept):
                matrix.copy_(full)
        return loss

    def run(self):
        """Train until the schedule ends."""
        begun = time.time() - self.seconds
        while not self.finished():
            self.train_step()
            self.seconds = time.time() - begun
            if self.step % LOG_EVERY == 0:
                self.log_averages()
            if self.step % (4 * LOG_EVERY) == 0:
                self.save()
        self.log_averages()
        self.save()

    def log_averages(self):
        """One row of running averages."""
        row = dict(step=self.step, minutes=round(self.seconds / 60, 2), tokens=self.tokens,
                   learning_rate=round(self.learning_rate(), 6))
        row.update({name: round(value, 3) for name, value in self.averages.items()})
        self.write_log(row)

    def write_log(self, row):
        with open(pathlib.Path(self.options.out) / "log.jsonl", "a") as file:
            file.write(json.dumps(row) + "\n")

    def save(self):
        """Everything needed to go on. Written aside first, so that a stop never leaves half a file."""
        target = pathlib.Path(self.options.out) / "checkpoint.pt"
        torch.save(dict(model=self.model.state_dict(), optimizer=self.optimizer.state_dict(),
                        curriculum=vars(self.curriculum), averages=dict(self.averages),
                        generator=self.generator.get_state(), step=self.step, tokens=self.tokens,
                        seconds=self.seconds, options=vars(self.options)), str(target) + ".new")
        pathlib.Path(str(target) + ".new").replace(target)

    def load(self, path):
        """Continue from a checkpoint."""
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        vars(self.curriculum).update(state["curriculum"])
        self.averages.update(state["averages"])
        self.generator.set_state(state["generator"])
        self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="Train nano.")
    parser.add_argument("--out", required=True, help="folder for checkpoint.pt and log.jsonl")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=2.5e-3)
    parser.add_argument("--hold", type=int, default=1000, help="steps at full rate after the last stages")
    parser.add_argument("--decay", type=int, default=4000, help="steps of the cosine at the end")
    parser.add_argument("--rounded", type=int, default=0, help="further steps, half of them at int4 weights")
    parser.add_argument("--init", help="model.safetensors to fine-tune; skips the curriculum")
    parser.add_argument("--resume", help="checkpoint.pt to continue")
    return parser.parse_args(arguments)


def main():
    options = parse_options()
    torch.set_num_threads(1)
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    trainer = Trainer(options)
    if options.resume:
        trainer.load(options.resume)
    trainer.run()


if __name__ == "__main__":
    main()
