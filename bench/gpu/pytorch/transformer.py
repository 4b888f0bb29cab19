"""Open-MAGVIT2's autoregressive transformer in plain PyTorch (docs/model.md), with the names of its checkpoints."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class TransformerConfig:
    dim: int
    heads: int
    layers: int
    factorized: int
    bits: tuple = (6, 12)
    grid: int = 16
    classes: int = 1000


TRANSFORMERS = {
    "AR_256_B": TransformerConfig(1024, 16, 24, 2),
    "AR_256_L": TransformerConfig(1280, 20, 36, 3),
    "AR_256_XL": TransformerConfig(1536, 24, 48, 4),
}
SMALL_TRANSFORMERS = {
    name: TransformerConfig(64, 4, 1 + i, 1, (3, 4), 4, 10) for i, name in enumerate(TRANSFORMERS)
}


def attend(q, k, v, causal):
    """Attention of [R,heads,T,d] over [R,heads,P,d]."""
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores[0, 0]).triu(1) > 0, float("-inf"))
    return scores.softmax(-1) @ v


def rope_table(grid, head_dim):
    """Cosines and sines [1 + grid², d/2, 2] for pairs of adjacent elements: rows, then columns. The first row is zero."""
    half = head_dim // 2
    turns = 10000.0 ** (-torch.arange(0, half, 2).float() / half)
    place = torch.arange(grid).float()[:, None] * turns
    angles = torch.cat((place[:, None].expand(grid, grid, -1), place[None].expand(grid, grid, -1)), -1)
    table = torch.stack((angles.cos(), angles.sin()), -1).flatten(0, 1)
    return torch.cat((torch.zeros_like(table[:1]), table))


def rotate(x, table):
    """Turns x [R,T,heads,d] by table [T,d/2,2]."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = table[:, None].unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2).type_as(x)


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-5)).type_as(x) * self.weight


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.wqkv, self.wo = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim, bias=False)

    def forward(self, x, table, cache, position):
        length = x.shape[1]
        q, k, v = self.wqkv(x).unflatten(-1, (3, self.heads, -1)).unbind(2)
        turns = table[position : position + length]
        q, k, v = (t.transpose(1, 2) for t in (rotate(q, turns), rotate(k, turns), v))
        if cache is not None:
            keys, values = cache
            keys[:, :, position : position + length] = k
            values[:, :, position : position + length] = v
            k, v = keys[:, :, : position + length], values[:, :, : position + length]
        return self.wo(attend(q, k, v, causal=length > 1).transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        hidden = -(-(8 * dim // 3) // 256) * 256
        self.w1, self.w3 = nn.Linear(dim, hidden, bias=False), nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.attention_norm, self.attention = RMSNorm(dim), Attention(dim, heads)
        self.ffn_norm, self.feed_forward = RMSNorm(dim), FeedForward(dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, table, cache=None, position=0):
        h = x + self.drop(self.attention(self.attention_norm(x), table, cache, position))
        return h + self.drop(self.feed_forward(self.ffn_norm(h)))


class Transformer(nn.Module):
    def __init__(self, config, dropout=0.1):
        super().__init__()
        self.config, (pre, post) = config, [2**b for b in config.bits]
        self.pre_emb, self.post_emb = nn.Embedding(pre, config.dim), nn.Embedding(post, config.dim)
        self.class_emb = nn.ModuleDict({"embedding_table": nn.Embedding(config.classes + 1, config.dim)})
        blocks = lambda count: nn.ModuleList(Block(config.dim, config.heads, dropout) for _ in range(count))
        self.spatial_blocks, self.factorized_blocks = blocks(config.layers), blocks(config.factorized)
        self.norm, self.drop = RMSNorm(config.dim), nn.Dropout(dropout)
        self.head = nn.ModuleList(nn.Linear(config.dim, codes, bias=False) for codes in (pre, post))
        self.register_buffer("table", rope_table(config.grid, config.dim // config.heads), persistent=False)

    def class_embedding(self, classes):
        return self.class_emb["embedding_table"](classes)

    def forward(self, classes, pre, post):
        """Teacher-forced logits [N,P,2^b0] and [N,P,2^b1] of tokens [N,P]."""
        table = self.table.float()
        earlier = self.pre_emb(pre[:, :-1]) + self.post_emb(post[:, :-1])
        x = self.drop(torch.cat((self.class_embedding(classes)[:, None], earlier), 1))
        for block in self.spatial_blocks:
            x = block(x, table)
        pairs = torch.stack((x.flatten(0, 1), self.pre_emb(pre).flatten(0, 1)), 1)
        for block in self.factorized_blocks:
            pairs = block(pairs, table)
        pairs = self.norm(pairs)
        return [head(pairs[:, i]).unflatten(0, pre.shape) for i, head in enumerate(self.head)]

    def caches(self, rows):
        """Keys and values of all positions for each block."""
        weight, (dim, heads, grid) = self.head[0].weight, (self.config.dim, self.config.heads, self.config.grid)
        make = lambda positions: weight.new_zeros(2, rows, heads, positions, dim // heads)
        return ([make(grid**2) for _ in self.spatial_blocks], [make(2) for _ in self.factorized_blocks])

    def token(self, x, position, caches, draw):
        """
        Both sub-tokens [n] at a position whose input is x [2n,D]: the rows of the condition, then those without. `draw(logits, i)`
        draws sub-token i from the logits of both.
        """
        table, (spatial, factorized) = self.table, caches
        x = x[:, None]
        for block, cache in zip(self.spatial_blocks, spatial):
            x = block(x, table, cache, position)
        drawn = []
        for i, head in enumerate(self.head):
            for block, cache in zip(self.factorized_blocks, factorized):
                x = block(x, table, cache, i)
            drawn.append(draw(head(self.norm(x[:, 0])), i))
            if i == 0:
                x = self.pre_emb(drawn[0].repeat(2))[:, None]
        return drawn


def guided(logits, scale):
    condition, without = logits.float().chunk(2)
    return without + scale * (condition - without)


def sample(logits, temperature, top_k, top_p):
    """Draws [n] from logits [n,V] by top-k, then top-p."""
    logits = logits / temperature
    least = logits.topk(min(top_k, logits.shape[1])).values[:, -1:]
    logits = logits.masked_fill(logits < least, float("-inf"))
    ordered, order = logits.sort(descending=True)
    shares = ordered.softmax(-1)
    dropped = shares.cumsum(-1) - shares > top_p
    logits = logits.masked_fill(dropped.scatter(1, order, dropped), float("-inf"))
    return logits.softmax(-1).multinomial(1)[:, 0]
