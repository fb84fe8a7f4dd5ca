"""Every cell of docs/tour.ipynb, in order."""

import ast
import json
from pathlib import Path

import matplotlib

FILE = Path(__file__).parents[3] / "docs/tour.ipynb"


def test_every_cell_of_the_tour_runs_and_draws(monkeypatch):
    matplotlib.use("Agg")
    from matplotlib import pyplot

    cells = [cell for cell in json.loads(FILE.read_text())["cells"] if cell["cell_type"] == "code"]
    monkeypatch.chdir(FILE.parent)
    drawn, names = [], {}
    monkeypatch.setattr(pyplot, "show", lambda: drawn.append(pyplot.gcf().get_axes()))
    for number, cell in enumerate(cells):
        code = compile(ast.parse("".join(cell["source"])), f"tour.ipynb, cell {number}", "exec")
        exec(code, names)
    pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"])
    assert pictures == len(drawn) == 4
    assert all(axes and any(axis.has_data() for axis in axes) for axes in drawn)
    pyplot.close("all")
