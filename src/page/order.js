// Rows of a list put into another order: dragged by their handle, or moved by keys.
//
// The rows around the one that moves are moved, not it: so it keeps the focus and the pointer.

function moveTo(list, row, place) {
    const rows = [...list.children];
    const now = rows.indexOf(row);
    for (let i = now + 1; i <= place; i++)
        list.insertBefore(rows[i], row);
    for (let i = now - 1; i >= place; i--)
        list.insertBefore(rows[i], row.nextSibling);
}

// `isMovable(row)`; moved() when the order has changed; say(words) for screen readers. Returns {active()}.
export function makeOrderable(list, { handle, isMovable, nameOf, moved, say }) {
    let row = null, before = [], byKeyboard = false, pointer = 0, y = 0, scrolling = 0;
    const places = () => [...list.children].filter(isMovable);

    function begin(which, keyboard) {
        row = which;
        before = [...list.children];
        byKeyboard = keyboard;
        row.classList.add("moving");
    }

    function end(keep) {
        const ended = row, changed = before.some((each, place) => list.children[place] !== each);
        row.classList.remove("moving");
        row = null;
        cancelAnimationFrame(scrolling);
        if (!keep && changed) {
            const focused = document.activeElement;
            list.append(...before);
            focused?.focus({ preventScroll: true });
        }
        const place = places().indexOf(ended) + 1;
        say(keep ? `${nameOf(ended)} is number ${place} of ${places().length}` : `${nameOf(ended)} stays number ${place}`);
        if (keep && changed)
            moved();
    }

    function step(by) {
        const all = places(), place = all.indexOf(row) + by;
        if (place < 0 || place >= all.length)
            return;
        moveTo(list, row, [...list.children].indexOf(all[place]));
        row.scrollIntoView({ block: "nearest" });
        say(`${nameOf(row)}: number ${place + 1} of ${all.length}`);
    }

    const steps = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };
    list.addEventListener("keydown", (event) => {
        const button = event.target.closest(handle);
        if (!button)
            return;
        if (event.key === " " || event.key === "Enter") {
            event.preventDefault();
            if (event.repeat)
                return;
            if (row)
                end(true);
            else if (isMovable(button.closest("li"))) {
                begin(button.closest("li"), true);
                say(`${nameOf(row)} is picked up: number ${places().indexOf(row) + 1} of ${places().length}. Move it with the arrow keys.`);
            }
        } else if (row && event.key === "Escape") {
            event.preventDefault();
            end(false);
        } else if (row && event.key in steps) {
            event.preventDefault();
            const by = steps[event.key], all = places(), place = all.indexOf(row);
            step(Number.isFinite(by) ? by : by < 0 ? -place : all.length - 1 - place);
        }
    });
    // Rows that are put back between the press and the release of a button take the click with them.
    let isPressed = false;
    addEventListener("pointerdown", () => (isPressed = true), true);
    for (const name of ["pointerup", "pointercancel"])
        addEventListener(name, () => (isPressed = false), true);

    function leave() {
        if (!isPressed)
            end(false);
        else
            addEventListener("pointerup", () => setTimeout(() => row && byKeyboard && end(false)), { once: true });
    }

    list.addEventListener("focusout", (event) => {
        if (row && byKeyboard && event.target.closest(handle) && (event.relatedTarget || isPressed))
            leave();
    });

    function drag() {
        const all = places();
        let place = all.findIndex((each) => {
            const box = each.getBoundingClientRect();
            return y < box.top + box.height / 2;
        });
        place = place < 0 ? all.length - 1 : place > all.indexOf(row) ? place - 1 : place;
        if (all[place] && all[place] !== row)
            moveTo(list, row, [...list.children].indexOf(all[place]));
    }

    // Near an edge of the window the page goes on.
    function scroll() {
        const edge = 60, by = y < edge ? -12 : y > innerHeight - edge ? 12 : 0;
        if (by) {
            scrollBy(0, by);
            drag();
        }
        scrolling = requestAnimationFrame(scroll);
    }

    list.addEventListener("pointerdown", (event) => {
        const button = event.target.closest(handle);
        if (!button || event.button !== 0 || !isMovable(button.closest("li")))
            return;
        if (row && byKeyboard)
            end(false);
        if (row)
            return;
        event.preventDefault();
        button.focus();
        pointer = event.pointerId;
        y = event.clientY;
        button.setPointerCapture(pointer);
        begin(button.closest("li"), false);
        scrolling = requestAnimationFrame(scroll);
    });
    list.addEventListener("pointermove", (event) => {
        if (row && !byKeyboard && event.pointerId === pointer) {
            y = event.clientY;
            drag();
        }
    });
    for (const [name, keep] of [["pointerup", true], ["pointercancel", false]])
        list.addEventListener(name, (event) => {
            if (row && !byKeyboard && event.pointerId === pointer)
                end(keep);
        });
    return { active: () => row !== null };
}
