/**
 * What keys do.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { VIEWS } from "../core/route.ts";
import { hasKeys, keepKeys } from "../keyboard.ts";
import { Dialog } from "./dialog.tsx";

/** The dialog. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const [isOn, setOn] = useState(hasKeys());
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {VIEWS.map(({ id, title }, i) => (
          <div key={id}>
            <dt>
              <kbd>{i + 1}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>←</kbd> <kbd>→</kbd>
          </dt>
          <dd>in the navigation: the view before and after</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>this help</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>closes a dialog</dd>
        </div>
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            keepKeys(event.currentTarget.checked);
            setOn(event.currentTarget.checked);
          }}
        />
        Digits and ? do something
      </label>
      <div class="buttons">
        <button type="button" class="main" onClick={onClose}>Close</button>
      </div>
    </Dialog>
  );
}
