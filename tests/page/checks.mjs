// Run in the page: what a person who cannot see it, or sees badly, would miss. Each gives a list of what is wrong.

export function unnamed() {
    const wrong = [];
    const shown = (node) => node.checkVisibility({ visibilityProperty: true });
    const textOf = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(" ").trim();
    const nameOf = (node) => node.getAttribute("aria-label")?.trim() || (node.hasAttribute("aria-labelledby") && textOf(node.getAttribute("aria-labelledby"))) ||
        (node.labels?.length && node.labels[0].textContent.trim()) || (["BUTTON", "A", "SUMMARY", "CODE"].includes(node.tagName) && node.textContent.trim()) || "";
    for (const node of document.querySelectorAll("button, a[href], input, select, summary, [tabindex='0'], [role=meter], [role=img], dialog[open]"))
        if (shown(node) && !nameOf(node))
            wrong.push("without a name: " + node.outerHTML.slice(0, 120));
    for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
        for (const id of `${node.getAttribute("aria-labelledby") ?? ""} ${node.getAttribute("aria-describedby") ?? ""}`.split(/\s+/).filter(Boolean))
            if (!document.getElementById(id))
                wrong.push("refers to nothing: " + id);
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    wrong.push(...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => "twice: " + id));
    for (const image of document.querySelectorAll("img:not([alt])"))
        wrong.push("an image without alt: " + image.src);
    let level = 0;
    for (const heading of [...document.querySelectorAll("main h1, main h2, main h3")].filter(shown)) {
        if (Number(heading.tagName[1]) > level + 1)
            wrong.push("a heading too deep: " + heading.textContent);
        level = Number(heading.tagName[1]);
    }
    for (const landmark of ["header", "nav[aria-label]", "main", "[role=status]"])
        if (!document.querySelector(landmark))
            wrong.push("no " + landmark);
    if ([...document.querySelectorAll("h1")].filter(shown).length !== 1)
        wrong.push("not one h1");
    return wrong;
}

// Text with less than 4.5 to 1 against what is behind it.
export function pale() {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const over = (top, under) => [0, 1, 2].map((i) => (top[i] * top[3] + under[i] * (255 - top[3])) / 255).concat(255);
    const luminance = (colour) => colour.slice(0, 3).map((value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)).reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
        const layers = [];
        for (let each = node; each; each = each.parentElement)
            layers.unshift(parse(getComputedStyle(each).backgroundColor));
        return layers.reduce((under, top) => over(top, under), [255, 255, 255, 255]);
    };
    const wrong = new Set();
    for (const node of document.querySelectorAll("body *")) {
        if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()) || !node.checkVisibility({ visibilityProperty: true }) || node.closest(":disabled, .hidden, svg, [aria-hidden=true]"))
            continue;
        const ground = behind(node), text = over(parse(getComputedStyle(node).color), ground);
        const [low, high] = [luminance(ground), luminance(text)].sort((a, b) => a - b);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5)
            wrong.add(`${node.tagName}.${node.className} "${node.textContent.slice(0, 30)}": ${contrast.toFixed(2)}`);
    }
    return [...wrong];
}

export const overflow = () => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth);
