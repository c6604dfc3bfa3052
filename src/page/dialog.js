// Questions that are answered before anything else goes on.

import { byId } from "./dom.js";

// True if `yes` was pressed.
export function confirm(title, text, yes) {
    const dialog = byId("confirm");
    byId("confirm-title").textContent = title;
    byId("confirm-text").textContent = text;
    byId("confirm-yes").textContent = yes;
    return new Promise((done) => {
        const answer = (value) => () => {
            dialog.close();
            done(value);
        };
        byId("confirm-yes").onclick = answer(true);
        byId("confirm-no").onclick = answer(false);
        dialog.oncancel = () => done(false);
        dialog.showModal();
        byId("confirm-no").focus();
    });
}
