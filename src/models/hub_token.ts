import { environment, files, hasFiles, permitted } from "../io/host.ts";

/** The user's token for the hub: `HF_TOKEN`, or what the hub's own programs have stored. */
export async function hubToken(): Promise<string | undefined> {
  const token = environment("HF_TOKEN");
  if (token) return token;
  const path = tokenFile();
  if (!hasFiles() || path === undefined || !permitted({ name: "read", path })) return undefined;
  return await files().readFile(path, "utf8").then((text) => text.trim() || undefined, () => undefined);
}

function tokenFile(): string | undefined {
  const own = environment("HF_TOKEN_PATH"), folder = environment("HF_HOME");
  if (own) return own;
  if (folder) return `${folder}/token`;
  const cache = environment("XDG_CACHE_HOME"), home = environment("HOME") ?? environment("USERPROFILE");
  return cache ? `${cache}/huggingface/token` : home && `${home}/.cache/huggingface/token`;
}
