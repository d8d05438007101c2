from io import StringIO

from rich.console import Console

from data_engine.terminal.thumbnails import as_text

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def test_two_rows_of_pixels_are_one_line_and_an_odd_one_has_no_ground() -> None:
    text = as_text([[RED, BLUE], [WHITE, RED], [BLUE, BLUE]])
    assert text.plain == "▀▀\n▀▀"
    written = StringIO()
    Console(file=written, force_terminal=True, color_system="truecolor").print(text)
    assert written.getvalue().splitlines() == [
        "\x1b[38;2;255;0;0;48;2;255;255;255m▀\x1b[0m\x1b[38;2;0;0;255;48;2;255;0;0m▀\x1b[0m",
        "\x1b[38;2;0;0;255m▀\x1b[0m" * 2,
    ]
