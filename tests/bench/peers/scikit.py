"""scikit-learn's PolynomialCountSketch: features of rows, the same sketch as `tensorsketch`."""
import numpy as np
import sklearn
from sklearn.kernel_approximation import PolynomialCountSketch

from . import precision


def about():
    return {"version": sklearn.__version__}


def features(rows, d, degree, count, precision_name):
    x = np.random.default_rng(1).standard_normal((rows, d)).astype(precision(precision_name))
    sketch = PolynomialCountSketch(degree=degree, n_components=count, random_state=1).fit(x)
    return lambda: sketch.transform(x) is None


JOBS = {"features": features}
