/**
 * The form for the token that changes need over TCP.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { keepToken, token } from "../api.ts";
import { Dialog } from "./dialog.tsx";

/** Asks for the token. It is kept for this tab alone, until it is closed. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const has = token() !== "";
  const keep = (event: Event) => {
    event.preventDefault();
    keepToken(text.trim());
    onClose();
  };
  return (
    <Dialog title="Token for changes" onClose={onClose}>
      <p>
        Reading needs no token. To change something over TCP the service wants the one of its token
        file, which its administrator can read. It is kept in this tab, and forgotten when the tab
        is closed.
      </p>
      <form onSubmit={keep} class="stack">
        <label>
          Token
          <input
            type="password"
            name="token"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <p class="muted">{has ? "There is one now." : "There is none now."}</p>
        <div class="buttons">
          <button type="submit" class="main" disabled={text.trim() === ""}>Keep</button>
          {has && (
            <button
              type="button"
              onClick={() => {
                keepToken("");
                onClose();
              }}
            >
              Forget
            </button>
          )}
          <button type="button" onClick={onClose}>Cancel</button>
        </div>
      </form>
    </Dialog>
  );
}
