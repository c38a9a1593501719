"""The kernels: one contract, three backends.

Each backend is a module with the same three functions,

- ``weights(counter, block, sample_weight, n_threads)``
- ``predictions(counter, block, y_true, y_pred, sample_weight, out, scale, n_threads)``
- ``linear(counter, block, X, y, sample_weight, theta, intercept, grad, columns,
  n_threads)``

that count rows into a `BlockCounter`. Their arguments have passed the gate.
"""
