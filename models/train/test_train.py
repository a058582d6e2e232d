"""Tests of the training program: run as a script, one line per test, exit code 1 if one fails.

Format: plain asserts. Source: the invariants are those README.md claims for the tasks.
"""
import pathlib
import sys
import tempfile

import torch

import data
import samples
from data import BAR
from export import export_model, llama_tensors, read_safetensors, load_llama
from model import Nano, round_to_int4
from train import GRAPH_EDGES, Trainer, parse_options

BATCH = 400


def seeded(seed=7):
    """A fresh generator."""
    return torch.Generator().manual_seed(seed)


def fresh_model(seed=3):
    """A Nano with random weights."""
    torch.manual_seed(seed)
    return Nano().eval()


def in_folder(test):
    """Run a test with the path of a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return test(pathlib.Path(folder))


def test_training_reduces_the_loss():
    """Forty steps of the first curriculum on pointer chase."""
    def body(folder):
        trainer = Trainer(parse_options(["--out", str(folder)]))
        losses = [loss for task, loss in (trainer.train_step() for _ in range(45)) if task == "hop"]
        first, last = sum(losses[:5]) / 5, sum(losses[-5:]) / 5
        assert last < 0.7 * first, \
            f"loss: expected below {0.7 * first:.2f}, got {last:.2f}; check the gradients"
    in_folder(body)


def test_every_task_trains_at_the_last_stage():
    """All losses are finite and all weights get a gradient."""
    def body(folder):
        trainer = Trainer(parse_options(["--out", str(folder)]))
        trainer.curriculum.start_complete()
        for measure in (trainer.hop_step, trainer.reach_step, trainer.rules_step):
            trainer.optimizer.zero_grad(set_to_none=True)
            loss = measure()
            loss.backward()
            assert torch.isfinite(loss)
            assert all(parameter.grad is not None for parameter in trainer.model.parameters())
    in_folder(body)


def test_resume_continues_the_same_run():
    """Three steps at once equal two steps, a checkpoint, and one step."""
    def body(folder):
        whole = Trainer(parse_options(["--out", str(folder)]))
        for _ in range(2):
            whole.train_step()
        whole.save()
        resumed = Trainer(parse_options(["--out", str(folder)]))
        resumed.load(folder / "checkpoint.pt")
        assert whole.train_step() == resumed.train_step()
        assert torch.equal(whole.model.head.weight, resumed.model.head.weight)
    in_folder(body)


def test_cache_equals_full_reading():
    """Reading in two parts, and several questions side by side, equals reading each at once."""
    model, ids = fresh_model(), torch.randint(0, 64, (4, 20), generator=seeded())
    with torch.no_grad():
        whole, _ = model.read(ids)
        _, cache = model.read(ids[:, :12])
        rest, _ = model.read(ids[:, 12:], cache)
        assert (whole[:, 12:] - rest).abs().max() < 1e-4
        cut, _ = model.read(ids[:, 8:], cache.cut(8))
        assert (whole[:, 8:] - cut).abs().max() < 1e-4
        questions = torch.randint(0, 64, (12, 6), generator=seeded(8))
        for thoughts in (0, 3):
            together = model.states_after(questions[:, :3], thoughts, questions[:, 3:], cache, 3)
            prefix = ids[:, :12].repeat_interleave(3, 0)
            opening = torch.cat([prefix, questions[:, :3]], 1)
            alone = model.states_after(opening, thoughts, questions[:, 3:], None)
            assert (together - alone).abs().max() < 1e-4


def test_a_cycle_visits_every_node_once():
    """Sixteen edges, out-degree and in-degree one, one cycle."""
    for edges in GRAPH_EDGES:
        prompt, cycle = data.draw_cycles(50, edges, seeded())
        for row, order in zip(prompt, cycle):
            successor = dict(zip(row[2::2].tolist(), row[3::2].tolist()))
            assert len(successor) == len(set(successor.values())) == edges
            walk = [int(order[0])]
            for _ in range(edges):
                walk.append(successor[walk[-1]])
            assert walk[:-1] == order.tolist() and walk[-1] == walk[0]


def test_hop_shots_never_repeat_a_start():
    """The query's start is no shot's start, and all answers are right."""
    hops = torch.randint(1, data.MAX_HOPS + 1, (BATCH,), generator=seeded())
    _, cycle = data.draw_cycles(BATCH, data.EDGES, seeded())
    starts, answers = data.draw_hop_shots(cycle, hops, seeded(9))
    assert all(len(set(row)) == len(row) for row in starts.tolist())
    for order, count, x, y in zip(cycle.tolist(), hops.tolist(), starts.tolist(), answers.tolist()):
        assert y == [order[(order.index(start) + count) % data.EDGES] for start in x]
    ids = data.hop_icl_ids(hops, starts, answers)
    assert (ids[:, 5::5] == BAR).all() and torch.equal(ids[:, 4::5], answers)


def test_in_degree_tells_nothing_in_reachability():
    """Every node but the roots is the target of one edge, in both trees."""
    prompt, nodes = data.draw_trees(BATCH, data.LEVELS, seeded())
    for row, trees in zip(prompt, nodes):
        targets = sorted(row[3::2].tolist())
        assert targets == sorted(trees[:, 1:].flatten().tolist())


def test_reach_answers_lie_below_the_root():
    """Walking the edges from the root reaches the answer at the asked depth, not the other candidate."""
    prompt, nodes = data.draw_trees(BATCH, data.LEVELS, seeded())
    depth = torch.randint(1, data.LEVELS + 1, (BATCH,), generator=seeded())
    root, frontier, candidates, answer = data.draw_reach_questions(nodes, 1, depth, seeded(9))
    for i in range(BATCH):
        layer = {int(root[i])}
        for level in range(int(depth[i])):
            layer = {v for u, v in zip(prompt[i, 2::2].tolist(), prompt[i, 3::2].tolist()) if u in layer}
            assert layer == set(frontier[i, 2 * level:2 * level + 2].tolist())
        assert layer & set(candidates[i].tolist()) == {int(answer[i])}


def test_reach_candidate_position_is_balanced():
    """The right candidate is first in half of the questions, alone and with shots."""
    depth = torch.randint(1, data.LEVELS + 1, (4000,), generator=seeded())
    _, nodes = data.draw_trees(4000, data.LEVELS, seeded())
    _, _, candidates, answer = data.draw_reach_questions(nodes, 1, depth, seeded(9))
    _, _, pairs, answers = data.draw_reach_shots(nodes, depth, seeded(9))
    for share in ((candidates[:, 0] == answer).float().mean(), (pairs[..., 0] == answers).float().mean()):
        assert abs(share - 0.5) < 0.03


def test_reach_candidates_never_appear_in_shots():
    """All candidates of one prompt differ, the query has the asked depth, answers hang from their roots."""
    depth = torch.randint(1, data.LEVELS + 1, (BATCH,), generator=seeded())
    _, nodes = data.draw_trees(BATCH, data.LEVELS, seeded())
    depths, roots, candidates, answers = data.draw_reach_shots(nodes, depth, seeded(9))
    assert torch.equal(depths[:, -1], depth)
    for i in range(BATCH):
        flat = candidates[i].flatten().tolist()
        assert len(set(flat)) == len(flat)
        tree = {int(trees[0]): trees[1:].view(data.LEVELS, data.WIDTH).tolist() for trees in nodes[i]}
        for h, r, y in zip(depths[i].tolist(), roots[i].tolist(), answers[i].tolist()):
            assert y in tree[r][h - 1]


def test_rules_are_the_fixed_tables():
    """Labels follow the named rule, letters are distinct, a fresh rule is redrawn."""
    tables = data.load_rules()
    _, letters, labels, rule, _ = data.draw_rule_prompts(tables, BATCH, seeded())
    assert torch.equal(tables[rule].gather(1, letters), labels)
    assert all(len(set(row)) == data.RULE_PAIRS for row in letters.tolist())
    _, letters, labels, rule, _ = data.draw_rule_prompts(tables, BATCH, seeded(), redrawn=1.0)
    agreement = (tables[rule].gather(1, letters) == labels).float().mean()
    assert abs(agreement - 0.25) < 0.05


def test_export_round_trip_keeps_the_logits():
    """Export, read back into another model: the same logits, and the embedding is sqrt(d) times the head."""
    def body(folder):
        model, ids = fresh_model(), torch.randint(0, 64, (2, 30), generator=seeded())
        export_model(model, folder)
        tensors = read_safetensors(folder / "model.safetensors")
        assert set(tensors) == set(llama_tensors(model))
        assert torch.allclose(tensors["model.embed_tokens.weight"], tensors["lm_head.weight"] * 96 ** 0.5)
        back = fresh_model(seed=4)
        load_llama(back, tensors)
        with torch.no_grad():
            assert torch.equal(model.logits(model.read(ids)[0]), back.logits(back.read(ids)[0]))
    in_folder(body)


def test_int4_rounding_commutes_with_a_factor():
    """So the shared matrix may be rounded once for embedding and head; and 15 values per block suffice."""
    weight = torch.randn(8, 96, generator=seeded())
    assert torch.allclose(round_to_int4(weight) * 4.0, round_to_int4(weight * 4.0))
    assert max(len(set(block.tolist())) for block in round_to_int4(weight).view(-1, 32)) <= 15


def test_vocabulary_has_64_tokens_in_the_documented_order():
    """Ids as README.md lists them."""
    assert len(data.VOCABULARY) == len(set(data.VOCABULARY)) == 64
    ids = [data.TOKEN_ID[token] for token in ("a", "0", "<pad>", "<unk>", "<r0>", "<r15>")]
    assert ids == [0, 26, 36, 47, 48, 63]


def test_samples_file_is_up_to_date():
    """The generators still write samples.json."""
    assert samples.SAMPLES_FILE.read_text() == samples.samples_text(), \
        "samples.json: expected what samples.py writes, got other text; run samples.py"


def main():
    torch.set_num_threads(1)
    tests = [(name, value) for name, value in globals().items() if name.startswith("test_")]
    failed = 0
    for name, test in tests:
        try:
            test()
            print(f"ok   {name}")
        except Exception as error:
            failed += 1
            print(f"FAIL {name}: {type(error).__name__}: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
