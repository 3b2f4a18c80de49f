// Asks for the access token when the server answers 401.
import type { FormEvent } from "react";

import { keepToken } from "../api/token";

export function TokenForm({ onToken }: { onToken: () => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    keepToken(String(new FormData(event.currentTarget).get("token") ?? ""));
    onToken();
  };
  return (
    <form className="token" onSubmit={submit}>
      <label htmlFor="token">Access token</label>
      <input id="token" name="token" type="password" autoComplete="off" required />
      <button type="submit">Use it</button>
      <p className="quiet">
        <code>assay serve --data DIR --create-token NAME</code> makes one. It stays in this tab.
      </p>
    </form>
  );
}
