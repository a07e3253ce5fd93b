pragma circom 2.2.0;

include "./babyjub.circom";
include "./base8-table.circom";

/**
 * scalar * B8 for a scalar of 252 bits, two bits a window: four products each.
 *
 * With e_j = 2 b_j - 1 in {1, -1} and H = B8 / 2, scalar * B8 = sum of e_j 2^j H + K for K = (2^252 - 1) H. Window w
 * adds d 4^w H with d = e_2w + 2 e_(2w+1) in {1, -1, 3, -3}. On the Montgomery form u depends on the product of
 * the two signs alone and v is linear in them, so that a table look-up costs the one product of two bits.
 *
 * The additions are the incomplete ones, and never meet an exception: before window w the sum is m H with
 * |m| < 4^w <= |d 4^w|, and for w <= 124 all of |m| + |d 4^w| < 4^(w+1) <= 2^250 stays below l, so that m is neither
 * d 4^w nor -d 4^w modulo l, nor is any sum 0. The last window, where this fails, comes with K from one table of
 * four points by the complete law. The constants are literals: see base8-table.circom.
 *
 * @input bits[252] {binary}   the scalar, lowest bit first
 * @output out                 the point, Edwards form
 */
template Base8Multiply() {
    signal input {binary} bits[252];
    signal output out[2];
    var window[125][4] = BASE8_WINDOWS();
    var final[4][2] = BASE8_LAST_WINDOW();
    signal both[126];
    component add[124];
    var sum[2];
    var low;
    var high;
    for (var w = 0; w < 125; w++) {
        both[w] <== bits[2 * w] * bits[2 * w + 1];
        low = 2 * bits[2 * w] - 1;
        high = 2 * bits[2 * w + 1] - 1;
        var term[2] = [
            window[w][0] + window[w][1] * (4 * both[w] - low - high - 1),
            window[w][2] * low + window[w][3] * high
        ];
        if (w == 0) {
            sum = term;
        } else {
            add[w - 1] = MontgomeryAdd();
            add[w - 1].p <== sum;
            add[w - 1].q <== term;
            sum = add[w - 1].out;
        }
    }

    // The order of the four points is that of the two bits, the low one first.
    both[125] <== bits[250] * bits[251];
    signal last[2];
    for (var i = 0; i < 2; i++) {
        last[i] <== final[0][i] + bits[250] * (final[1][i] - final[0][i]) + bits[251] * (final[2][i] - final[0][i])
            + both[125] * (final[3][i] - final[2][i] - final[1][i] + final[0][i]);
    }
    out <== EdwardsAdd()(ToEdwards()(sum), last);
}
