// Numbers, times and words as people read them.

let ahead = 0; // the gateway's clock, compared with the browser's; in seconds

export function setClock(now) {
    if (now > 0)
        ahead = now - Date.now() / 1000;
}

export const clock = () => Date.now() / 1000 + ahead;

const local = (options) => new Intl.DateTimeFormat(undefined, { hourCycle: "h23", ...options });
const forTime = local({ hour: "2-digit", minute: "2-digit" });
const forSeconds = local({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const forNear = local({ weekday: "short", hour: "2-digit", minute: "2-digit" });
const forFar = local({ month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const forDay = local({ weekday: "short", month: "short", day: "numeric" });
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

// `14:03` today, `Mon 14:03` within a week, else with the date.
export function moment(unix) {
    const date = new Date(unix * 1000), today = new Date(clock() * 1000);
    if (date.toDateString() === today.toDateString())
        return forTime.format(date);
    return (Math.abs(date - today) < 6 * 86400e3 ? forNear : forFar).format(date);
}

export const second = (unix) => forSeconds.format(new Date(unix * 1000));
export const fullMoment = (unix) => new Date(unix * 1000).toLocaleString();
// `2026-11-20` as a day of people.
export const day = (name) => forDay.format(new Date(name + "T12:00:00"));

// Two units at most: `1h 59m`, `42s`.
export function span(seconds) {
    const left = Math.max(0, Math.ceil(seconds));
    const days = Math.floor(left / 86400), hours = Math.floor((left % 86400) / 3600);
    const minutes = Math.floor((left % 3600) / 60);
    if (days)
        return `${days}d ${hours}h`;
    if (hours)
        return `${hours}h ${String(minutes).padStart(2, "0")}m`;
    if (minutes)
        return `${minutes}m ${String(left % 60).padStart(2, "0")}s`;
    return `${left}s`;
}

export function ago(unix) {
    const passed = clock() - unix;
    return passed < 2 ? "just now" : `${span(passed).split(" ")[0]} ago`;
}

export const count = (number) => whole.format(number ?? 0);
export const compact = (number) => short.format(number ?? 0);
export const percent = (part) => `${part >= 0.995 && part < 1 ? 99 : Math.round(part * 100)} %`;
export const plural = (number, one, more = one + "s") => `${count(number)} ${number === 1 ? one : more}`;

export function money(dollars) {
    if (dollars === null || dollars === undefined)
        return "–";
    const digits = dollars !== 0 && Math.abs(dollars) < 0.1 ? (Math.abs(dollars) < 0.001 ? 5 : 3) : 2;
    return "$" + dollars.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function took(ms) {
    if (ms < 1000)
        return `${Math.round(ms)} ms`;
    return ms < 60000 ? `${(ms / 1000).toFixed(1)} s` : span(ms / 1000);
}

// A word of a shell's command line.
export const shellWord = (word) => (/^[\w./:@%+=-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\\''") + "'");
