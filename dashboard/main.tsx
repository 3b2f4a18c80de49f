import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { applyTheme, storedTheme } from "./lib/theme";
import { App } from "./pages/app";

applyTheme(storedTheme());

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
