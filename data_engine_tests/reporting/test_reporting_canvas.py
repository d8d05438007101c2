import re
from xml.etree import ElementTree

import pytest

from data_engine.reporting.canvas import Frame, Scale, plot
from data_engine.reporting.marks import Bars, Line, Note, Points, Steps, Whiskers

SVG = "{http://www.w3.org/2000/svg}"


def frame(x=None, y=None):
    return Frame(left=50, top=20, width=100, height=200, x=x or Scale(0, 10), y=y or Scale(0, 100))


def test_the_lower_left_corner_is_the_lowest_of_both_scales():
    assert frame().across([0, 5, 10]).tolist() == [50, 100, 150]
    assert frame().down([0, 25, 100]).tolist() == [220, 170, 20]


def test_a_logarithmic_scale_has_equal_room_for_every_decade():
    assert Scale(1, 1000, is_logarithmic=True).share([1, 10, 100, 1000]).tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert Scale(1, 1000, is_logarithmic=True).share([0]).tolist() == [0]


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        (Scale(0, 100), ["0", "20", "40", "60", "80", "100"]),
        (Scale(0, 1.04), ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (Scale(-0.5, 1), ["-0.5", "-0.25", "0", "0.25", "0.5", "0.75", "1"]),
        (Scale(0, 5200), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        (Scale(0.8, 1300, is_logarithmic=True), ["1", "10", "100", "1,000"]),
        (Scale(3, 30, is_logarithmic=True), ["5", "10", "20"]),
        (Scale(2, 2), ["2"]),
        (Scale(0, 1, ticks=[(0.5, "half")]), ["half"]),
    ],
)
def test_axes_are_marked_at_round_numbers(scale, words):
    assert [said for _, said in scale.marked()] == words


def test_steps_run_from_edge_to_edge_and_leave_out_what_is_no_number():
    drawn = Steps([10, 20, float("nan"), 30], [0, 1, 2, 3, 4], "#000").draw(frame())
    assert re.findall(r'd="([^"]*)"', drawn) == ["M50 200H60V180H70M80 160H90"]


def test_ten_thousand_steps_are_drawn_as_few_as_can_be_seen():
    drawn = Steps(range(10_000), range(10_001), "#000").draw(frame(Scale(0, 10_000), Scale(0, 10_000)))
    assert drawn.count("V") < 340
    assert drawn.endswith('H150" fill="none" stroke="#000" stroke-width="1.8"/>')


def test_bars_stand_on_the_lower_edge_and_none_is_drawn_for_nothing():
    drawn = Bars([0, 5], [2, 6], [50, 0], ["#111", "#222"]).draw(frame())
    assert drawn == '<rect x="50" y="120" width="20" height="100" fill="#111"/>'


def test_a_note_stands_on_the_side_with_more_room():
    assert 'text-anchor="start"' in Note(1, ("short",)).draw(frame())
    assert 'text-anchor="end"' in Note(9, ("short",)).draw(frame())


def test_a_picture_has_a_line_in_its_legend_for_every_named_mark():
    marks = [Line([0, 1], [0, 1], "#111", "one"), Points([1], [1], [3], "#222", "two"), Whiskers([1], [0], [2], "#333")]
    picture = ElementTree.fromstring(plot(4, 3, Scale(0, 1, "across"), Scale(0, 1, "up"), marks))
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert words[:2] == ["one", "two"]
    assert words[-2:] == ["across", "up"]
