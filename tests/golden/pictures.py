"""Makes pictures/*.jpg and *.webp beside it, but those of other programs: kinds that are rare, by Pillow."""
import io, struct
from PIL import Image, ImageOps

out = "pictures/"
smooth = Image.frombytes("RGB", (6, 5), bytes((i * i * 31 + i * 17) & 255 for i in range(90))).resize((45, 37), Image.BICUBIC)
cmyk = Image.merge("CMYK", [*smooth.split(), smooth.convert("L").transpose(Image.FLIP_LEFT_RIGHT)])


def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def write(name, data):
    with open(out + name, "wb") as file:
        file.write(data)


for name, options in dict(plain={}, progressive=dict(progressive=True), subsampled=dict(subsampling=2),
                          restarts=dict(restart_marker_blocks=5), rows=dict(progressive=True, restart_marker_rows=1, subsampling=1)).items():
    data = jpeg(cmyk, **options)
    write(f"cmyk_{name}.jpg", data)
    adobe = data.index(b"Adobe")
    write(f"ycck_{name}.jpg", data[:adobe + 11] + b"\2" + data[adobe + 12:])
    write(f"cmyk_{name}_no_adobe.jpg", data[:adobe - 4] + data[adobe + 12:])


def exif(orientation, order=">", kind=3):
    value = struct.pack(order + ("I" if kind == 4 else "HH"), *([orientation] if kind == 4 else [orientation, 0]))
    tiff = (b"MM" if order == ">" else b"II") + struct.pack(order + "HIHHHI", 42, 8, 1, 0x112, kind, 1) + value + bytes(4)
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


grey = jpeg(smooth)
write("exif_two_first_counts.jpg", grey[:2] + exif(1) + exif(6) + grey[2:])
write("exif_long_le.jpg", grey[:2] + exif(8, "<", 4) + grey[2:])
write("comment_and_profile.jpg", grey[:2] + b"\xff\xfe\0\5abc" + b"\xff\xe2\0\x10ICC_PROFILE\0\1\1" + grey[2:])
smooth.save(out + "animated_lossy.webp", save_all=True, append_images=[ImageOps.invert(smooth)], quality=80)
rgba = smooth.copy()
rgba.putalpha(smooth.convert("L"))
rgba.save(out + "animated_alpha.webp", save_all=True, append_images=[ImageOps.invert(smooth).convert("RGBA")], quality=80)
rgba.save(out + "lossy_alpha_meta.webp", quality=80, exif=Image.Exif(), icc_profile=b"no profile", xmp=b"none")
