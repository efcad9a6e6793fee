(() => {
  "use strict";
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const make = (tag, given = {}, ...inside) => {
    const one = document.createElement(tag);
    for (const [name, value] of Object.entries(given)) one.setAttribute(name, value);
    one.append(...inside);
    return one;
  };

  // ---- figures: what a place says, when it is pointed at or reached by keys: one stop of Tab a figure, arrows from place to place
  const middle = (rect) => ["x", "y"].map((name, i) => +rect.getAttribute(name) + +rect.getAttribute(["width", "height"][i]) / 2);
  const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 1], ArrowUp: [1, -1] };

  function beside(rects, from, key) {
    const [axis, sign] = way[key], [here, k] = [middle(rects[from]), from + sign];
    let best = -1, least = Infinity;
    rects.forEach((rect, i) => {
      const there = middle(rect), along = sign * (there[axis] - here[axis]);
      const far = along + 3 * Math.abs(there[1 - axis] - here[1 - axis]);
      if (along > 0.5 && Math.abs(there[1 - axis] - here[1 - axis]) <= along && far < least) [best, least] = [i, far];
    });
    return best >= 0 ? best : Math.min(Math.max(k, 0), rects.length - 1);
  }

  function speak(svg) {
    const rects = all("rect", svg), tip = make("div", { class: "tip", "aria-hidden": "true", hidden: "" });
    svg.parentNode.append(tip);
    let shown = null;
    const show = (rect) => {
      shown = rect;
      tip.textContent = rect.getAttribute("aria-label");
      tip.hidden = false;
      const place = rect.getBoundingClientRect(), size = tip.getBoundingClientRect();
      tip.style.left = `${Math.max(4, Math.min(place.left + place.width / 2 - size.width / 2, innerWidth - size.width - 4))}px`;
      tip.style.top = `${place.top > size.height + 8 ? place.top - size.height - 6 : place.bottom + 6}px`;
    };
    const hide = () => { tip.hidden = true; shown = null; };
    rects.forEach((rect, i) => {
      rect.setAttribute("aria-label", rect.textContent); // the browser's own tip would stand beside ours
      rect.replaceChildren();
      rect.setAttribute("tabindex", i ? -1 : 0);
    });
    const at = (event) => rects.indexOf(event.target);
    svg.addEventListener("mouseover", (event) => at(event) >= 0 && show(event.target));
    svg.addEventListener("mouseout", hide);
    svg.addEventListener("focusout", hide);
    svg.addEventListener("focusin", (event) => {
      if (at(event) < 0) return;
      rects.forEach((rect) => rect.setAttribute("tabindex", rect === event.target ? 0 : -1));
      event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
      show(event.target);
    });
    svg.addEventListener("keydown", (event) => {
      const from = at(event);
      if (from < 0) return;
      const to = event.key in way ? beside(rects, from, event.key) : { Home: 0, End: rects.length - 1 }[event.key];
      if (event.key === "Escape") hide();
      if (to === undefined) return;
      event.preventDefault();
      rects[to].focus({ preventScroll: true });
    });
    addEventListener("scroll", () => shown && show(shown), { passive: true, capture: true });
  }
  all(".marks").forEach(speak);

  // ---- figures: large
  all("figure").forEach((figure) => {
    const canvas = figure.querySelector(".canvas"), sheet = canvas.firstElementChild, title = figure.querySelector("b").textContent;
    const open = make("button", { class: "tool", type: "button", "aria-label": `Enlarge: ${title}` }, "enlarge");
    const close = make("button", { class: "tool", type: "button" }, "close"), large = make("div", { class: "canvas" });
    const dialog = make("dialog", { "aria-label": title }, close, large);
    figure.querySelector("figcaption").append(" ", open);
    figure.append(dialog);
    open.addEventListener("click", () => { large.append(sheet); dialog.showModal(); });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => canvas.append(sheet));
  });

  // ---- tables: sorted by a column, rows by a word
  const unit = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, m: 1e-3, "µ": 1e-6, n: 1e-9 };

  function number(text) {
    const found = /([<>]?)[^\d-]*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?:([kMGTPmµn])(?=B|flop|s))?/i.exec(text);
    return found ? +found[2] * (unit[found[3]] || 1) * (1 + ({ "<": -1e-9, ">": 1e-9 }[found[1]] || 0)) : text.trim() === "inf" ? Infinity : NaN;
  }

  function order(table, column, sign) {
    const rows = all("tbody tr", table), texts = rows.map((row) => row.cells[column].textContent.trim());
    const numbers = texts.map(number), filled = texts.filter(Boolean).length;
    const counted = numbers.filter((x) => !Number.isNaN(x)).length > filled / 2;
    const compare = (a, b) => (counted ? numbers[a] - numbers[b] || 0 : texts[a].localeCompare(texts[b]));
    const without = (i) => (counted ? Number.isNaN(numbers[i]) : !texts[i]);
    const sorted = rows.map((_, i) => i).sort((a, b) => without(a) - without(b) || sign * compare(a, b) || a - b);
    rows.forEach((row) => row.classList.remove("group"));
    table.tBodies[0].append(...sorted.map((i) => rows[i]));
  }

  all(".scroll table").forEach((table) => {
    const heads = all("th", table), rows = all("tbody tr", table), label = table.parentNode.getAttribute("aria-label");
    if (rows.length < 3) return;
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        order(table, column, down ? -1 : 1);
      });
    });
    if (rows.length < 12) return;
    const field = make("input", { class: "tool", type: "search", "aria-label": `Rows with these words: ${label}`, placeholder: "rows with …" });
    const count = make("span", { role: "status" });
    table.parentNode.before(make("div", { class: "filter" }, field, count));
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row) => { row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word)); });
      count.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    });
  });

  // ---- print: everything
  addEventListener("beforeprint", () => all("details:not([open])").forEach((one) => { one.open = true; one.dataset.opened = ""; }));
  addEventListener("afterprint", () => all("details[data-opened]").forEach((one) => { one.open = false; delete one.dataset.opened; }));
})();
