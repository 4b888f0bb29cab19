"""Digests of the pictures of a folder as Pillow reads them, for `deno task test:corpus FOLDER`.

python3 corpus.py FOLDER > FOLDER/digests.txt

Each line is a digest and a path. The digest is the SHA-256 of "WIDTHxHEIGHT" and the RGB bytes of the first frame: turned upright
by EXIF, on white, 16 bits cut to 8, colour profiles ignored. It is "refused" where Pillow raises an error.
"""
import hashlib, pathlib, sys, warnings
from PIL import Image, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = None


def rgb_of(image):
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        high = 0 if image.mode == "I;16B" else 1
        return Image.frombytes("L", image.size, image.tobytes()[high::2]).convert("RGB")
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        return Image.composite(image.convert("RGB"), white, image.getchannel("A"))
    return image.convert("RGB")


def digest(path):
    try:
        with Image.open(path, formats=["PNG", "JPEG", "WEBP"]) as image:
            rgb = rgb_of(image)
    except Exception:
        return "refused"
    return hashlib.sha256(f"{rgb.width}x{rgb.height}".encode() + rgb.tobytes()).hexdigest()


folder = pathlib.Path(sys.argv[1])
for path in sorted(folder.rglob("*")):
    if path.suffix.lower() in (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"):
        print(digest(path), path.relative_to(folder).as_posix())
