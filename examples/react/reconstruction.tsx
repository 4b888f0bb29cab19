/** A React component that shows what tokens keep of a photo: `deno run -A examples/serve_page.ts react`. */
import { toImageData, Tokenizer } from "@voken/magvit2";
import { type ReactNode, useEffect, useRef, useState } from "react";

/** A tokenizer for as long as a component is shown; `undefined` while it loads. Throws if it cannot be loaded. */
function useTokenizer(source: string): Tokenizer | undefined {
  const [{ tokenizer, error }, setLoaded] = useState<{ tokenizer?: Tokenizer; error?: unknown }>({});
  useEffect(() => {
    const left = new AbortController(), loading = Tokenizer.load(source, { signal: left.signal });
    loading.then(
      (tokenizer) => setLoaded({ tokenizer }),
      (error) => left.signal.aborted || setLoaded({ error }),
    );
    return () => {
      left.abort();
      setLoaded({});
      loading.then((tokenizer) => tokenizer[Symbol.asyncDispose](), () => {});
    };
  }, [source]);
  if (error) throw error;
  return tokenizer;
}

/** What the tokens of a photo keep of it. */
export function Reconstruction({ photo, model }: { photo: Blob; model: string }): ReactNode {
  const tokenizer = useTokenizer(model), canvas = useRef<HTMLCanvasElement>(null);
  const [caption, setCaption] = useState("");

  useEffect(() => {
    if (!tokenizer) return;
    const left = new AbortController(), { signal } = left;
    const show = async () => {
      const bitmap = await createImageBitmap(photo, { resizeWidth: 256, resizeHeight: 256 });
      const tokens = await tokenizer.encode(bitmap, { signal });
      const image = toImageData(await tokenizer.decode(tokens, { signal }));
      canvas.current?.getContext("2d")?.putImageData(image, 0, 0);
      setCaption(`${tokens.grid.join("×")} tokens`);
    };
    // A photo that comes meanwhile takes this one's place.
    show().catch((error) => signal.aborted || setCaption(String(error)));
    return () => left.abort();
  }, [tokenizer, photo]);

  return (
    <figure>
      <canvas ref={canvas} width={256} height={256} />
      <figcaption>{tokenizer ? caption : "Loading the model …"}</figcaption>
    </figure>
  );
}
