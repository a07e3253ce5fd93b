pragma circom 2.2.0;

include "./base8-multiply.circom";
include "./compare.circom";
include "./hash.circom";

/**
 * (2k + 2^N + 1) P for the number k of N bits, on the Montgomery form: six products a bit.
 *
 * The sum starts at 2P; each bit, from the top, makes it 2 sum + P or 2 sum - P as (sum +- P) + sum, without the v
 * of the first addition. For what multiples the incomplete additions fail: see Eddsa.
 *
 * @input bits[N] {binary}   k, lowest bit first
 * @input p                  Montgomery form of a point
 * @output out               Montgomery form
 */
template SignedMultiply(N) {
    signal input {binary} bits[N];
    signal input p[2];
    signal output out[2];
    signal u[N + 1];
    signal v[N + 1];
    signal term[N];
    signal slope[N];
    signal middle[N];
    signal slope2[N];

    signal square <== p[0] * p[0];
    signal tangent <-- (3 * square + 2 * MONTGOMERY_A() * p[0] + 1) / (2 * p[1]); // pinned: v is not 0
    tangent * (2 * p[1]) === 3 * square + 2 * MONTGOMERY_A() * p[0] + 1;
    u[0] <== tangent * tangent - MONTGOMERY_A() - 2 * p[0];
    v[0] <== tangent * (p[0] - u[0]) - p[1];

    for (var i = 0; i < N; i++) {
        term[i] <== (2 * bits[N - 1 - i] - 1) * p[1];
        slope[i] <-- (v[i] - term[i]) / (u[i] - p[0]); // pinned: sum is not P or -P
        slope[i] * (u[i] - p[0]) === v[i] - term[i];
        middle[i] <== slope[i] * slope[i] - MONTGOMERY_A() - u[i] - p[0];
        slope2[i] <-- 2 * v[i] / (u[i] - middle[i]) - slope[i]; // pinned: sum +- P is not sum or -sum
        (slope[i] + slope2[i]) * (u[i] - middle[i]) === 2 * v[i];
        u[i + 1] <== slope2[i] * slope2[i] - MONTGOMERY_A() - u[i] - middle[i];
        v[i + 1] <== slope2[i] * (u[i] - u[i + 1]) - v[i];
    }
    out[0] <== u[N];
    out[1] <== v[N];
}

/**
 * Tells whether (R8, s) is an EdDSA-Poseidon signature of a message by a key of the prime subgroup:
 * s B8 - 8 h A = R8 with h = Poseidon(R8, A, message).
 *
 * `valid` means this for keys of the prime subgroup only; for others it means nothing. Whoever uses it also binds the
 * key to a set of keys that were checked when they entered (SbtSlot does: the key is part of an anchor).
 *
 * 1. Multiplier. The bits stand for an integer K congruent to h + KAPPA modulo r with K < 2^254, hence for h + KAPPA or
 *    that plus or minus r: at most two challenges instead of one, which doubles a forger's chance and no more.
 *    2K + 2^254 + 1 = 2h modulo l by the choice of KAPPA, and the point is 4A, so that the product is 8 h A.
 * 2. Exceptions. The sum is m 4A with m = 2, then 2m + 1 or 2m - 1. An incomplete addition fails only if m or 2m is
 *    1 or -1 modulo l. While 2m + 1 < l that is impossible, so it is left for the last five steps: fewer than 2^9
 *    prefixes, fewer than 2^15 of the 2^254 values of K. Since h is a Poseidon hash, reaching one of them is as hard
 *    as a preimage attack on 238 bits, for a holder and for an issuer alike.
 * 3. s B8 - 8 h A is computed from points of the curve by the complete law and compared with R8, so that an R8 that is
 *    not on the curve equals nothing.
 * 4. s need not be below l: nothing is derived from a signature, so that a second form of it is harmless.
 *
 * @input A         a point of the curve other than those of order 1, 2, 4 (else there may be no witness)
 * @input R8        any field elements
 * @input s         below 2^252
 * @input message   any field element
 * @output valid {binary}
 */
template Eddsa() {
    signal input A[2];
    signal input R8[2];
    signal input s;
    signal input message;
    signal output {binary} valid;

    // -(2^254 + 1) / 2 modulo l
    var KAPPA = 574155819724977287348030823778388141763728763667049420668988134227319346733;
    signal h <== Hash(5)([R8[0], R8[1], A[0], A[1], message]);
    signal {binary} bits[254];
    // h + KAPPA may exceed r, so the hint adds the halves with a carry.
    var HALF = (1 << 128) - 1;
    var low = (h & HALF) + (KAPPA & HALF);
    var high = (h >> 128) + (KAPPA >> 128) + (low >> 128);
    var sum = 0;
    for (var i = 0; i < 254; i++) {
        bits[i] <-- i < 128 ? (low >> i) & 1 : (high >> (i - 128)) & 1; // pinned up to a multiple of r, see 1
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === h + KAPPA;

    signal A2[2] <== EdwardsAdd()(A, A);
    signal A4[2] <== EdwardsAdd()(A2, A2);
    signal product[2] <== ToEdwards()(SignedMultiply(254)(bits, ToMontgomery()(A4)));

    signal fixed[2] <== Base8Multiply()(Bits(252)(s));
    signal difference[2] <== EdwardsAdd()(fixed, [-product[0], product[1]]);
    signal sameX <== IsEqual()([difference[0], R8[0]]);
    signal sameY <== IsEqual()([difference[1], R8[1]]);
    valid <== sameX * sameY;
}
