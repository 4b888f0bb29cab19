import { element } from "./page.ts";

/** Calls `open` with each image file that is chosen, pasted or dropped. */
export function onImageFile(open: (file: Blob) => void): void {
  const input = element<HTMLInputElement>("file");
  input.addEventListener("change", () => {
    if (input.files?.[0]) open(input.files[0]);
    input.value = "";
  });
  addEventListener("paste", ({ clipboardData }) => {
    const file = [...clipboardData?.files ?? []].find(({ type }) => type.startsWith("image/"));
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
