"""Whole-sequence LSTM and GRU with hand-written gradients; a softmax loss that never holds all logits.

Keras steps a recurrent layer one word at a time and leaves the gradient to automatic differentiation, which
adds a full-size weight gradient at every step. Here the input product of all steps is one matrix product,
the loop keeps only what the gradient needs, and each weight gradient is one product after the loop. The
weights and their layout are those of `keras.layers.LSTM` and `keras.layers.GRU(reset_after=True)`, and so
are the results (tests hold both to Keras).

Sequences are time-major here, `[T, B, ...]`. `compute` is the type of the matrix products, `tf.float32` or
`tf.bfloat16` (twice as fast where the processor has it); all else stays float32.

Sources: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; Cho et al. 2014; for the
sampled softmax Jean et al. 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any  # TensorFlow ships no usable type for its tensors


def _product(compute: tf.DType) -> Callable[..., Tensor]:
    """A 2-D matrix product in `compute` with a float32 result."""

    def product(a: Tensor, b: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
        result = tf.matmul(
            tf.cast(a, compute), tf.cast(b, compute), transpose_a=transpose_a, transpose_b=transpose_b
        )
        return tf.cast(result, tf.float32)

    return product


def _rows(x: Tensor) -> Tensor:
    """`[T, B, N]` as `[T * B, N]`."""
    return tf.reshape(x, [-1, x.shape[-1]])


def _delayed(x: Tensor) -> Tensor:
    """What stood one step earlier, zeros at the first: `[T, B, N] -> [T, B, N]`."""
    return tf.concat([tf.zeros_like(x[:1]), x[:-1]], 0)


def lstm_sequence(
    x: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor, compute: tf.DType = tf.float32
) -> Tensor:
    """Hidden states of an LSTM from a zero state: x `[T, B, E]` -> `[T, B, U]`; gates i, f, c, o."""
    product = _product(compute)
    units = recurrent_kernel.shape[0]

    @tf.custom_gradient
    def run(x: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor) -> Any:
        steps, batch = tf.shape(x)[0], tf.shape(x)[1]
        inputs = tf.reshape(product(_rows(x), kernel) + bias, [steps, batch, 4 * units])
        recurrent = tf.cast(recurrent_kernel, compute)
        zeros = tf.zeros([batch, units])

        def forward(t: Tensor, h: Tensor, c: Tensor, gates: Any, cells: Any, hidden: Any) -> Any:
            z = inputs[t] + product(h, recurrent)
            i_f = tf.sigmoid(z[:, : 2 * units])
            g = tf.tanh(z[:, 2 * units : 3 * units])
            o = tf.sigmoid(z[:, 3 * units :])
            c = i_f[:, units:] * c + i_f[:, :units] * g
            h = o * tf.tanh(c)
            return (
                t + 1,
                h,
                c,
                gates.write(t, tf.concat([i_f, g, o], 1)),
                cells.write(t, c),
                hidden.write(t, h),
            )

        arrays = [tf.TensorArray(tf.float32, steps, element_shape=[None, n * units]) for n in (4, 1, 1)]
        *_, gates, cells, hidden = tf.while_loop(
            lambda t, *_: t < steps, forward, [0, zeros, zeros, *arrays], parallel_iterations=1
        )
        gates, cells, hidden = gates.stack(), cells.stack(), hidden.stack()

        def gradient(d_hidden: Tensor) -> Any:
            earlier = _delayed(cells)
            squashed = tf.tanh(cells)

            # Transposed once: a product with a transposed matrix takes several times as long at every step.
            turned = tf.transpose(recurrent)

            def backward(t: Tensor, dh: Tensor, dc: Tensor, d_gates: Any) -> Any:
                i, f, g, o = tf.split(gates[t], 4, 1)
                dh = dh + d_hidden[t]
                dc = dc + dh * o * (1 - tf.square(squashed[t]))
                dz = tf.concat(
                    [
                        dc * g * i * (1 - i),
                        dc * earlier[t] * f * (1 - f),
                        dc * i * (1 - tf.square(g)),
                        dh * squashed[t] * o * (1 - o),
                    ],
                    1,
                )
                return t - 1, product(dz, turned), dc * f, d_gates.write(t, dz)

            array = tf.TensorArray(tf.float32, steps, element_shape=[None, 4 * units])
            *_, d_gates = tf.while_loop(
                lambda t, *_: t >= 0, backward, [steps - 1, zeros, zeros, array], parallel_iterations=1
            )
            dz = _rows(d_gates.stack())
            return (
                tf.reshape(product(dz, kernel, transpose_b=True), tf.shape(x)),
                product(_rows(x), dz, transpose_a=True),
                product(_rows(_delayed(hidden)), dz, transpose_a=True),
                tf.reduce_sum(dz, 0),
            )

        return hidden, gradient

    return run(x, kernel, recurrent_kernel, bias)


def gru_sequence(
    x: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor, compute: tf.DType = tf.float32
) -> Tensor:
    """Hidden states of a GRU from a zero state: x `[T, B, E]` -> `[T, B, U]`; gates z, r, h."""
    product = _product(compute)
    units = recurrent_kernel.shape[0]

    @tf.custom_gradient
    def run(x: Tensor, kernel: Tensor, recurrent_kernel: Tensor, bias: Tensor) -> Any:
        steps, batch = tf.shape(x)[0], tf.shape(x)[1]
        inputs = tf.reshape(product(_rows(x), kernel) + bias[0], [steps, batch, 3 * units])
        recurrent = tf.cast(recurrent_kernel, compute)
        zeros = tf.zeros([batch, units])

        def forward(t: Tensor, h: Tensor, gates: Any, inner: Any, hidden: Any) -> Any:
            a, b = inputs[t], product(h, recurrent) + bias[1]
            z_r = tf.sigmoid(a[:, : 2 * units] + b[:, : 2 * units])
            z, r = z_r[:, :units], z_r[:, units:]
            b_h = b[:, 2 * units :]
            candidate = tf.tanh(a[:, 2 * units :] + r * b_h)
            h = z * h + (1 - z) * candidate
            return (
                t + 1,
                h,
                gates.write(t, tf.concat([z_r, candidate], 1)),
                inner.write(t, b_h),
                hidden.write(t, h),
            )

        arrays = [tf.TensorArray(tf.float32, steps, element_shape=[None, n * units]) for n in (3, 1, 1)]
        *_, gates, inner, hidden = tf.while_loop(
            lambda t, *_: t < steps, forward, [0, zeros, *arrays], parallel_iterations=1
        )
        gates, inner, hidden = gates.stack(), inner.stack(), hidden.stack()

        def gradient(d_hidden: Tensor) -> Any:
            earlier = _delayed(hidden)

            turned = tf.transpose(recurrent)  # once, as above

            def backward(t: Tensor, dh: Tensor, d_inputs: Any, d_recurrent: Any) -> Any:
                z, r, candidate = tf.split(gates[t], 3, 1)
                dh = dh + d_hidden[t]
                d_candidate = dh * (1 - z) * (1 - tf.square(candidate))
                dz = dh * (earlier[t] - candidate) * z * (1 - z)
                dr = d_candidate * inner[t] * r * (1 - r)
                d_b = tf.concat([dz, dr, d_candidate * r], 1)
                return (
                    t - 1,
                    dh * z + product(d_b, turned),
                    d_inputs.write(t, tf.concat([dz, dr, d_candidate], 1)),
                    d_recurrent.write(t, d_b),
                )

            arrays = [tf.TensorArray(tf.float32, steps, element_shape=[None, 3 * units]) for _ in range(2)]
            *_, d_inputs, d_recurrent = tf.while_loop(
                lambda t, *_: t >= 0, backward, [steps - 1, zeros, *arrays], parallel_iterations=1
            )
            da, db = _rows(d_inputs.stack()), _rows(d_recurrent.stack())
            return (
                tf.reshape(product(da, kernel, transpose_b=True), tf.shape(x)),
                product(_rows(x), da, transpose_a=True),
                product(_rows(earlier), db, transpose_a=True),
                tf.stack([tf.reduce_sum(da, 0), tf.reduce_sum(db, 0)]),
            )

        return hidden, gradient

    return run(x, kernel, recurrent_kernel, bias)


def cross_entropy(
    hidden: Tensor,
    targets: Tensor,
    weights: Tensor,
    embeddings: Tensor,
    bias: Tensor,
    compute: tf.DType = tf.float32,
    rows: int = 512,
) -> Tensor:
    """Weighted sum of -log softmax(hidden @ embeddings.T + bias)[target], in nats.

    hidden `[N, D]`, targets `[N]` int, weights `[N]`, embeddings `[V, D]`, bias `[V]` -> scalar. Works on
    `rows` positions at a time and forms the gradient on the way: logits `[N, V]` never exist at once.
    """
    product = _product(compute)

    @tf.custom_gradient
    def run(hidden: Tensor, embeddings: Tensor, bias: Tensor) -> Any:
        count, size = tf.shape(hidden)[0], tf.shape(bias)[0]
        output = tf.cast(embeddings, compute)

        def chunk(start: Tensor, loss: Tensor, d_hidden: Any, d_output: Tensor, d_bias: Tensor) -> Any:
            end = tf.minimum(start + rows, count)
            h, y, w = hidden[start:end], targets[start:end], weights[start:end]
            logits = product(h, output, transpose_b=True) + bias
            # One pass gives both: the loss, and softmax minus one-hot.
            nats, slope = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=y)
            slope = slope * w[:, None]
            return (
                end,
                loss + tf.reduce_sum(nats * w),
                d_hidden.write(start // rows, product(slope, output)),
                d_output + product(slope, h, transpose_a=True),
                d_bias + tf.reduce_sum(slope, 0),
            )

        pieces = tf.TensorArray(
            tf.float32, (count + rows - 1) // rows, element_shape=[None, hidden.shape[-1]], infer_shape=False
        )
        _, loss, pieces, d_output, d_bias = tf.while_loop(
            lambda start, *_: start < count,
            chunk,
            [0, 0.0, pieces, tf.zeros_like(embeddings), tf.zeros([size])],
            parallel_iterations=1,
        )
        d_hidden = pieces.concat()
        return loss, lambda upstream: (upstream * d_hidden, upstream * d_output, upstream * d_bias)

    return run(hidden, embeddings, bias)


def sampled_cross_entropy(
    hidden: Tensor,
    targets: Tensor,
    weights: Tensor,
    embeddings: Tensor,
    bias: Tensor,
    log_expected: Tensor,
    candidates: Tensor,
    compute: tf.DType = tf.float32,
) -> Tensor:
    """`cross_entropy` against a sample of the vocabulary, at a fraction of the cost.

    candidates `[C]` are distinct word ids shared by the batch and log_expected `[V]` the log of each word's
    chance to be among them, by which all logits are corrected (Jean et al. 2015). A candidate that is the
    target itself is left out of its own row. The gradient leads to the same optimum as the full softmax; the
    value is that of an easier task, telling the target from the sample, and no perplexity.
    """
    product = _product(compute)
    rows = tf.gather(embeddings, candidates)
    others = product(hidden, rows, transpose_b=True) + tf.gather(bias - log_expected, candidates)
    others = tf.where(targets[:, None] == candidates[None, :], -1e9, others)
    own = tf.reduce_sum(hidden * tf.gather(embeddings, targets), 1) + tf.gather(bias - log_expected, targets)
    return tf.reduce_sum(weights * (tf.reduce_logsumexp(tf.concat([own[:, None], others], 1), 1) - own))


def unlikelihood(
    hidden: Tensor,
    pairs: Tensor,
    embeddings: Tensor,
    bias: Tensor,
    log_expected: Tensor,
    candidates: Tensor,
    compute: tf.DType = tf.float32,
) -> Tensor:
    """Sum of -log(1 - p) in nats over words that should not come next (Welleck et al. 2020).

    hidden `[N, D]`; pairs `[M, 2]` int, a row of `hidden` and the id of a word that is wrong there. The
    probability p is that of the full softmax, whose sum is estimated from `candidates` `[C]` as drawn for
    `sampled_cross_entropy` (with all words as candidates and zeros `[V]` as log_expected it is exact).
    """
    product = _product(compute)
    h = tf.gather(hidden, pairs[:, 0])
    rows = tf.gather(embeddings, candidates)
    logits = product(h, rows, transpose_b=True) + tf.gather(bias - log_expected, candidates)
    own = tf.reduce_sum(h * tf.gather(embeddings, pairs[:, 1]), 1) + tf.gather(bias, pairs[:, 1])
    return -tf.reduce_sum(tf.math.log1p(-tf.minimum(tf.exp(own - tf.reduce_logsumexp(logits, 1)), 0.99)))
