import { element } from "./page.ts";

/** Calls `open` with each file of an image or of tokens that is chosen, pasted or dropped. */
export function onFile(open: (file: File) => void): void {
  // Phones offer the camera, too.
  if (matchMedia("(pointer: coarse)").matches) element("choose").textContent = "Choose or take a photo";
  for (const id of ["file", "open-tokens"]) {
    const input = element<HTMLInputElement>(id);
    input.addEventListener("change", () => {
      if (input.files?.[0]) open(input.files[0]);
      input.value = "";
    });
  }
  addEventListener("paste", ({ clipboardData }) => {
    const file = clipboardData?.files[0];
    if (file) open(file);
  });
  const { classList } = document.body;
  addEventListener("dragover", (event) => {
    event.preventDefault();
    classList.add("dropping");
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    classList.remove("dropping");
    const file = event.dataTransfer?.files[0];
    if (file) open(file);
  });
}
