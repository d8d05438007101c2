from io import BytesIO

from PIL import Image

from data_engine.reporting.plots.plot_style import Plot, draw_steps, logarithmic, new_figure, nothing, shortened


def test_a_name_is_cut_to_fit() -> None:
    assert shortened("baking", 6) == "baking"
    assert shortened("bakings", 6) == "bakin…"


def test_a_figure_has_its_size_in_inches_at_130_dots_each_and_the_same_bytes_every_time() -> None:
    png = Plot(new_figure(2, 1)[0], "").png()
    assert Image.open(BytesIO(png)).size == (260, 130)
    assert Plot(new_figure(2, 1)[0], "").png() == png


def test_a_dollar_sign_is_no_formula() -> None:
    figure, axes = new_figure(2, 1)
    axes.set_title("$\\broken{ and $")
    assert Plot(figure, "").png().startswith(b"\x89PNG")
    assert ">$\\broken{ and $</text>" in Plot(figure, "").svg()


def test_what_a_class_is_called_stays_as_it_is_in_an_svg() -> None:
    figure, axes = new_figure(2, 1)
    axes.set_title('<b id="x">#1f2933 0.12345 & more')
    assert '>&lt;b id="x"&gt;#1f2933 0.12345 &amp; more</text>' in Plot(figure, "").svg()
    assert '<svg viewBox="0 0 144 72" role="img" aria-label="a &lt;b&gt; &amp; c">' in Plot(figure, "a <b> & c").svg()


def test_steps_hold_each_value_to_the_next_edge() -> None:
    _, axes = new_figure(2, 1)
    draw_steps(axes, [3, 1], [0, 10, 20], color="red")
    (line,) = axes.get_lines()
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([0, 10, 20], [3.0, 1.0, 1.0])
    assert line.get_drawstyle() == "steps-post"


def test_a_logarithmic_axis_has_plain_numbers() -> None:
    _, axes = new_figure(2, 1)
    logarithmic(axes)
    assert axes.get_yscale() == "log"
    assert [axes.yaxis.get_major_formatter()(value, 0) for value in (0.1, 1, 100_000)] == ["0.1", "1", "100,000"]


def test_a_plot_of_nothing_is_an_image_that_says_why() -> None:
    said, other = nothing("no labels yet"), nothing("no tree yet")
    assert Image.open(BytesIO(said.png())).size == (936, 117)
    assert said.png() != other.png()
