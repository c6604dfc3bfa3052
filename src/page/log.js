// What happened, newest first; all of it is there, only what is near the window is drawn.

import { byId, element, setText } from "./dom.js";
import { count, fullMoment, moment, plural } from "./format.js";
import { get } from "./net.js";
import { makeWindowed } from "./windowed.js";

const PAGE = 1000, MOST = 50000;
const FRESH = 1500; // ms between a change and the look at the log
const BAD = new Set(["exhausted", "failed", "stopped", "warning"]);
const MARKED = new Set(["failover", "retry", "wait", "overage"]);

function lineRow(line, place) {
    return element("div", { role: "row", class: "line", "aria-rowindex": place + 1 },
        element("time", { role: "cell", datetime: new Date(line.at * 1000).toISOString(), title: fullMoment(line.at) }, moment(line.at)),
        element("span", { role: "cell", class: BAD.has(line.event) ? "event bad" : MARKED.has(line.event) ? "event marked" : "event" }, line.event),
        element("span", { role: "cell", class: "text" }, line.text));
}

export function mountLog(app) {
    const search = byId("log-search"), forKey = byId("log-key"), forEvent = byId("log-event");
    const windowed = makeWindowed(byId("log-lines"), lineRow);
    let lines = [], ids = new Set(), complete = false, loading = false, visible = false, seenAt = 0, timer = 0;
    let elsewhere = null; // why it cannot be shown here, where it is on a server

    const filtered = () => search.value.trim() || forKey.value || forEvent.value;

    function matches(line) {
        const words = search.value.trim().toLowerCase();
        return (!words || `${line.text} ${line.event} ${line.key ?? ""}`.toLowerCase().includes(words)) &&
            (!forKey.value || line.key === forKey.value || line.next === forKey.value) && (!forEvent.value || line.event === forEvent.value);
    }

    function options(select, values) {
        for (const value of [...values].sort())
            if (value && ![...select.options].some((option) => option.value === value))
                select.append(element("option", { value }, value));
    }

    function tell() {
        const seen = Number(byId("log-lines").getAttribute("aria-rowcount"));
        const more = complete ? "" : " so far";
        setText(byId("log-count"), filtered() ? `${count(seen)} of ${plural(lines.length, "line")}${more}` : plural(lines.length, "line") + more);
        const empty = byId("log-empty");
        empty.hidden = seen > 0 || loading;
        setText(empty, elsewhere ? elsewhere : lines.length ? "No line matches." : "Nothing has happened yet: the log begins with the first run or request.");
    }

    function redraw() {
        windowed.show(lines.filter(matches));
        tell();
    }

    function take(found) {
        const fresh = found.filter((line) => !ids.has(line.id));
        for (const line of fresh)
            ids.add(line.id);
        options(forKey, new Set(fresh.map((line) => line.key)));
        options(forEvent, new Set(fresh.map((line) => line.event)));
        return fresh;
    }

    // The rest of the log comes page by page.
    async function older() {
        if (loading)
            return;
        loading = true;
        try {
            while (visible && !complete && lines.length < MOST) {
                const last = lines.at(-1);
                const answer = await get(`/page/log?limit=${PAGE}` + (last ? `&before=${encodeURIComponent(last.id)}` : ""));
                const fresh = take(answer.lines);
                complete = !answer.more || fresh.length === 0;
                lines = lines.concat(fresh);
                windowed.append(fresh.filter(matches));
                tell();
            }
        } catch (problem) {
            elsewhere = problem.status === 404 ? problem.message : null;
            if (problem.status !== 404 && problem.status !== 401 && problem.status !== 0)
                app.toast(problem.message, true);
        }
        loading = false;
        tell();
    }

    async function newer() {
        if (loading || !visible)
            return;
        loading = true;
        const found = await get("/page/log?limit=200").catch(() => null);
        loading = false;
        if (!found)
            return;
        const fresh = take(found.lines);
        // Too many came to know whether they join: begin anew.
        if (fresh.length === found.lines.length && found.more && lines.length > 0) {
            lines = fresh;
            ids = new Set(fresh.map((line) => line.id));
            complete = false;
            redraw();
            older();
        } else if (fresh.length > 0) {
            lines = fresh.concat(lines);
            if (scrollY < 300)
                redraw();
            else
                seenAt = fresh.length;
        }
        if (lines.length > 0 && !complete)
            older();
    }

    // What came while one reads further down is drawn at the top, when it is seen.
    addEventListener("scroll", () => {
        if (visible && seenAt > 0 && scrollY < 300) {
            seenAt = 0;
            redraw();
        }
    }, { passive: true });
    let typing = 0;
    search.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(redraw, 120);
    });
    forKey.addEventListener("change", redraw);
    forEvent.addEventListener("change", redraw);

    return {
        show() {
            visible = true;
            if (lines.length === 0)
                older();
            else
                newer();
        },
        hide() {
            visible = false;
        },
        update() {
            timer ||= setTimeout(() => {
                timer = 0;
                newer();
            }, FRESH);
        },
    };
}
