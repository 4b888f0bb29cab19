"""Writes numpy.json: files of NumPy as base64, for the test of npz reading. Run beside it."""
import numpy as np, io, base64, json
out={}
def put(name, f, **arrays):
    b=io.BytesIO(); f(b, **arrays); out[name]=base64.b64encode(b.getvalue()).decode()
put("stored", np.savez, tokens=np.arange(6,dtype=np.uint32).reshape(1,2,3), bits=np.uint32(18))
put("deflated", np.savez_compressed, tokens=np.arange(6,dtype=np.int64).reshape(1,2,3), bits=18)
put("fortran", np.savez_compressed, tokens=np.asfortranarray(np.arange(6,dtype=np.int32).reshape(2,3)))
put("big_endian", np.savez_compressed, tokens=np.arange(6,dtype='>u4'))
put("text", np.savez_compressed, tokens=np.array(["a"]))
put("complex", np.savez_compressed, tokens=np.array([1j]))
for name, f in [("pictures_stored", np.savez), ("pictures_deflated", np.savez_compressed)]:
    put(name, f, arr_0=np.arange(120,dtype=np.uint8).reshape(2,4,5,3), labels=np.array([1,0]), held_out=np.array([1]))
json.dump(out, open("numpy.json","w"), indent=1)
