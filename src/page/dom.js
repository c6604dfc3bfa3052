// Elements, made and changed in place: a change of state never takes the focus away.

const SVG = "http://www.w3.org/2000/svg";

// element("p", {class: "x", onclick}, "text", child…); an attribute that is null or false is left out.
export function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false)
            continue;
        if (name.startsWith("on"))
            node.addEventListener(name.slice(2), value);
        else
            node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
}

export function icon(name, label) {
    const svg = document.createElementNS(SVG, "svg");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", "#i-" + name);
    if (label) {
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", label);
    } else {
        svg.setAttribute("aria-hidden", "true");
    }
    svg.append(use);
    return svg;
}

export const byId = (id) => document.getElementById(id);

export function setText(node, text) {
    if (node.textContent !== text)
        node.textContent = text;
}

export function setAttribute(node, name, value) {
    if (value === null || value === false)
        node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value))
        node.setAttribute(name, value);
}

const known = new WeakMap();

// The children of `parent` become one for each item: `create(item)` gives {node, update(item, place)}, kept by `keyOf(item)`.
export function keyedList(parent, items, keyOf, create) {
    const focused = parent.contains(document.activeElement) ? document.activeElement : null;
    const before = known.get(parent) ?? new Map();
    const after = new Map();
    let cursor = parent.firstElementChild;
    items.forEach((item, place) => {
        const key = keyOf(item);
        if (after.has(key))
            return;
        const entry = before.get(key) ?? create(item);
        before.delete(key);
        after.set(key, entry);
        entry.update?.(item, place);
        if (entry.node === cursor)
            cursor = cursor.nextElementSibling;
        else
            parent.insertBefore(entry.node, cursor);
    });
    for (const entry of before.values())
        entry.node.remove();
    known.set(parent, after);
    if (focused?.isConnected && document.activeElement !== focused)
        focused.focus({ preventScroll: true });
    return after;
}

// A command in a box, with a button that copies it.
export function commandBox(command, label = "Copy") {
    const code = element("code", { tabindex: "0" }, command);
    const button = element("button", { type: "button", class: "small", "aria-label": label + ": " + command }, label);
    button.addEventListener("click", async () => {
        const done = await copy(code);
        button.textContent = done ? "Copied" : "Selected";
        setTimeout(() => (button.textContent = label), 1500);
    });
    return element("span", { class: "command" }, code, button);
}

// Where the clipboard is out of reach, the text is selected.
async function copy(code) {
    try {
        await navigator.clipboard.writeText(code.textContent);
        return true;
    } catch {
        getSelection().selectAllChildren(code);
        return false;
    }
}
