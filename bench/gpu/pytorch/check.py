"""
Holds the models against the goldens of tests/golden, whose weights are computed from their names:
`python3 bench/gpu/pytorch/run.py --cpu --check tests/golden/image_tiny.safetensors`.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
import torch

from tokenizer import Tokenizer, TokenizerConfig
from training import Lpips, PatchGan, TokenizerTraining, TransformerTraining
from transformer import Transformer, TransformerConfig, guided


def hashed(name, shape, scale=1.0, offset=0.0):
    """FNV-1a of the name seeds MurmurHash3's finaliser, which mixes each element's index (tests/golden/hashed.ts)."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    h = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    h = (h ^ h >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    h = (h ^ h >> np.uint32(16)) >> np.uint32(8)
    values = offset + scale * (2 * (h / 2.0**24) - 1)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(module, prefix="", rename=lambda name: name):
    """Gives each parameter the value of its name."""
    for name, parameter in module.named_parameters():
        name, shape = prefix + rename(name), tuple(parameter.shape)
        if len(shape) > 1:
            scale = 1 if "emb" in name else math.sqrt(3 / math.prod(shape[1:]))
            parameter.data = hashed(name, shape, scale)
        else:
            parameter.data = hashed(name, shape, 0.1, float(name.endswith("weight")))
    return module


class Golden:
    def __init__(self, path):
        data = Path(path).read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        self.tensors, self.body = json.loads(data[8 : 8 + size]), data[8 + size :]
        self.metadata = self.tensors.pop("__metadata__")

    def json(self, key):
        return json.loads(self.metadata[key])

    def __getitem__(self, name):
        entry = self.tensors[name]
        begin, end = entry["data_offsets"]
        dtype = {"F32": np.float32, "I32": np.int32, "I64": np.int64}[entry["dtype"]]
        return torch.from_numpy(np.frombuffer(self.body[begin:end], dtype).reshape(entry["shape"]).copy())


def near(what, found, expected, most):
    """Fails where the squared distance over the squared length of what is expected exceeds `most`."""
    found, expected = found.double(), expected.double()
    error = float((found - expected).square().sum() / expected.square().sum())
    print(f"{what}: NMSE {error:.1e}, at most {most:.0e}", file=sys.stderr)
    if not error <= most:
        sys.exit(f"{what} differs from the golden")


def tokenizer_config(golden):
    config = golden.json("config")
    return TokenizerConfig(config["ch"], tuple(config["ch_mult"]), config["num_res_blocks"], config["z_channels"])


def check_tokenizer(golden):
    model = fill(Tokenizer(tokenizer_config(golden)))
    source = golden.json("input")
    z = model.encoder(hashed(source["name"], source["shape"]))
    near("latents", z, golden["z"], 1e-9)
    clear = (golden["z"].abs() > 1e-3).all(1)
    near("tokens", model.tokens(z)[clear], golden["tokens"][clear], 0)
    near("reconstruction", model.decode(golden["tokens"].long()), golden["reconstruction"], 1e-9)


def check_transformer(golden):
    c = golden.json("config")
    config = TransformerConfig(c["dim"], c["heads"], c["layers"], c["flayers"], c["bits"], c["grid"], c["classes"])
    model = fill(Transformer(config)).eval()
    labels = golden["labels"].long()
    parts = ("pre", "post")
    if "teacher.logits_pre" in golden.tensors:
        positions = golden["teacher.logits_pre"].shape[1]
        logits = model(labels, *(golden[part][:, :positions].long() for part in parts))
        for part, found in zip(parts, logits):
            near(f"teacher-forced {part}", found, golden[f"teacher.logits_{part}"], 1e-9)
    scales, caches, seen = golden.json("cfg_scale"), model.caches(2 * len(labels)), ([], [])

    def greedy(logits, i):
        seen[i].append(guided(logits, scales[i]))
        return seen[i][-1].argmax(-1)

    x = model.class_embedding(torch.cat((labels, torch.full_like(labels, config.classes))))
    for position in range(golden["greedy.pre"].shape[1]):
        pre, post = model.token(x, position, caches, greedy)
        x = (model.pre_emb(pre) + model.post_emb(post)).repeat(2, 1)
    for part, logits in zip(parts, seen):
        logits = torch.stack(logits, 1)
        near(f"guided {part}", logits, golden[f"greedy.guided_logits_{part}"], 1e-9)
        near(f"greedy {part}", logits.argmax(-1), golden[f"greedy.{part}"], 0)


def check_lpips(golden):
    convs = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))

    def rename(name):
        kind, level, *rest = name.split(".")
        if kind == "lin":
            return f"lin{level}.model.1.weight"
        place = int(rest[0]) // 2  # Convolutions are every second layer, after a pooling from the second slice on.
        return f"net.slice{int(level) + 1}.{convs[int(level)][place]}.{rest[1]}"

    model = fill(Lpips(), "lpips.", rename)
    for part in model.net.parameters():
        part.data *= 1.4 if part.dim() > 1 else 1
    for part in model.lin.parameters():
        part.data.abs_()
    x, y = (hashed(golden.metadata[key], golden.json("shape")) for key in "ab")
    near("LPIPS", model(x, y), golden["distance"], 1e-8)


def check_steps(golden, step):
    """Holds the logs of six steps."""
    for number, expected in enumerate(golden.json("log")):
        logs = {key: float(value.detach()) for key, value in step(number).items()}
        worst = max(logs, key=lambda key: abs(logs[key] / expected[key] - 1))
        error = abs(logs[worst] / expected[worst] - 1)
        print(f"step {number}: {len(logs)} logs within {error:.1e} ({worst}), at most 1e-3", file=sys.stderr)
        if not error <= 1e-3:
            sys.exit(f"{worst} of step {number} is {logs[worst]}, expected {expected[worst]}")


def check_tokenizer_training(golden):
    size = golden.json("discriminator")
    discriminator = fill(PatchGan(size["ndf"], size["n_layers"]), "loss.discriminator.")
    training = TokenizerTraining(fill(Tokenizer(tokenizer_config(golden))), discriminator, None, 1e-5)
    batches = golden.metadata["batches"].split("<step>")[0]
    check_steps(golden, lambda i: training.step(hashed(f"{batches}{i}", (2, 3, 32, 32))))


def check_transformer_training(golden):
    c = golden.json("config")
    bits, grid = c["factorized_bits"], math.isqrt(c["block_size"])
    config = TransformerConfig(c["dim"], c["n_head"], c["spatial_n_layer"], c["factorized_n_layer"], bits, grid, c["class_num"])
    training = TransformerTraining(fill(Transformer(config, dropout=0)), class_dropout=0, decay_all=False)
    labels = torch.tensor(golden.json("labels"))

    def step(i):
        draw = lambda part, codes: ((hashed(f"train_ar.{part}{i}", (4, 16)) * 0.5 + 0.5) * codes).floor().long()
        return training.step(labels, draw("pre", 7), draw("post", 15))

    check_steps(golden, step)


CHECKS = {
    "train_ar": check_transformer_training,
    "train_tokenizer_patchgan": check_tokenizer_training,
    "lpips": check_lpips,
    "ar_": check_transformer,
    "image": check_tokenizer,
}


def check(path):
    name = Path(path).stem
    chosen = [run for start, run in CHECKS.items() if name.startswith(start)]
    if not chosen:
        sys.exit(f"Cannot check {name}: expected a golden whose name starts with {', '.join(CHECKS)}")
    print(name, file=sys.stderr)
    with torch.set_grad_enabled(name.startswith("train")):
        chosen[0](Golden(path))
