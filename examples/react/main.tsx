import { type ReactNode, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Reconstruction } from "./reconstruction.tsx";

function App(): ReactNode {
  const [photo, setPhoto] = useState<File>();
  return (
    <>
      <input type="file" accept="image/*" onChange={({ target }) => setPhoto(target.files?.[0])} />
      {photo && <Reconstruction photo={photo} model="/models/emoji-64/" />}
    </>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
