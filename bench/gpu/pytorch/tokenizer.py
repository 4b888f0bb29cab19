"""Open-MAGVIT2's image tokenizer in plain PyTorch (docs/model.md), with the names of its checkpoints. Tensors are N C H W."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class TokenizerConfig:
    ch: int
    ch_mult: tuple
    blocks: int = 4
    bits: int = 18


TOKENIZERS = {
    "imagenet_256_L": TokenizerConfig(128, (1, 1, 2, 2, 4)),
    "imagenet_128_L": TokenizerConfig(128, (1, 2, 2, 4)),
}
SMALL_TOKENIZERS = {
    "imagenet_256_L": TokenizerConfig(32, (1, 1, 2), 1, 10),
    "imagenet_128_L": TokenizerConfig(32, (1, 2), 1, 10),
}


def conv3(inputs, outputs, bias, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=bias)


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv3(inputs, outputs, bias=False)
        self.norm2, self.conv2 = norm(outputs), conv3(outputs, outputs, bias=False)
        if inputs != outputs:
            self.nin_shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


def res_blocks(count, inputs, outputs):
    return nn.Sequential(*(ResBlock(outputs if i else inputs, outputs) for i in range(count)))


class Encoder(nn.Module):
    """Images [N,3,H,W] in [-1,1] to latents [N,bits,H/f,W/f]."""

    def __init__(self, config):
        super().__init__()
        widths = [config.ch * m for m in config.ch_mult]
        self.conv_in = conv3(3, config.ch, bias=False)
        self.down = nn.ModuleList()
        for i, width in enumerate(widths):
            level = nn.Module()
            level.block = res_blocks(config.blocks, widths[i - 1] if i else config.ch, width)
            if i < len(widths) - 1:
                level.downsample = conv3(width, width, bias=True, stride=2)
            self.down.append(level)
        self.mid_block = res_blocks(config.blocks, widths[-1], widths[-1])
        self.norm_out = norm(widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], config.bits, 1)

    def forward(self, x):
        h = self.conv_in(x)
        for level in self.down:
            h = level.block(h)
            if hasattr(level, "downsample"):
                h = level.downsample(h)
        return self.conv_out(F.silu(self.norm_out(self.mid_block(h))))


class AdaptiveNorm(nn.Module):
    """Scale and shift come from deviation and mean of each channel of the codes z."""

    def __init__(self, bits, channels):
        super().__init__()
        self.gamma, self.beta = nn.Linear(bits, channels), nn.Linear(bits, channels)

    def forward(self, x, z):
        deviation, mean = (z.flatten(2).var(2) + 1e-6).sqrt(), z.flatten(2).mean(2)
        scale, shift = self.gamma(deviation), self.beta(mean)
        return F.group_norm(x, 32, eps=1e-6) * scale[:, :, None, None] + shift[:, :, None, None]


def depth_to_space(x):
    """out[c, 2h+a, 2w+b] = in[(2a+b)C + c, h, w], in the memory format of x."""
    n, channels, height, width = x.shape
    blocks = x.view(n, 2, 2, channels // 4, height, width)
    if not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        wide = blocks.permute(0, 4, 1, 5, 2, 3).reshape(n, 2 * height, 2 * width, channels // 4)
        return wide.permute(0, 3, 1, 2)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, channels // 4, 2 * height, 2 * width)


class Decoder(nn.Module):
    """Codes [N,bits,h,w] of ±1 to images [N,3,hf,wf]."""

    def __init__(self, config):
        super().__init__()
        widths = [config.ch * m for m in config.ch_mult]
        self.conv_in = conv3(config.bits, widths[-1], bias=True)
        self.mid_block = res_blocks(config.blocks, widths[-1], widths[-1])
        self.up, self.adaptive = nn.ModuleList(), nn.ModuleList()
        for i, width in enumerate(widths):
            entering = widths[min(i + 1, len(widths) - 1)]
            level = nn.Module()
            level.block = res_blocks(config.blocks, entering, width)
            if i:
                level.upsample = nn.ModuleDict({"conv1": conv3(width, 4 * width, bias=True)})
            self.up.append(level)
            self.adaptive.append(AdaptiveNorm(config.bits, entering))
        self.norm_out = norm(widths[0])
        self.conv_out = conv3(widths[0], 3, bias=True)

    def forward(self, z):
        h = self.mid_block(self.conv_in(z))
        for level, adaptive in zip(reversed(self.up), reversed(self.adaptive)):
            h = level.block(adaptive(h, z))
            if hasattr(level, "upsample"):
                h = depth_to_space(level.upsample["conv1"](h))
        return self.conv_out(F.silu(self.norm_out(h)))


class Tokenizer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.bits = config.bits
        self.factor = 2 ** (len(config.ch_mult) - 1)
        self.encoder, self.decoder = Encoder(config), Decoder(config)
        self.register_buffer("places", 2 ** torch.arange(config.bits), persistent=False)

    def tokens(self, z):
        """The bits of z > 0, channel 0 the least significant: [N,h,w]."""
        return ((z > 0) * self.places[:, None, None]).sum(1)

    def encode(self, x):
        return self.tokens(self.encoder(x))

    def decode(self, tokens):
        bits = (tokens[:, None] & self.places[:, None, None]) != 0
        codes = bits.to(self.decoder.conv_in.weight.dtype) * 2 - 1
        return self.decoder(codes)
