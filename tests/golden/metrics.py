"""Writes metrics.json: what NumPy makes of two pictures' likeness, window by window. Run beside it with python3 -P.

SSIM by its definition: windows of 7×7, variances and covariance by np.cov with n − 1, K1 0.01, K2 0.03, data range 1.
"""
import json
import numpy as np

def picture(width, height, seed):
    i = np.arange(width * height * 3, dtype=np.int64)
    smooth = 128 + 90 * np.sin(i / (seed * 11.0)) + 30 * np.cos(i / 3.0)
    return np.clip(np.floor(smooth), 0, 255).astype(np.uint8).reshape(height, width, 3)

def ssim(a, b):
    a, b, values = a / 255.0, b / 255.0, []
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    for channel in range(3):
        for y in range(a.shape[0] - 6):
            for x in range(a.shape[1] - 6):
                p = a[y:y + 7, x:x + 7, channel].ravel()
                q = b[y:y + 7, x:x + 7, channel].ravel()
                (vp, cov), (_, vq) = np.cov(p, q)
                mp, mq = p.mean(), q.mean()
                values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp ** 2 + mq ** 2 + c1) * (vp + vq + c2)))
    return float(np.mean(values))

def gradient(a):
    a = a.astype(np.float64)
    dx, dy = a[:-1, 1:] - a[:-1, :-1], a[1:, :-1] - a[:-1, :-1]
    return float(np.sqrt(dx ** 2 + dy ** 2).mean())

cases = []
for width, height in [(7, 7), (20, 13), (64, 48)]:
    a, b = picture(width, height, 1), picture(width, height, 2)
    cases.append({"width": width, "height": height, "sums": [int(a.sum()), int(b.sum())], "ssim": ssim(a, b), "gradient": gradient(a)})
json.dump(cases, open("metrics.json", "w"), indent=1)
