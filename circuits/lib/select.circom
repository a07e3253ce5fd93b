pragma circom 2.2.0;

/**
 * The value at a position given by its bits; positions from N on hold 0.
 *
 * @param N                 number of values
 * @param B                 number of bits, 2^B >= N
 * @input in[N]             any field elements
 * @input index[B] {binary} position, lowest bit first
 * @output out              in[index]
 */
template Select(N, B) {
    assert((1 << B) >= N);
    signal input in[N];
    signal input {binary} index[B];
    signal output out;
    // Level l halves the values by bit l; only pairs with at least one value cost a product.
    signal level[B + 1][N];
    for (var i = 0; i < N; i++) level[0][i] <== in[i];
    var size = N;
    for (var l = 0; l < B; l++) {
        var half = (size + 1) \ 2;
        for (var i = 0; i < N; i++) {
            if (i < half) {
                if (2 * i + 1 < size) {
                    level[l + 1][i] <== level[l][2 * i] + index[l] * (level[l][2 * i + 1] - level[l][2 * i]);
                } else {
                    level[l + 1][i] <== level[l][2 * i] * (1 - index[l]);
                }
            } else {
                level[l + 1][i] <== 0;
            }
        }
        size = half;
    }
    out <== level[B][0];
}
