"""scikit-learn's own suite for estimators, and which of its checks do not apply to networks, and why."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from jkeras.layers import Dense
from jkeras.models import Sequential
from jkeras.wrappers.scikit_learn import KerasClassifier, KerasRegressor

WEIGHTS = "the loss is divided by the number of samples with a weight, as in Keras 1, not by the sum of the weights"
NOT_APPLICABLE = {
    "check_no_attributes_set_in_init": "Keras 1's attribute sk_params holds the parameters",
    "check_do_not_raise_errors_in_init_or_set_params": "the suite gives sk_params, which is no parameter but all others",
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS,
}
FOR_CLASSIFIERS = {
    **NOT_APPLICABLE,
    "check_supervised_y_2d": "a column of labels is as good as a row, as in Keras 1, and gives no warning",
}
FOR_REGRESSORS = {
    **NOT_APPLICABLE,
    "check_regressor_multioutput": "predictions are of K.floatx(), float32; the suite wants float64",
}


class Classifier(KerasClassifier):
    def __call__(self, init="uniform"):
        np.random.seed(0)  # the suite compares fits: a network begins with random weights
        n = len(self.classes_)
        activation = "softmax" if n > 1 else "sigmoid"
        model = Sequential([Dense(n, input_dim=self.n_features_in_, init=init, activation=activation)])
        model.compile("sgd", "categorical_crossentropy" if n > 1 else "binary_crossentropy")
        return model


class Regressor(KerasRegressor):
    def __call__(self, init="uniform"):
        np.random.seed(0)  # the suite compares fits: a network begins with random weights
        model = Sequential([Dense(self.n_outputs_, input_dim=self.n_features_in_, init=init)])
        model.compile("sgd", "mse")
        return model


# One batch an epoch: a last, smaller one would be compiled too.
OPTIONS = {"nb_epoch": 1, "batch_size": 512, "verbose": 0}


@pytest.mark.filterwarnings("ignore:.*is a sparse matrix:UserWarning")
@parametrize_with_checks(
    [Classifier(**OPTIONS), Regressor(**OPTIONS)],
    expected_failed_checks=lambda estimator: FOR_REGRESSORS if isinstance(estimator, Regressor) else FOR_CLASSIFIERS,
)
def test_scikit_learns_suite(estimator, check):
    check(estimator)
