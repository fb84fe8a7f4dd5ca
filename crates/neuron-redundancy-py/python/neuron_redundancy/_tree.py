"""Trees of objects, and disjoint sets."""

from __future__ import annotations

from typing import Any, Callable, Hashable, Iterable, Iterator

import numpy as np

from ._validation import as_linkage


class ClusterNode:
    """A node of a tree: ``scipy.cluster.hierarchy.ClusterNode``.

    Parameters
    ----------
    id : int
    left, right : ClusterNode, optional
        Both or none.
    dist : float
        The height of the merge.
    count : int
        Observations below it; of a merge, the sum of its parts'.

    Examples
    --------
    >>> from neuron_redundancy.hierarchy import ClusterNode
    >>> ClusterNode(2, ClusterNode(0), ClusterNode(1), 0.5)
    <ClusterNode 2: 2 observations at 0.5>
    """

    def __init__(
        self,
        id: int,
        left: ClusterNode | None = None,
        right: ClusterNode | None = None,
        dist: float = 0.0,
        count: int = 1,
    ) -> None:
        if id < 0:
            raise ValueError("The id must be non-negative.")
        if dist < 0:
            raise ValueError("The distance must be non-negative.")
        if (left is None) != (right is None):
            raise ValueError("Only full or proper binary trees are permitted.  This node has one child.")
        if count < 1:
            raise ValueError("A cluster must contain at least one original observation.")
        self.id = id
        self.left = left
        self.right = right
        self.dist = dist
        self.count: int = count if left is None or right is None else left.count + right.count

    def __lt__(self, node: object) -> bool:
        return self.dist < _height(node)

    def __gt__(self, node: object) -> bool:
        return self.dist > _height(node)

    def __eq__(self, node: object) -> bool:
        return self.dist == _height(node)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<ClusterNode {self.id}: {self.count} observations at {self.dist:g}>"

    def get_id(self) -> int:
        """The number of the observation, or n + the row of the merge."""
        return self.id

    def get_count(self) -> int:
        """Observations at or below it."""
        return self.count

    def get_left(self) -> ClusterNode | None:
        """The left part; None of an observation."""
        return self.left

    def get_right(self) -> ClusterNode | None:
        """The right part; None of an observation."""
        return self.right

    def is_leaf(self) -> bool:
        """Whether it is an observation."""
        return self.left is None

    def pre_order(self, func: Callable[[ClusterNode], Any] = lambda node: node.id) -> list[Any]:
        """`func` of the observations below it, left to right, without recursion."""
        found, pending = [], [self]
        while pending:
            node = pending.pop()
            if node.left is None or node.right is None:
                found.append(func(node))
            else:
                pending += [node.right, node.left]
        return found


def _height(node: object) -> float:
    if not isinstance(node, ClusterNode):
        raise ValueError(f"Can't compare ClusterNode to type {type(node)}")
    return node.dist


def to_tree(Z: Any, rd: bool = False) -> Any:
    """``scipy.cluster.hierarchy.to_tree``: a tree as objects.

    Parameters
    ----------
    Z : ndarray of float64, shape (n - 1, 4)
        Merges, as :func:`linkage` gives them.
    rd : bool
        Whether all nodes are wanted too.

    Returns
    -------
    root : ClusterNode
    nodes : list of ClusterNode
        Only with `rd`: by number.

    Examples
    --------
    >>> from neuron_redundancy import hierarchy
    >>> hierarchy.to_tree(hierarchy.average([0.1, 0.8, 0.9])).pre_order()
    [2, 0, 1]
    """
    z = as_linkage(Z)
    n = len(z) + 1
    nodes = [ClusterNode(i) for i in range(n)]
    for row, (left, right, height, count) in enumerate(z):
        for column, child in enumerate((left, right)):
            if child >= n + row:
                raise ValueError(
                    "Corrupt matrix Z. Index to derivative cluster is used before it is formed. "
                    f"See row {row}, column {column}"
                )
        node = ClusterNode(n + row, nodes[int(left)], nodes[int(right)], height)
        if count != node.count:
            raise ValueError(f"Corrupt matrix Z. The count Z[{row},3] is incorrect.")
        nodes.append(node)
    return (nodes[-1], nodes) if rd else nodes[-1]


class DisjointSet:
    """Sets that can be merged: ``scipy.cluster.hierarchy.DisjointSet``.

    Parameters
    ----------
    elements : iterable of hashable, optional
        Each in a set of its own at first.

    Attributes
    ----------
    n_subsets : int

    Examples
    --------
    >>> from neuron_redundancy.hierarchy import DisjointSet
    >>> sets = DisjointSet([1, 2, 3, "a"])
    >>> sets.merge(1, 2), sets.merge(3, "a"), sets.merge(3, "a")
    (True, True, False)
    >>> sets[2], sets["a"], sets.n_subsets, list(sets)
    (1, 3, 2, [1, 2, 3, 'a'])
    """

    def __init__(self, elements: Iterable[Hashable] | None = None) -> None:
        self.n_subsets = 0
        self._sizes: dict[Hashable, int] = {}
        self._parents: dict[Hashable, Hashable] = {}
        self._members: dict[Hashable, list[Hashable]] = {}
        self._order: dict[Hashable, int] = {}
        for element in elements if elements is not None else ():
            self.add(element)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, x: Hashable) -> bool:
        return x in self._order

    def __getitem__(self, x: Hashable) -> Hashable:
        """The root of the set that `x` is in."""
        if x not in self._order:
            raise KeyError(x)
        while self._parents[x] != x:
            self._parents[x] = self._parents[self._parents[x]]
            x = self._parents[x]
        return x

    def add(self, x: Hashable) -> None:
        """A set of `x` alone, unless it is there."""
        if x in self._order:
            return
        self._order[x] = len(self._order)
        self._parents[x], self._sizes[x], self._members[x] = x, 1, [x]
        self.n_subsets += 1

    def merge(self, x: Hashable, y: Hashable) -> bool:
        """Merge the sets of two elements; whether they were two. The larger keeps its root, the earlier of equal ones."""
        a, b = self[x], self[y]
        if self._order[a] == self._order[b]:
            return False
        if (self._sizes[a], self._order[b]) < (self._sizes[b], self._order[a]):
            a, b = b, a
        self._parents[b] = a
        self._sizes[a] += self._sizes[b]
        self._members[a] += self._members.pop(b)
        self.n_subsets -= 1
        return True

    def connected(self, x: Hashable, y: Hashable) -> bool:
        """Whether two elements are in one set."""
        return self._order[self[x]] == self._order[self[y]]

    def subset(self, x: Hashable) -> set[Hashable]:
        """The set that `x` is in."""
        return set(self._members[self[x]])

    def subset_size(self, x: Hashable) -> int:
        """How many elements that set has."""
        return self._sizes[self[x]]

    def subsets(self) -> list[set[Hashable]]:
        """All sets."""
        return [set(members) for members in self._members.values()]
