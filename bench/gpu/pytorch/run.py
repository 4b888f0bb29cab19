"""
Times the models of this library in plain PyTorch on a CUDA device, as a peer for its own times there:

    python3 bench/gpu/pytorch/run.py [--seconds 300] [--parts encode,decode,token,…] [--modes f32,…] > times.json

Weights are random; modes are `f32` (TF32 off), `tf32` and `bf16` (weights and activations; autocast in training). Prints progress
on stderr and one JSON on stdout. Each time is a median in milliseconds, or null with the reason, such as memory or time that
did not suffice. Single convolutions and products are replayed from a CUDA graph, on weights that do not fit caches, so
that the time is the kernel's; encoder, decoder, tokens and training steps run eagerly. Where both memory formats of
images were tried, the faster counts. `--cpu --small` runs the same code with tiny models, to test it. `--check GOLDEN…`
holds the models against goldens.
"""

import argparse
import contextlib
import functools
import gc
import itertools
import json
import math
import signal
import statistics
import sys
import time

import torch
import torch.nn.functional as F

from check import check
from tokenizer import SMALL_TOKENIZERS, TOKENIZERS, Tokenizer
from training import Lpips, PatchGan, TokenizerTraining, TransformerTraining
from transformer import SMALL_TRANSFORMERS, TRANSFORMERS, Transformer, guided, sample

MODES = ("f32", "tf32", "bf16")
LAYOUTS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
PARTS = ("encode", "decode", "token", "conv", "product", "matvec", "train")
# Parameters of each whole model, by docs/model.md.
PARAMETERS = dict(
    imagenet_256_L=115_127_829, imagenet_128_L=112_021_653,
    AR_256_B=343_570_432, AR_256_L=804_362_240, AR_256_XL=1_486_679_040,
)  # fmt: skip


def log(*words):
    print(*words, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, options):
        self.options, self.times, self.counted = options, [], {}
        self.device = torch.device("cpu" if options.cpu else "cuda")
        self.deadline = time.monotonic() + options.seconds
        self.build = functools.lru_cache(1)(self.build)

    def on_device(self):
        """Makes new tensors on the device at once, where this PyTorch can."""
        return self.device if hasattr(self.device, "__enter__") else contextlib.nullcontext()

    def build(self, name, dtype):
        """The model `name`, kept for the next case."""
        transformer = name.startswith("AR")
        small, kind = self.options.small, Transformer if transformer else Tokenizer
        table = (SMALL_TRANSFORMERS if small else TRANSFORMERS) if transformer else (SMALL_TOKENIZERS if small else TOKENIZERS)
        with self.on_device():
            model = kind(table[name])
        count = sum(p.numel() for p in model.parameters())
        if name not in self.counted:
            log(f"{name}: {count:,} parameters")
            self.counted[name] = count
        if not small and count != PARAMETERS[name]:
            raise ValueError(f"{name} has {count:,} parameters, expected {PARAMETERS[name]:,}")
        return model.to(self.device, dtype)

    def random(self, shape, mode="f32"):
        return torch.randn(shape, device=self.device).to(dtype_of(mode))

    def whole(self, shape, below):
        return torch.randint(below, shape, device=self.device)

    def time(self, what, model, batch, mode, makes, **more):
        """Records the least time of what `makes` prepare, by layout: a function, or a list of functions for a CUDA graph."""
        if self.options.parts and what not in self.options.parts:
            return
        record = dict(what=what, model=model, batch=batch, mode=mode, **more, ms=None)
        self.times.append(record)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = mode == "tf32"
        for layout, make in makes.items():
            if time.monotonic() > self.deadline:
                record.setdefault("reason", "no time left")
                break
            run = None
            try:
                run = make()
                with torch.inference_mode(what != "train"):
                    ms = self.measure(run, record)
                if record["ms"] is None or ms < record["ms"]:
                    record.update(ms=ms, **({"layout": layout} if layout else {}))
            except Exception as error:  # Memory that does not suffice for one case leaves the others.
                record["reason"] = f"{type(error).__name__}: {error}".split("\n")[0][:300]
                if self.device.type == "cpu":
                    raise
                self.build.cache_clear()
            del run
            gc.collect()
            if self.device.type == "cuda":
                with contextlib.suppress(RuntimeError):
                    torch.cuda.empty_cache()
        if record["ms"] is not None and record.get("reason") != "no time left":
            record.pop("reason", None)
        log(" ".join(str(value) for value in record.values()))

    def measure(self, run, record):
        if callable(run):
            return self.median(run)
        return self.median(self.captured(run, record)) / len(run)

    def captured(self, calls, record):
        def each():
            for call in calls:
                call()

        if self.device.type == "cpu":
            return each
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                each()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                each()
            return graph.replay
        except RuntimeError as error:
            torch.cuda.synchronize()
            record["eager"] = f"no graph: {error}".split("\n")[0][:200]
            return each

    def median(self, run, seconds=1.0):
        """Milliseconds of a run, after two runs to warm up: the median of at least 3, at most 50."""
        synchronize = torch.cuda.synchronize if self.device.type == "cuda" else lambda: None
        for _ in range(2):
            synchronize()
            begin = time.monotonic()
            run()
            synchronize()
            once = time.monotonic() - begin
        count = max(3, min(50, int(seconds / max(once, 1e-6))))
        if self.device.type == "cpu":
            marks = [time.monotonic()]
            for _ in range(count):
                run()
                marks.append(time.monotonic())
            return statistics.median((b - a) * 1e3 for a, b in zip(marks, marks[1:]))
        events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
        events[0].record()
        for event in events[1:]:
            run()
            event.record()
        synchronize()
        return statistics.median(a.elapsed_time(b) for a, b in zip(events, events[1:]))


def dtype_of(mode):
    return torch.bfloat16 if mode == "bf16" else torch.float32


def by_layout(make):
    return {layout: functools.partial(make, memory) for layout, memory in LAYOUTS.items()}


def tokenizers(bench, name, mode):
    size = 32 if bench.options.small else 256

    def encode(memory):
        model = bench.build(name, dtype_of(mode)).to(memory_format=memory)
        x = (bench.random((1, 3, size, size), mode) / 2).to(memory_format=memory)
        return lambda: model.encode(x)

    def decode(memory):
        model = bench.build(name, dtype_of(mode)).to(memory_format=memory)
        tokens = bench.whole((1, size // model.factor, size // model.factor), 2**model.bits)
        return lambda: model.decode(tokens)

    bench.time("encode", name, 1, mode, by_layout(encode), size=size)
    bench.time("decode", name, 1, mode, by_layout(decode), size=size)


def tokens(bench, name, images, mode):
    def make():
        model = bench.build(name, dtype_of(mode)).eval()
        pre, post = (bench.whole((images,), 2**bits) for bits in model.config.bits)
        position, caches = model.config.grid**2 // 2, model.caches(2 * images)
        for cache in itertools.chain(*caches):
            cache.normal_()
        draw = lambda logits, _: sample(guided(logits, 4.0), temperature=1.0, top_k=2000, top_p=0.96)
        return lambda: model.token((model.pre_emb(pre) + model.post_emb(post)).repeat(2, 1), position, caches, draw)

    bench.time("token", name, images, mode, {"": make})


def copies(bench, *shapes):
    """As many operands of a kind as exceed a device's caches."""
    bytes_each = 4 * sum(map(math.prod, shapes))
    return 2 if bench.options.small else max(4, min(64, math.ceil(2**28 / bytes_each)))


def convolution(bench, channels, side, mode):
    if bench.options.small:
        channels, side = channels // 16, side // 16

    def make(memory):
        shapes = (1, channels, side, side), (channels, channels, 3, 3)
        operands = [
            [bench.random(shape, mode).to(memory_format=memory) for shape in shapes] for _ in range(copies(bench, *shapes))
        ]
        return [functools.partial(F.conv2d, x, weight, padding=1) for x, weight in operands]

    bench.time("conv", f"{channels}@{side}", 1, mode, by_layout(make))


def product(bench, what, inputs, outputs, rows, mode):
    if bench.options.small:
        inputs, outputs = inputs // 16, outputs // 16

    def make():
        shapes = (rows, inputs), (outputs, inputs)
        operands = [[bench.random(shape, mode) for shape in shapes] for _ in range(copies(bench, *shapes))]
        return [functools.partial(F.linear, *pair) for pair in operands]

    bench.time(what, f"{inputs}x{outputs}", rows, mode, {"": make})


def tokenizer_training(bench, size, mode):
    small, name = bench.options.small, "imagenet_256_L"
    batch, size = (2, size // 4) if small else (8, size)

    def make(memory):
        bench.build.cache_clear()
        with bench.on_device():
            others = PatchGan(8 if small else 64), Lpips()
        modules = [module.to(bench.device, memory_format=memory) for module in (bench.build(name, torch.float32), *others)]
        bench.build.cache_clear()
        training = TokenizerTraining(*modules)
        x = (bench.random((batch, 3, size, size)) / 2).to(memory_format=memory)
        return lambda: training.step(x, mode == "bf16")

    bench.time("train", name, batch, mode, by_layout(make), size=size)


def transformer_training(bench, mode):
    name, batch = "AR_256_B", 2 if bench.options.small else 8

    def make():
        model = bench.build(name, torch.float32).train()
        bench.build.cache_clear()
        training, config = TransformerTraining(model), model.config
        pre, post = (bench.whole((batch, config.grid**2), 2**bits) for bits in config.bits)
        classes = bench.whole((batch,), config.classes)
        return lambda: training.step(classes, pre, post, mode == "bf16")

    bench.time("train", name, batch, mode, {"": make})


def everything(bench):
    """All cases, mode by mode, the most important first; the largest come last in all modes."""
    modes = bench.options.modes or MODES
    for mode in modes:
        for name in TOKENIZERS:
            tokenizers(bench, name, mode)
        for images in (1, 8, 32):
            tokens(bench, "AR_256_B", images, mode)
        for channels, side in [(512, 16), (256, 32), (256, 64), (128, 128), (128, 256)]:
            convolution(bench, channels, side, mode)
        tokenizer_training(bench, 128, mode)
        transformer_training(bench, mode)
        widths = [(1024, 1024), (1024, 2816), (2816, 1024), (1024, 3072)]
        for what, counts in (("product", (64, 8 * 257)), ("matvec", (1, 2, 16))):
            for (inputs, outputs), rows in itertools.product(widths, counts):
                product(bench, what, inputs, outputs, rows, mode)
    for mode in modes:
        tokenizer_training(bench, 256, mode)
    for name, mode, images in itertools.product(("AR_256_L", "AR_256_XL"), modes, (1, 8, 32)):
        tokens(bench, name, images, mode)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="no case begins later (default 300)")
    parser.add_argument("--parts", type=lambda text: text.split(","), help=f"some of {','.join(PARTS)}; default all")
    parser.add_argument("--modes", type=lambda text: text.split(","), help=f"some of {','.join(MODES)}; default all")
    parser.add_argument("--cpu", action="store_true", help="on the processor, with --small")
    parser.add_argument("--small", action="store_true", help="tiny models")
    parser.add_argument("--check", nargs="+", metavar="GOLDEN", help="compare with goldens on the processor, time nothing")
    options = parser.parse_args()
    for option, given, known in (("--parts", options.parts, PARTS), ("--modes", options.modes, MODES)):
        if unknown := set(given or ()) - set(known):
            parser.error(f"{option}: expected some of {','.join(known)}, got {','.join(sorted(unknown))}")
    if options.check:
        for golden in options.check:
            check(golden)
        return
    if options.cpu and not options.small:
        parser.error("--cpu takes too long with whole models: add --small")
    if not options.cpu and not torch.cuda.is_available():
        sys.exit("No CUDA device: run where PyTorch sees one, or with --cpu --small")
    torch.backends.cudnn.benchmark = True
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(options)
    name = "cpu" if options.cpu else torch.cuda.get_device_name()
    log(f"{name}, PyTorch {torch.__version__}")
    try:
        everything(bench)
    finally:
        print(json.dumps(dict(device=name, torch=torch.__version__, small=options.small, parameters=bench.counted, times=bench.times)))


if __name__ == "__main__":
    main()
