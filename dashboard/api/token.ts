// The access token of a server that asks for one. It stays in this tab and ends with it.

const kKey = "assay-token";
let unsaved: string | null = null; // Where the browser forbids storage.

export function token(): string | null {
  try {
    return sessionStorage.getItem(kKey) ?? unsaved;
  } catch {
    return unsaved;
  }
}

export function keepToken(value: string): void {
  unsaved = value.trim() || null;
  try {
    if (unsaved === null) sessionStorage.removeItem(kKey);
    else sessionStorage.setItem(kKey, unsaved);
  } catch {
    // The token then lasts as long as the page.
  }
}
