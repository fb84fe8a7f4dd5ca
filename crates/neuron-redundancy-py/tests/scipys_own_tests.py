"""A pytest plugin that puts our functions in the place of SciPy's: with it SciPy's own tests test ours.

    pytest -p scipys_own_tests --pyargs scipy.cluster.tests.test_hierarchy

Nothing of SciPy is copied: the tests are those of the SciPy that is installed.
"""

import scipy.cluster.hierarchy as scipys
from scipy._lib._array_api import xp_capabilities_table
from neuron_redundancy import hierarchy as ours

# SciPy's class of warnings stays: ours raises it where SciPy is loaded.
replaced = [name for name in ours.__all__ if name != "ClusterWarning" and hasattr(scipys, name)]
for name in replaced:
    # Which array libraries a function takes, its tests look up by the function itself.
    if getattr(scipys, name) in xp_capabilities_table:
        xp_capabilities_table[getattr(ours, name)] = xp_capabilities_table[getattr(scipys, name)]
    setattr(scipys, name, getattr(ours, name))


def pytest_report_header() -> str:
    missing = sorted(set(scipys.__all__) - set(replaced))
    assert not missing, f"SciPy has public names that we have not: {missing}"
    return f"scipy.cluster.hierarchy: {len(replaced)} functions and classes are ours"
