"""The page of a report in a headless Chromium: at three widths, in print, dark, by keyboard and without its script.

Skipped (77) where there is no Chromium or no playwright. With `long` for a page of each kind that `polysweep init` writes."""
import contextlib, os, pathlib, subprocess, sys, tempfile

import polysweep.report as report

try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright
except ImportError:
    print("skipped: no playwright")
    sys.exit(77)

PROGRAM = pathlib.Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep"
CHROMIUM = pathlib.Path(os.environ.get("POLYSWEEP_CHROMIUM", "/usr/bin/chromium"))
BYTES = 1_500_000
PHASE = """schema: 1
study: phase
data: {preset: P2}
methods: [exact, softmax]
grid: {beta: [2, 4, 8], n: [64, 128, 256, 512], d: [10, 18], mask: [full, causal]}
judge: {m: 40, trials: 60}
"""
SKETCH = """schema: 1
study: sketch
data: {kind: gaussian}
methods: [exact, polysketch: {r: [8, 16], draws: 4}, tensorsketch: {features: 36, draws: 4}]
grid: {beta: 4, n: [64, 128], d: 16, row_norm: unit, mask: causal}
"""
KINDS = ("phase", "search", "sketch", "memory", "decode", "scaling", "conjecture", "theory")
ACROSS, PAPER = (1400, 1024, 390), 1031  # CSS pixels; A4 across without its margins

#: letters as they are seen: [size in pixels, text] of the smallest
SMALLEST = """() => { let least = [99, ""];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const one = node.parentElement;
    if (!node.data.trim() || !one.getClientRects().length || one.closest("script, style, .skip")) continue;
    const scale = one.ownerSVGElement ? Math.sqrt(Math.abs(one.getScreenCTM().a ** 2 + one.getScreenCTM().b ** 2)) : 1;
    const size = parseFloat(getComputedStyle(one).fontSize) * scale;
    if (size < least[0]) least = [size, node.data.trim().slice(0, 40)];
  } return least; }"""
#: what reaches beyond the right edge of the page
BEYOND = """() => [...document.querySelectorAll("main *")].filter((one) => !one.closest("svg") && one.getClientRects().length
  && one.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 1).map((one) => one.outerHTML.slice(0, 90))"""
FOLDED = """() => [...document.querySelectorAll("details > :not(summary)")].filter((one) => !one.checkVisibility({
  contentVisibilityAuto: true }) && !one.matches(".filter")).map((one) => one.outerHTML.slice(0, 60))"""
FOCUSED = """() => { const one = document.activeElement; return one.matches(".marks rect") ? one.getAttribute("aria-label") : ""; }"""
TIP = """() => [...document.querySelectorAll(".tip:not([hidden])")].map((one) => one.textContent).join()"""
COLUMN = """([k, name]) => { const table = document.querySelectorAll("table")[k], heads = [...table.querySelectorAll("th")];
  const c = heads.findIndex((one) => one.textContent === name);
  return [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[c].textContent); }"""
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def run(*arguments):
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr[-500:]}")


class Browser:
    """Pages of one file in a Chromium; what they ask for, and what goes wrong in them, is a failure."""

    def __init__(self, browser, path):
        self._browser, self._path = browser, path

    @contextlib.contextmanager
    def at(self, width, **more):
        context = self._browser.new_context(viewport={"width": width, "height": 900}, **more)
        page = context.new_page()
        page.on("request", lambda asked: check(asked.url == self._path.as_uri(), f"{asked.url} is fetched"))
        page.on("pageerror", lambda why: check(False, f"script: {why}"))
        page.goto(self._path.as_uri())
        yield page
        context.close()


def fits(browser, name):
    for width in ACROSS:
        with browser.at(width) as page:
            wide = page.evaluate("document.documentElement.scrollWidth")
            check(wide <= width, f"{name} at {width}: {wide} pixels wide")
            size, text = page.evaluate(SMALLEST)
            check(size >= (7.5 if width > 390 else 9), f"{name} at {width}: letters of {size:.1f} pixels in {text!r}")


def prints(browser, name):
    for script in (True, False):
        with browser.at(PAPER, java_script_enabled=script) as page:
            page.emulate_media(media="print")
            beyond, folded = page.evaluate(BEYOND), page.evaluate(FOLDED)
            check(not beyond, f"{name} in print, script {script}: beyond the edge {beyond[:3]}")
            check(not folded, f"{name} in print, script {script}: folded {folded[:3]}")
            check(script or len(page.pdf(prefer_css_page_size=True)) > 10_000, f"{name}: no PDF")


def is_clean(browser, name):
    for scheme in ("light", "dark"):
        with browser.at(1024, color_scheme=scheme) as page:
            if scheme == "dark":
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            found = Axe().run(page)
            check(not found.violations_count, f"{name}, {scheme}: {found.generate_report()[:1500] if found.violations_count else ''}")


def keys_reach_values(browser, name):
    with browser.at(1400) as page:
        figures = page.locator(".marks")
        check(figures.count() > 0, f"{name}: no figure speaks")
        page.locator(".marks rect[tabindex='0']").first.focus()
        first, told = page.evaluate(FOCUSED), page.evaluate(TIP)
        check(first and first == told, f"{name}: {first!r} is reached, {told!r} is shown")
        page.keyboard.press("ArrowRight")
        second = page.evaluate(FOCUSED)
        check(second and second != first and page.evaluate(TIP) == second, f"{name}: an arrow leads from {first!r} to {second!r}")
        page.keyboard.press("End")
        page.keyboard.press("Tab")
        check(page.evaluate(FOCUSED) == "", f"{name}: a figure is more than one stop of the keyboard")
        stops = page.locator(".marks rect[tabindex='0']").count()
        check(stops == figures.count(), f"{name}: {stops} stops for {figures.count()} figures")


def pointing_shows_values(browser, name):
    with browser.at(1400) as page:
        rect = page.locator(".marks rect").first
        rect.scroll_into_view_if_needed()
        rect.dispatch_event("mouseover")
        check(page.evaluate(TIP) == rect.get_attribute("aria-label"), f"{name}: pointing shows {page.evaluate(TIP)!r}")
        button = page.locator("figure button").first
        button.click()
        check(page.locator("dialog[open] .sheet svg").count() > 0, f"{name}: no large figure")
        page.keyboard.press("Escape")
        check(page.locator("dialog[open]").count() == 0 and page.locator("figure > .canvas .sheet").count() == page.locator("figure").count(),
              f"{name}: the figure is not where it was")


def tables_sort(browser, name, column):
    """By a column of numbers that the page has somewhere; where a table is long, by a word."""
    with browser.at(1400) as page:
        tables = page.locator("table")
        k = next(i for i in range(tables.count()) if column in tables.nth(i).locator("th button").all_text_contents()
                 and tables.nth(i).is_visible())
        head = tables.nth(k).locator("th").nth(tables.nth(k).locator("th").all_text_contents().index(column))
        for word, backwards in (("ascending", False), ("descending", True)):
            head.locator("button").click()
            values = [float(text) for text in page.evaluate(COLUMN, [k, column])]
            check(head.get_attribute("aria-sort") == word and values == sorted(values, reverse=backwards) and len(set(values)) > 1,
                  f"{name}: {column} {word} is {values}")
        field = page.locator(".filter input").first
        check(field.count() == 1, f"{name}: no long table has a filter")
        field.fill("causal")
        said = page.locator(".filter [role=status]").first.text_content()
        kept, whole = (int(text) for text in said.replace(" rows", "").split(" of "))
        texts = page.locator(".filter + .scroll").first.locator("tbody tr:visible").all_text_contents()
        check(0 < kept < whole and kept == len(texts) and all("causal" in text for text in texts), f"{name}: the filter keeps {said}")


def works_without_script(browser, name):
    with browser.at(1024) as page:
        rows = page.locator("tbody tr").count()
    with browser.at(1024, java_script_enabled=False) as page:
        check(rows == page.locator("tbody tr").count() > 0, f"{name}: rows without script")
        seen = page.evaluate("[...document.querySelectorAll('.sheet')].map((one) => one.firstElementChild.getBoundingClientRect().height)")
        check(seen and min(seen) > 100, f"{name}: heights of figures without script {seen}")
        check(page.locator("main button, main input").count() == 0, f"{name}: something that needs a script")
        titled = page.locator(".marks rect > title").count()
        check(titled == page.locator(".marks rect").count(), f"{name}: places that say nothing without script")


def reported(place, name, files, *options):
    code = report.main([*map(str, files), "-o", str(place / name), "--quiet", *options])
    check(code == 0, f"{name}: the report ended with {code}")
    path = place / name / "index.html"
    check(path.stat().st_size < BYTES, f"{name}: a page of {path.stat().st_size} bytes")
    return path


def looked_at(engine, path, name):
    browser = Browser(engine, path)
    for look in (fits, prints, is_clean, works_without_script):
        look(browser, name)
    return browser


def one_kind(engine, place):
    """Everything, on a small page."""
    browser = looked_at(engine, reported(place, "one", [made(place, "phase", PHASE)]), "one")
    keys_reach_values(browser, "one")
    pointing_shows_values(browser, "one")
    tables_sort(browser, "one", "n")


def made(place, name, text):
    (place / f"{name}.yaml").write_text(text)
    run(PROGRAM, "run", place / f"{name}.yaml", "-o", place / f"{name}.h5", "--quiet")
    return place / f"{name}.h5"


def every_kind(engine, place):
    looked_at(engine, reported(place, "two", [made(place, "phase", PHASE), made(place, "sketch", SKETCH)]), "two")
    for name in KINDS:
        run(PROGRAM, "init", name, "-o", place / f"{name}.yaml")
        run("mpirun", "-n", "2", PROGRAM, "run", place / f"{name}.yaml", "-o", place / f"{name}.h5", "--quiet")
        looked_at(engine, reported(place, name, [place / f"{name}.h5"]), name)


def main():
    if not CHROMIUM.exists():
        print(f"skipped: no {CHROMIUM}")
        return 77
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        engine = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        (every_kind if sys.argv[1:] == ["long"] else one_kind)(engine, pathlib.Path(folder))
        engine.close()
    print("ok" if not failed else f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
