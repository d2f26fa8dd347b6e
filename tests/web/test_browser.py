"""The page in a real browser: replay, play, dream, fork, record; on wide screens and a phone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from arcworld.recordings.reader import read_recording

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
WATCH = """() => {
    const screens = document.querySelector('#replay-screens');
    window.seen = '';
    const look = () => { window.seen += screens.innerText; };
    new MutationObserver(look).observe(screens, { subtree: true, childList: true });
}"""
"""Keeps all that the captions say: a grid is shown for less time than it takes to ask."""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


def open_room(page: Any, served: Any, room: str) -> None:
    page.goto(f"{served.address}/#{room}")
    page.wait_for_selector(f"#{room} canvas:visible")
    ready = "#play-line button" if room == "play" else f"#{room}-facts dd"
    page.wait_for_selector(ready)


def fact(page: Any, room: str, name: str) -> str:
    """What the list of facts says beside a name."""
    return page.locator(f"#{room}-facts div", has_text=name).first.locator("dd").inner_text()


def thought(page: Any) -> None:
    page.wait_for_selector("#replay-screens .waiting", state="detached")


def steps_played(page: Any) -> int:
    return page.locator("#play-line button").count()


def reached(page: Any, count: int) -> None:
    """Wait for that many steps."""
    page.wait_for_selector(f"#play-line button:nth-child({count})")


def press(page: Any, key: str) -> None:
    """Press a key that plays, and wait for the step it makes."""
    before = steps_played(page)
    page.keyboard.press(key)
    reached(page, before + 1)


def test_replays_a_demo(page: Any, served: Any, shots: Path) -> None:
    open_room(page, served, "replay")
    thought(page)
    assert fact(page, "replay", "step").startswith("1 of")
    assert "not trained on" in fact(page, "replay", "run")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert fact(page, "replay", "step").startswith("12 of")
    page.keyboard.press("n")
    assert fact(page, "replay", "outcome") == "level won"
    thought(page)
    assert page.locator("#replay-bars tr.taken").count() == 1
    page.keyboard.press("j")
    thought(page)
    page.screenshot(path=shots / "replay-light.png")
    page.keyboard.press("t")
    page.screenshot(path=shots / "replay-dark.png")


def test_replays_at_twenty_frames_a_second(page: Any, served: Any) -> None:
    """A machine that is busy may drop some; half of them never."""
    open_room(page, served, "replay")
    thought(page)
    began, at = time.perf_counter(), int(fact(page, "replay", "step").split()[0])
    page.keyboard.press(" ")
    page.wait_for_timeout(3000)
    page.keyboard.press(" ")
    seconds = time.perf_counter() - began
    frames = int(fact(page, "replay", "step").split()[0]) - at
    print(f"{frames / seconds:.1f} frames a second in replay")
    assert frames / seconds > 10


def test_paints_at_once(page: Any, served: Any) -> None:
    """The best of three: other processes may hold the clock."""
    painted: list[float] = []
    for _ in range(3):
        page.goto("about:blank")
        page.goto(served.address)
        page.wait_for_selector("#replay canvas")
        painted.append(page.evaluate(PAINTED))
    print(f"first paint after {min(painted):.0f} ms")
    assert min(painted) < 1000


def test_an_animation_plays(page: Any, served: Any) -> None:
    open_room(page, served, "replay")
    at = next(
        number
        for number in range(400)
        if int(served.api.library.recording_view(0).at(number)[0].grids_T[number + 1]) > 1
    )
    page.evaluate(WATCH)
    for _ in range(at):
        page.keyboard.press("ArrowRight")
    until = time.monotonic() + 20
    while not page.evaluate("seen.includes('grid 2 of')") and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert "grid 1 of" in page.evaluate("seen")
    assert "grid 2 of" in page.evaluate("seen")


def test_plays_dreams_forks_and_records(page: Any, served: Any, shots: Path) -> None:
    open_room(page, served, "play")
    assert page.locator("#play-game").input_value() == "keys"
    for number in range(10):
        press(page, ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp")[number % 4])
    assert "10 predicted" in page.locator("#play-screens").inner_text()
    page.keyboard.press("o")
    page.wait_for_selector("#play-facts dt:has-text('recording to')")
    press(page, "1")
    path = Path(fact(page, "play", "recording to"))
    page.screenshot(path=shots / "play-light.png")
    page.keyboard.press("o")
    page.wait_for_selector("#play-facts dt:has-text('recording to')", state="detached")
    recording = read_recording(path)
    assert recording.usable and recording.steps == 11 and recording.problems == ()
    for _ in range(5):
        page.keyboard.press(",")
        page.wait_for_timeout(100)
    page.wait_for_selector("#play-facts dd.banner:has-text('6 of 11')")
    page.keyboard.press("2")
    page.wait_for_selector("#play-line:not(:has(button:nth-child(9))) button:nth-child(8)")
    page.keyboard.press("b")
    reached(page, 12)
    page.keyboard.press("b")
    page.wait_for_selector("#play-line:not(:has(button:nth-child(9))) button:nth-child(8)")
    page.keyboard.press("w")
    page.wait_for_selector("#play-screens :text('0 predicted')")
    press(page, "s")
    assert fact(page, "play", "chosen by") != "you"
    page.keyboard.press("t")
    page.screenshot(path=shots / "play-dark.png")


def test_dreams_alone(page: Any, served: Any) -> None:
    open_room(page, served, "play")
    page.keyboard.press("d")
    began = time.perf_counter()
    for number in range(20):
        press(page, ("ArrowRight", "ArrowLeft")[number % 2])
    seconds = time.perf_counter() - began
    print(f"{20 / seconds:.1f} dream steps a second in the page")
    assert "20 predicted" in page.locator("#play-screens").inner_text()
    assert page.locator("#play-line button.dreamt").count() == 20


def test_clicks_the_frame(page: Any, served: Any, shots: Path) -> None:
    open_room(page, served, "play")
    page.locator("#play-game").select_option("mosaic")
    page.wait_for_selector("#play-facts dd:has-text('6 click')")
    box = page.locator("#play-screens canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 30.5 / 64, box["y"] + box["height"] * 40.5 / 64)
    page.wait_for_selector("#play-line button:has-text('click 30, 40')")
    page.keyboard.press("c")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_selector("#play-line button:has-text('click 32, 24')")
    page.keyboard.press("1")
    page.wait_for_selector("#trouble:has-text('not available')")
    page.wait_for_selector("#play-screens .waiting", state="detached")
    page.screenshot(path=shots / "play-clicks.png")


def test_the_agent_plays_and_hands_back(page: Any, served: Any) -> None:
    open_room(page, served, "play")
    page.keyboard.press("h")
    reached(page, 4)
    page.keyboard.press("h")
    page.wait_for_timeout(1500)
    now = steps_played(page)
    press(page, "1")
    assert steps_played(page) == now + 1


def test_compares_two_runs(page: Any, served: Any, shots: Path) -> None:
    open_room(page, served, "compare")
    page.wait_for_selector("#compare-screens .waiting", state="detached")
    page.locator("#compare-right").select_option("-1")
    page.keyboard.press("n")
    page.wait_for_selector("#compare-screens .waiting", state="detached")
    assert "baseline" in page.locator("#compare-facts").inner_text()
    page.screenshot(path=shots / "compare-light.png")


@pytest.mark.parametrize("room", ["replay", "play", "compare"])
def test_fits_a_phone(page: Any, served: Any, shots: Path, room: str) -> None:
    page.set_viewport_size(PHONE)
    open_room(page, served, room)
    page.wait_for_selector(f"#{room}-screens .waiting", state="detached")
    assert page.evaluate(OVERFLOW) <= 0
    page.screenshot(path=shots / f"{room}-phone.png", full_page=True)
    page.set_viewport_size(WIDE)
    assert page.evaluate(OVERFLOW) <= 0


def test_is_labelled(page: Any, served: Any) -> None:
    """Whatever can be pressed, chosen or seen has a name."""
    for room in ("replay", "play", "compare"):
        open_room(page, served, room)
        nameless = page.evaluate("""[...document.querySelectorAll('button, select, canvas')]
            .filter(e => !(e.ariaLabel || e.innerText.trim() || e.labels?.length)).length""")
        assert nameless == 0


def test_two_tabs_play_apart(browser: Any, served: Any) -> None:
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        open_room(page, served, "play")
    press(first, "1")
    press(first, "2")
    press(second, "3")
    assert (steps_played(first), steps_played(second)) == (3, 2)
    context.close()


def test_a_tab_closed_in_mid_dream_lets_go(browser: Any, served: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    before = len(served.api.tabs)
    open_room(page, served, "play")
    page.keyboard.press("d")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.close(run_before_unload=False)
    until = time.monotonic() + 20
    while len(served.api.tabs) > before and time.monotonic() < until:
        time.sleep(0.1)
    assert len(served.api.tabs) <= before
    assert served.get("about").status_code == 200
    context.close()


def test_an_unreadable_recording_shows_an_error(page: Any, served: Any, shots: Path) -> None:
    open_room(page, served, "replay")
    page.keyboard.press("]")
    page.wait_for_selector("#trouble:has-text('zz-broken.jsonl')")
    page.screenshot(path=shots / "trouble.png")
    page.keyboard.press("[")
    page.wait_for_selector("#replay-facts dd:has-text('1 of')")
