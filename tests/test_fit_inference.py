"""Linear.fit against numbers that statsmodels 0.15 gave, to ten digits and more."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

import fastmse as fm

X = np.array(
    [[1, 9], [2, 7], [3, 8], [5, 1], [6, 4], [8, 2], [9, 6], [12, 3], [14, 0], [15, 5]], float
)
y = np.array([3.1, 4.9, 5.2, 11.3, 10.1, 14.9, 13.2, 21.7, 27.3, 23.6])
w = np.array([1, 2, 1, 3, 1, 1, 2, 1, 1, 2])
new = np.array([[4.0, 4.0], [20.0, 10.0]])

QUOTED = {
    # sm.OLS(y, sm.add_constant(X)).fit()
    "plain": {
        "theta": [5.134900639946, 1.445688784102, -0.5439036712698],  # .params
        "stderr": [1.576858973553, 0.114060962274, 0.1873160816944],  # .bse
        "tvalues": [3.256410830688, 12.67470267899, -2.90366778095],  # .tvalues
        "pvalues": [0.01393329570007, 4.401072863714e-06, 0.02286601678218],  # .pvalues
        "sse": 13.10956685753,  # .ssr
        "s2": 1.872795265361,  # .mse_resid
        "loglik": -15.54317115777,  # .llf
        "aic": 37.08634231555,  # .aic
        "bic": 37.99409759453,  # .bic
        "r2": 0.9791627522963,  # .rsquared
        "r2_adj": 0.9732092529524,  # .rsquared_adj
        "fvalue": 164.4684404474,  # .fvalue
        "f_pvalue": 1.305994177049e-06,  # .f_pvalue
        "HC0": [0.9005248308838, 0.06873134546583, 0.1343530182839],  # .HC0_se
        "HC1": [1.076333041288, 0.0821496704588, 0.1605825712033],  # .HC1_se
        "HC2": [1.109825426038, 0.08570176937671, 0.1669069417569],  # .HC2_se
        "HC3": [1.4110241256, 0.1098924726765, 0.2106597194958],  # .HC3_se
        "conf_int": [
            [1.406221669741, 8.863579610151],
            [1.175977466549, 1.715400101656],
            [-0.9868358207577, -0.1009715217819],
        ],
        # .get_prediction(new).summary_frame(alpha=0.1)
        "confidence": [
            [8.742041091277, 7.544023880764, 9.940058301789],
            [28.6096396093, 24.36182558962, 32.85745362898],
        ],
        "prediction": [
            [8.742041091277, 5.885905735484, 11.59817644707],
            [28.6096396093, 23.63307574658, 33.58620347201],
        ],
    },
    # sm.OLS(y, X).fit()
    "origin": {
        "theta": [1.765162738781, -0.02121692584794],  # .params
        "stderr": [0.08630740912462, 0.1432387353618],  # .bse
        "tvalues": [20.45204179669, -0.1481228230223],  # .tvalues
        "pvalues": [3.417433697199e-08, 0.8859112456609],  # .pvalues
        "sse": 32.96908394429,  # .ssr
        "s2": 4.121135493036,  # .mse_resid
        "loglik": -20.15431122795,  # .llf
        "aic": 44.3086224559,  # .aic
        "bic": 44.91379264189,  # .bic
        "r2": 0.9865965712189,  # .rsquared
        "r2_adj": 0.9832457140236,  # .rsquared_adj
        "fvalue": 294.4311003795,  # .fvalue
        "f_pvalue": 3.227480628379e-08,  # .f_pvalue
        "HC0": [0.09151937425619, 0.1083605979194],  # .HC0_se
        "HC1": [0.1023217710475, 0.1211508315152],  # .HC1_se
        "HC2": [0.110439135627, 0.1309089280022],  # .HC2_se
        "HC3": [0.1338588964382, 0.1592371908382],  # .HC3_se
        "conf_int": [[1.566137496441, 1.964187981121], [-0.3515260419138, 0.3090921902179]],
        # .get_prediction(new).summary_frame(alpha=0.1)
        "confidence": [
            [6.975783251731, 6.07911779616, 7.872448707302],
            [35.09108551714, 32.24381144671, 37.93835958757],
        ],
        "prediction": [
            [6.975783251731, 3.095762470079, 10.85580403338],
            [35.09108551714, 30.3627113823, 39.81945965197],
        ],
    },
    # sm.WLS(y, sm.add_constant(X), weights=w).fit()
    "precision": {
        "theta": [5.113968232988, 1.422950850142, -0.5393395055482],  # .params
        "stderr": [1.183758712654, 0.0919920837012, 0.1540910060144],  # .bse
        "tvalues": [4.320110321743, 15.46818805371, -3.500136182495],  # .tvalues
        "pvalues": [0.003479718246165, 1.13952965792e-06, 0.009991207602811],  # .pvalues
        "sse": 16.58018202733,  # .ssr
        "s2": 2.368597432476,  # .mse_resid
        "loglik": -15.12847359378,  # .llf
        "aic": 36.25694718757,  # .aic
        "bic": 37.16470246655,  # .bic
        "r2": 0.9796394636069,  # .rsquared
        "r2_adj": 0.9738221674945,  # .rsquared_adj
        "fvalue": 168.4011686342,  # .fvalue
        "f_pvalue": 1.204376445311e-06,  # .f_pvalue
        "HC0": [0.5959629313685, 0.05662912808668, 0.1132897017162],  # .HC0_se
        "HC1": [0.7123119456744, 0.06768475401086, 0.1354070926342],  # .HC1_se
        "HC2": [0.903248783097, 0.07187205819581, 0.1473483178104],  # .HC2_se
        "HC3": [1.498111665071, 0.09813902794378, 0.2086594114582],  # .HC3_se
        "conf_int": [
            [2.314823673013, 7.913112792964],
            [1.205424138068, 1.640477562217],
            [-0.9037068353222, -0.1749721757742],
        ],
        # .get_prediction(new).summary_frame(alpha=0.1)
        "confidence": [
            [8.648413611365, 7.663633317322, 9.633193905408],
            [28.17959018035, 24.89382152364, 31.46535883706],
        ],
        "prediction": [
            [8.648413611365, 5.570800512288, 11.72602671044],
            [28.17959018035, 23.7866201343, 32.57256022641],
        ],
    },
    # sm.OLS(y.repeat(w), sm.add_constant(X).repeat(w, axis=0)).fit()
    "frequency": {
        "theta": [5.113968232988, 1.422950850142, -0.5393395055482],  # .params
        "stderr": [0.9041106508832, 0.07026011448291, 0.1176889498288],  # .bse
        "tvalues": [5.656352159985, 20.25261217712, -4.582753999697],  # .tvalues
        "pvalues": [0.0001062063667996, 1.204603120949e-10, 0.0006294257616624],  # .pvalues
        "sse": 16.58018202733,  # .ssr
        "s2": 1.381681835611,  # .mse_resid
        "loglik": -22.03526245262,  # .llf
        "aic": 50.07052490525,  # .aic
        "bic": 52.19467550856,  # .bic
        "r2": 0.9796394636069,  # .rsquared
        "r2_adj": 0.9762460408747,  # .rsquared_adj
        "fvalue": 288.6877176587,  # .fvalue
        "f_pvalue": 7.124186681588e-11,  # .f_pvalue
        "HC0": [0.4389138988019, 0.04859382700566, 0.09703021834786],  # .HC0_se
        "HC1": [0.4907206569953, 0.05432955023576, 0.1084830820487],  # .HC1_se
        "HC2": [0.4884977328833, 0.05555888433147, 0.1121463821426],  # .HC2_se
        "HC3": [0.5462635310209, 0.06380532106701, 0.130103638873],  # .HC3_se
        "conf_int": [
            [3.144080347405, 7.083856118571],
            [1.269867211293, 1.576034488992],
            [-0.7957616993453, -0.2829173117511],
        ],
        # .get_prediction(new).summary_frame(alpha=0.1)
        "confidence": [
            [8.648413611365, 7.940854231447, 9.355972991283],
            [28.17959018035, 25.81878295527, 30.54039740544],
        ],
        "prediction": [
            [8.648413611365, 6.437165042336, 10.85966218039],
            [28.17959018035, 25.02326467244, 31.33591568827],
        ],
    },
}

KINDS = ["HC0", "HC1", "HC2", "HC3"]
DERIVED = [name for name in QUOTED["plain"] if name not in {*KINDS, "confidence", "prediction"}]

RTOL = 1e-11
"""statsmodels works by a pseudoinverse in float64: its own last digits, the condition is 30."""


def options(case):
    return {} if case in ("plain", "origin") else {"sample_weight": w, "weight_type": case}


def fitted(case, method):
    model = fm.Linear(intercept=case != "origin")
    return model.fit(X, y, method=method, **options(case))


def from_statistics(case, precision):
    given = {"intercept": case != "origin", "precision": precision}
    if case == "precision":
        given["weight_type"] = case
    statistics = fm.SufficientStatistics(2, **given)
    statistics.update(X[:4], y[:4], options(case).get("sample_weight", np.ones(10))[:4])
    statistics.update(X[4:], y[4:], options(case).get("sample_weight", np.ones(10))[4:])
    return statistics.fit()


@pytest.mark.parametrize("method", ["auto", "gram", "gram2"])
@pytest.mark.parametrize("case", QUOTED)
def test_a_fit_is_that_of_statsmodels(case, method):
    fit, quoted = fitted(case, method), QUOTED[case]
    for name in DERIVED:
        value = fit.conf_int() if name == "conf_int" else getattr(fit, name)
        np.testing.assert_allclose(value, quoted[name], rtol=RTOL, err_msg=name)
    for kind in KINDS:
        np.testing.assert_allclose(fit.robust(kind), quoted[kind], rtol=RTOL, err_msg=kind)
    for interval in ("confidence", "prediction"):
        value = fit.predict(new, interval=interval, level=0.9)
        np.testing.assert_allclose(value, quoted[interval], rtol=RTOL, err_msg=interval)


@pytest.mark.parametrize("precision", ["double", "double-double"])
@pytest.mark.parametrize("case", QUOTED)
def test_a_fit_of_statistics_is_that_of_statsmodels(case, precision):
    fit, quoted = from_statistics(case, precision), QUOTED[case]
    for name in DERIVED:
        value = fit.conf_int() if name == "conf_int" else getattr(fit, name)
        np.testing.assert_allclose(value, quoted[name], rtol=RTOL, err_msg=name)
    value = fit.predict(new, interval="prediction", level=0.9)
    np.testing.assert_allclose(value, quoted["prediction"], rtol=RTOL)


def test_robust_is_one_pass_over_any_storage():
    """Of 9000 rows, three blocks, in float32 columns: as statsmodels of the same values."""
    rng = np.random.default_rng(2)
    many = rng.standard_normal((9000, 3)).astype(np.float32)
    target = (many.sum(axis=1) + rng.standard_normal(9000) * (1 + many[:, 0] ** 2)).astype("f4")
    expected = sm.OLS(target.astype(float), sm.add_constant(many.astype(float))).fit()
    fit = fm.Linear(intercept=True).fit(np.asfortranarray(many), target)
    for kind in KINDS:
        theirs = getattr(expected, f"{kind}_se")
        np.testing.assert_allclose(fit.robust(kind), theirs, rtol=1e-10, err_msg=kind)


def test_the_numbers_quoted_are_those_of_the_installed_statsmodels():
    D = sm.add_constant(X)
    results = {
        "plain": sm.OLS(y, D).fit(),
        "origin": sm.OLS(y, X).fit(),
        "precision": sm.WLS(y, D, weights=w).fit(),
        "frequency": sm.OLS(y.repeat(w), D.repeat(w, axis=0)).fit(),
    }
    for case, result in results.items():
        np.testing.assert_allclose(result.params, QUOTED[case]["theta"], rtol=1e-11)
        np.testing.assert_allclose(result.HC3_se, QUOTED[case]["HC3"], rtol=1e-11)
