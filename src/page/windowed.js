// A list of thousands of rows, of which only those near the window are elements.
//
// Rows stand in blocks. A block that is far away is empty, as high as it was, or as its rows would probably be.

import { element } from "./dom.js";

const BLOCK = 50;

export function makeWindowed(list, createRow) {
    let rows = [], blocks = [], rowHeight = 32;

    const near = new IntersectionObserver((entries) => {
        for (const entry of entries)
            (entry.isIntersecting ? fill : empty)(entry.target);
    }, { rootMargin: "800px 0px" });

    function fill(block) {
        if (block.childElementCount > 0)
            return;
        const from = Number(block.dataset.from);
        block.style.removeProperty("block-size");
        block.append(...rows.slice(from, from + BLOCK).map((row, place) => createRow(row, from + place)));
        const height = block.getBoundingClientRect().height;
        if (height > 0)
            rowHeight = height / block.childElementCount;
    }

    function empty(block) {
        if (block.childElementCount === 0 || block.contains(document.activeElement) || hasSelection(block))
            return;
        block.style.setProperty("block-size", block.getBoundingClientRect().height + "px");
        block.replaceChildren();
    }

    const hasSelection = (block) => {
        const selection = getSelection();
        return !selection.isCollapsed && selection.containsNode(block, true);
    };

    // Replaces all rows.
    function show(next) {
        rows = next;
        for (const block of blocks)
            near.unobserve(block);
        blocks = [];
        for (let from = 0; from < rows.length; from += BLOCK) {
            const block = element("div", { role: "rowgroup", "data-from": from });
            block.style.setProperty("block-size", Math.min(BLOCK, rows.length - from) * rowHeight + "px");
            blocks.push(block);
        }
        list.setAttribute("aria-rowcount", rows.length);
        list.replaceChildren(...blocks);
        for (const block of blocks.slice(0, 2))
            fill(block);
        for (const block of blocks)
            near.observe(block);
    }

    // More rows at the end.
    function append(more) {
        const last = blocks.at(-1);
        const from = rows.length - (rows.length % BLOCK);
        rows = rows.concat(more);
        if (last && from < rows.length - more.length) {
            const seen = last.childElementCount > 0;
            last.replaceChildren();
            last.style.setProperty("block-size", Math.min(BLOCK, rows.length - from) * rowHeight + "px");
            if (seen)
                fill(last);
        }
        for (let start = blocks.length * BLOCK; start < rows.length; start += BLOCK) {
            const block = element("div", { role: "rowgroup", "data-from": start });
            block.style.setProperty("block-size", Math.min(BLOCK, rows.length - start) * rowHeight + "px");
            blocks.push(block);
            list.append(block);
            near.observe(block);
        }
        list.setAttribute("aria-rowcount", rows.length);
    }

    return { show, append };
}
