"""Drawing dendrograms."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from . import _native
from ._arrays import as_array, placed
from ._validation import as_linkage

_PALETTE = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9")
_palette: Sequence[str] = _PALETTE

#: Up to so many leaves a label has this size in points, and is turned by so many degrees.
_SIZES = ((20, 12), (30, 10), (50, 8), (85, 6))
_ROTATIONS = ((20, 0), (40, 45))


def set_link_color_palette(palette: Sequence[str] | None) -> None:
    """``scipy.cluster.hierarchy.set_link_color_palette``: the colours of groups below the threshold.

    Parameters
    ----------
    palette : list of str, or None
        Matplotlib's names of colours; None for the default.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.set_link_color_palette(["m", "c", "y"])
    >>> hierarchy.dendrogram(hierarchy.single([1.0, 4.0, 5.0]), no_plot=True)["color_list"]
    ['m', 'C0']
    >>> hierarchy.set_link_color_palette(None)
    """
    global _palette
    if palette is None:
        palette = _PALETTE
    elif not isinstance(palette, (list, tuple)):
        raise TypeError("palette must be a list or tuple")
    if not all(isinstance(color, str) for color in palette):
        raise TypeError("all palette list elements must be color strings")
    _palette = palette


def dendrogram(
    Z: Any,
    p: int = 30,
    truncate_mode: str | None = None,
    color_threshold: float | None = None,
    get_leaves: bool = True,
    orientation: str = "top",
    labels: Any = None,
    count_sort: bool | str = False,
    distance_sort: bool | str = False,
    show_leaf_counts: bool = True,
    no_plot: bool = False,
    no_labels: bool = False,
    leaf_font_size: float | None = None,
    leaf_rotation: float | None = None,
    leaf_label_func: Callable[[int], Any] | None = None,
    show_contracted: bool = False,
    link_color_func: Callable[[int], str] | None = None,
    ax: Any = None,
    above_threshold_color: str = "C0",
) -> dict[str, Any]:
    """``scipy.cluster.hierarchy.dendrogram``: coordinates of a drawing, and the drawing by Matplotlib unless `no_plot`.

    No recursion: a chain of a million merges needs no stack (scipy#7271).

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    p : int
        How much a truncation leaves.
    truncate_mode : {"lastp", "level"}, optional
        Only the last `p` clusters, or only `p` levels.
    color_threshold : float, optional
        Groups below it have a colour each; 0.7 of the greatest height by default.
    get_leaves : bool
        Whether the result has ``leaves``.
    orientation : {"top", "left", "bottom", "right"}
        Where the root is.
    labels : array_like, shape (n,), optional
        Of the observations, instead of their numbers.
    count_sort, distance_sort : {False, True, "ascending", "descending"}
        Which of two parts is drawn first.
    show_leaf_counts, no_labels, leaf_font_size, leaf_rotation, leaf_label_func, show_contracted, link_color_func
        As SciPy's.
    no_plot : bool
        Only the coordinates.
    ax : matplotlib.axes.Axes, optional
        Where to draw.
    above_threshold_color : str

    Returns
    -------
    dict
        ``icoord``, ``dcoord``, ``ivl``, ``leaves``, ``color_list``, ``leaves_color_list``.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> drawn = hierarchy.dendrogram(hierarchy.single([4.0, 1.0, 5.0]), no_plot=True)
    >>> drawn["ivl"], drawn["icoord"]
    (['1', '0', '2'], [[15.0, 15.0, 25.0, 25.0], [5.0, 5.0, 20.0, 20.0]])
    """
    if orientation not in ("top", "left", "bottom", "right"):
        raise ValueError("orientation must be one of 'top', 'left', 'bottom', or 'right'")
    z = placed(Z)
    if labels is not None:
        labels = as_array(labels).tolist()
        if len(labels) != len(z) + 1:
            raise ValueError("Dimensions of Z and labels must be consistent.")
    z = as_linkage(z)
    n = len(z) + 1
    if not isinstance(p, (int, float)):
        raise TypeError("The second argument must be a number")
    if truncate_mode not in ("lastp", "mtica", "level", "none", None):
        raise ValueError("Invalid truncation mode.")
    truncate = {"mtica": "level", "none": None}.get(truncate_mode, truncate_mode)  # type: ignore[arg-type]
    if isinstance(color_threshold, str) and color_threshold == "default":
        color_threshold = None
    by, order = ("count", count_sort) if count_sort else ("distance", distance_sort)
    sort = f"{by}_{'descending' if order == 'descending' else 'ascending'}" if order else None
    threshold = None if color_threshold is None else float(color_threshold)
    icoord, dcoord, groups, nodes, leaves, _, marks = _native.dendrogram(z, truncate, max(int(p), 0), sort, threshold)
    if link_color_func is None:
        colors = [above_threshold_color if group < 0 else _palette[group % len(_palette)] for group in groups]
    else:
        colors = [link_color_func(node) for node in nodes]
        if not all(isinstance(color, str) for color in colors):
            raise TypeError("link_color_func must return a matplotlib color string!")
    result = {
        "icoord": [list(places) for places in icoord],
        "dcoord": [list(heights) for heights in dcoord],
        "ivl": [_label(z, n, leaf, labels, leaf_label_func, show_leaf_counts) for leaf in leaves],
        "leaves": leaves if get_leaves else None,
        "color_list": colors,
    }
    if not no_plot:
        _plot(
            result,
            top=float(z[:, 2].max()),
            orientation=orientation,
            no_labels=no_labels,
            font_size=leaf_font_size,
            rotation=leaf_rotation,
            marks=marks if show_contracted else [],
            ax=ax,
            above=above_threshold_color,
        )
    result["leaves_color_list"] = _leaf_colors(result, len(leaves))
    return result


def _label(
    z: np.ndarray,
    n: int,
    leaf: int,
    labels: list[Any] | None,
    func: Callable[[int], Any] | None,
    counts: bool,
) -> Any:
    if func is not None:
        return func(leaf)
    if leaf >= n:
        return f"({int(z[leaf - n, 3])})" if counts else ""
    return str(leaf) if labels is None else labels[leaf]


def _leaf_colors(result: dict[str, Any], leaves: int) -> list[str | None]:
    """A foot at height 0 in the place of a leaf is that leaf's link; of several, the last, as in SciPy."""
    colors: list[str | None] = [None] * leaves
    for places, heights, color in zip(result["icoord"], result["dcoord"], result["color_list"]):
        for place, height in zip(places, heights):
            if height == 0.0 and place % 10 == 5:
                colors[(int(place) - 5) // 10] = color
    return colors


def _upto(steps: tuple[tuple[int, int], ...], count: int, beyond: int) -> float:
    return float(next((value for most, value in steps if count <= most), beyond))


def _plot(
    result: dict[str, Any],
    *,
    top: float,
    orientation: str,
    no_labels: bool,
    font_size: float | None,
    rotation: float | None,
    marks: list[list[float]],
    ax: Any,
    above: str,
) -> None:
    try:
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Ellipse

        if ax is None:
            from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "You must install the matplotlib library to plot the dendrogram. Use no_plot=True to calculate the "
            "dendrogram without plotting."
        ) from error
    interactive = ax is None
    ax = pyplot.gca() if interactive else ax
    labels, upright = result["ivl"], orientation in ("top", "bottom")
    width, height = 10 * len(labels), 1.05 * top
    heights = (height, 0) if orientation in ("bottom", "left") else (0, height)
    ax.set(xlim=(0, width), ylim=heights) if upright else ax.set(xlim=heights, ylim=(0, width))
    axis = ax.xaxis if upright else ax.yaxis
    if no_labels:
        axis.set_ticks([])
    else:
        opposite = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
        axis.set_ticks(np.arange(5, width + 5, 10))
        axis.set_ticks_position(opposite[orientation])
        for line in axis.get_ticklines():
            line.set_visible(False)
        size = _upto(_SIZES, len(labels), 5) if font_size is None else font_size
        turned = _upto(_ROTATIONS, len(labels), 90) if rotation is None and upright else rotation
        axis.set_ticklabels(labels, size=size, **({} if turned is None else {"rotation": turned}))
    lines: dict[str, list[list[tuple[float, float]]]] = {}
    for places, link, color in zip(result["icoord"], result["dcoord"], result["color_list"]):
        lines.setdefault(color, []).append(list(zip(places, link) if upright else zip(link, places)))
    # Links above the threshold last, over the others.
    for color in sorted(lines, key=lambda color: color == above):
        ax.add_collection(LineCollection(lines[color], colors=(color,)))
    for place, link in marks:
        at, extent = ((place, link), (1.0, height / 100)) if upright else ((link, place), (height / 100, 1.0))
        ellipse = Ellipse(at, width=extent[0], height=extent[1], alpha=0.5, facecolor="k")
        ax.add_artist(ellipse)
        ellipse.set_clip_box(ax.bbox)
    if interactive:
        pyplot.draw_if_interactive()  # type: ignore[no-untyped-call]
