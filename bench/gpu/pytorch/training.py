"""Training steps of the tokenizer and the transformer in plain PyTorch (docs/model.md)."""

import torch
import torch.nn.functional as F
from torch import nn


class PatchGan(nn.Module):
    def __init__(self, ndf=64, layers=3):
        super().__init__()
        conv = lambda inputs, outputs, stride, bias: nn.Conv2d(inputs, outputs, 4, stride, 1, bias=bias)
        widths = [ndf * min(2**i, 8) for i in range(layers + 1)]
        parts = [conv(3, ndf, 2, True), nn.LeakyReLU(0.2)]
        for i in range(1, layers + 1):
            stride = 2 if i < layers else 1
            parts += [conv(widths[i - 1], widths[i], stride, False), nn.BatchNorm2d(widths[i]), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*parts, conv(widths[-1], 1, 1, True))

    def forward(self, x):
        return self.main(x)


class Lpips(nn.Module):
    """The perceptual distance [N] of images in [-1,1], by VGG16's features after each of five slices."""

    slices = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))

    def __init__(self):
        super().__init__()
        self.net, self.lin, inputs = nn.ModuleList(), nn.ModuleList(), 3
        for i, (channels, count) in enumerate(self.slices):
            parts = [nn.MaxPool2d(2)] if i else []
            for _ in range(count):
                parts += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
                inputs = channels
            self.net.append(nn.Sequential(*parts))
            self.lin.append(nn.Conv2d(channels, 1, 1, bias=False))
            self.lin[-1].weight.data.abs_()
        constants = torch.tensor(((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))
        self.register_buffer("constants", constants, persistent=False)

    def forward(self, x, y):
        shift, scale = self.constants[:, None, :, None, None]
        x, y, distance = (x - shift) / scale, (y - shift) / scale, 0
        unit = lambda h: h / (h.square().sum(1, keepdim=True).add(1e-24).sqrt() + 1e-10)
        for part, weights in zip(self.net, self.lin):
            x, y = part(x), part(y)
            distance = distance + weights((unit(x) - unit(y)).square()).mean((1, 2, 3))
        return distance


def half_codes(z):
    """The probability of each code of the bits z [N,b], by log-sigmoids: [N,2^b]."""
    count = z.shape[1]
    codes = torch.arange(2**count, device=z.device)[:, None] >> torch.arange(count, device=z.device) & 1
    codes = codes.type_as(z)
    return (F.logsigmoid(z) @ codes.T + F.logsigmoid(-z) @ (1 - codes).T).exp()


def code_losses(z):
    """The entropies by sample and of the codebook, and the commitment, of latents [N,bits,h,w], in float32."""
    codes = (z > 0).float() * 2 - 1
    commitment = (z.float() - codes).square().mean()
    with torch.autocast(z.device.type, enabled=False):
        z = 4 / 0.01 * z.float().permute(0, 2, 3, 1).flatten(0, 2)
        sample = -(z.sigmoid() * F.logsigmoid(z) + (-z).sigmoid() * F.logsigmoid(-z)).sum(1).mean()
        half = z.shape[1] // 2
        mean = half_codes(z[:, :half]).T @ half_codes(z[:, half:]) / len(z)
        codebook = -(mean * (mean + 1e-5).log()).sum()
    return sample, codebook, commitment


class TokenizerTraining:
    """L1, LPIPS, the adversarial loss, entropy and commitment; then the discriminator's hinge loss with LeCam; Adam; averages."""

    def __init__(self, tokenizer, discriminator, perceptual, learning_rate=1e-4):
        self.tokenizer, self.discriminator, self.perceptual = tokenizer, discriminator, perceptual
        adam = lambda module: torch.optim.Adam(module.parameters(), learning_rate, (0.5, 0.9))
        self.optimizers = [adam(tokenizer), adam(discriminator)]
        self.parameters = [*tokenizer.parameters(), *discriminator.parameters()]
        self.averages = [p.detach().clone() for p in self.parameters]
        self.lecam = torch.zeros(2, device=self.parameters[0].device)
        if perceptual:
            perceptual.requires_grad_(False)

    def generator_step(self, x):
        z = self.tokenizer.encoder(x)
        codes = (z > 0).type_as(z) * 2 - 1
        fake = self.tokenizer.decoder(z + (codes - z).detach())
        nll = (x - fake).abs().mean() + (self.perceptual(x, fake).mean() if self.perceptual else 0)
        adversarial = 0.1 * F.softplus(-self.discriminator(fake).float().mean((1, 2, 3))).mean()
        sample, codebook, commitment = code_losses(z)
        total = nll + adversarial + 0.1 * (sample - codebook) + 0.25 * commitment
        logs = dict(total_loss=total, nll_loss=nll, g_loss=adversarial, per_sample_entropy=sample)
        return fake.detach(), total, dict(logs, codebook_entropy=codebook, commit_loss=commitment)

    def discriminator_step(self, x, fake):
        real, fake = self.discriminator(x).float(), self.discriminator(fake).float()
        self.lecam = 0.999 * self.lecam + 0.001 * torch.stack((real.mean(), fake.mean())).detach()
        lecam = (real - self.lecam[1]).relu().square().mean() + (self.lecam[0] - fake).relu().square().mean()
        hinge = ((1 - real).relu().mean() + (1 + fake).relu().mean()) / 2
        return hinge + 0.05 * lecam, lecam

    def step(self, x, bf16=False):
        ours, theirs = self.optimizers
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            fake, loss, logs = self.generator_step(x)
        self.update(ours, loss)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            loss, lecam = self.discriminator_step(x, fake)
        self.update(theirs, loss)
        with torch.no_grad():
            torch._foreach_mul_(self.averages, 0.999)
            torch._foreach_add_(self.averages, self.parameters, alpha=0.001)
        return dict(logs, disc_loss=loss, lecam_loss=lecam)

    def update(self, optimizer, loss):
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


class TransformerTraining:
    """Both cross-entropies, with dropout of the class; gradients clipped to 1; AdamW."""

    def __init__(self, transformer, class_dropout=0.1, decay_all=True):
        self.transformer, self.class_dropout = transformer, class_dropout
        groups = [[p for p in transformer.parameters() if (p.dim() > 1) == matrix] for matrix in (True, False)]
        decays = (0.05, 0.05 if decay_all else 0.0)
        self.optimizer = torch.optim.AdamW(
            [dict(params=group, weight_decay=decay) for group, decay in zip(groups, decays)], 3e-4, (0.9, 0.95)
        )

    def step(self, classes, pre, post, bf16=False):
        model = self.transformer
        dropped = torch.rand(classes.shape, device=classes.device) < self.class_dropout
        with torch.autocast(classes.device.type, torch.bfloat16, enabled=bf16):
            logits = model(torch.where(dropped, model.config.classes, classes), pre, post)
            losses = [F.cross_entropy(l.flatten(0, 1), t.flatten()) for l, t in zip(logits, (pre, post))]
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.optimizer.step()
        return dict(loss_pre=losses[0], loss_post=losses[1], grad_norm=norm)
