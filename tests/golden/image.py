"""Makes image.json beside it: resized pictures and files of every kind with their RGB pixels, by Pillow."""
import base64, io, json
from PIL import Image, ImageOps
import PIL
b64=lambda b: base64.b64encode(b).decode()
def noise(w,h,c=3): return bytes((i*i*31+i*17+(i>>3)*101)&255 for i in range(w*h*c))
def smooth(w,h): 
    return Image.frombytes("RGB",(6,5),noise(6,5)).resize((w,h),Image.BICUBIC)
resize=[]
for (w,h),(W,H) in [((7,5),(3,2)),((5,7),(11,13)),((16,12),(8,8)),((33,9),(10,9)),((9,33),(9,10)),((1,1),(4,3)),((40,30),(1,1)),((23,17),(22,18)),((64,3),(5,40))]:
    im=Image.frombytes("RGB",(w,h),noise(w,h)).resize((W,H),Image.BILINEAR)
    resize.append(dict(width=w,height=h,to=dict(width=W,height=H),rgb=b64(im.tobytes())))
im=Image.new("RGB",(31,31),(255,255,255)).resize((13,17),Image.BILINEAR)
files={}
def add(name,im,rgb=None,**kw):
    f=io.BytesIO(); im.save(f,**kw); data=f.getvalue()
    if rgb is None:
        up=ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        if up.mode in("LA","PA","RGBA") or "transparency" in up.info:
            up=up.convert("RGBA"); bg=Image.new("RGBA",up.size,(255,255,255,255)); up=Image.alpha_composite(bg,up)
        up=up.convert("RGB")
        rgb=up
    files[name]=dict(file=b64(data),width=rgb.width,height=rgb.height,rgb=b64(rgb.tobytes()))
s=smooth(19,14)
alpha=Image.frombytes("L",(19,14),bytes((i*7)&255 for i in range(19*14)))
rgba=s.copy(); rgba.putalpha(alpha)
la=s.convert("L"); la.putalpha(alpha)
add("grey.png",s.convert("L"),format="PNG")
add("grey_alpha.png",la,format="PNG")
add("rgb.png",s,format="PNG")
add("rgba.png",rgba,format="PNG")
pal=s.quantize(13); add("palette.png",pal,format="PNG"); add("palette_alpha.png",pal,format="PNG",transparency=3)
add("one_bit.png",s.convert("1"),format="PNG")
g16=Image.new("I;16",(5,4)); px=g16.load()
for y in range(4):
    for x in range(5): px[x,y]=(x*5000+y*11000)&65535
add("grey_16.png",g16,rgb=Image.frombytes("L",(5,4),bytes((((x*5000+y*11000)&65535)>>8) for y in range(4) for x in range(5))).convert("RGB"),format="PNG")
add("animated.png",s,format="PNG",save_all=True,append_images=[ImageOps.invert(s)])
add("rgb.jpg",s,format="JPEG",quality=90)
add("progressive.jpg",s,format="JPEG",quality=80,progressive=True,subsampling=0)
add("grey.jpg",s.convert("L"),format="JPEG",quality=90)
add("cmyk.jpg",s.convert("CMYK"),format="JPEG")
add("lossy.webp",s,format="WEBP",quality=85)
add("lossless.webp",s,format="WEBP",lossless=True)
add("lossless_alpha.webp",rgba,format="WEBP",lossless=True,exact=True)
add("lossy_alpha.webp",rgba,format="WEBP",quality=90)
add("animated.webp",s,format="WEBP",save_all=True,append_images=[ImageOps.invert(s)])
base=Image.frombytes("RGB",(3,2),noise(3,2))
for o in range(1,9):
    e=Image.Exif(); e[0x112]=o
    add(f"orientation_{o}.png",base,format="PNG",exif=e)
    add(f"orientation_{o}.webp",base,format="WEBP",lossless=True,exif=e)
    add(f"orientation_{o}.jpg",s,format="JPEG",quality=90,exif=e)
json.dump(dict(made_by="tests/golden/image.py with Pillow "+PIL.__version__,resize=resize,files=files),open("image.json","w"),indent=0)
