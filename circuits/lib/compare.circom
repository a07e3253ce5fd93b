pragma circom 2.2.0;

include "./bits.circom";

/**
 * Tells whether a signal is 0.
 *
 * If in = 0 the first constraint makes out 1; if not, the second makes it 0.
 *
 * @input in              any field element
 * @output out {binary}   1 if in = 0, else 0
 */
template IsZero() {
    signal input in;
    signal output {binary} out;
    signal inverse <-- in != 0 ? 1 / in : 0; // pins nothing by itself: out is pinned by the two constraints
    out <== 1 - in * inverse;
    in * out === 0;
}

/** Tells whether two field elements are equal. */
template IsEqual() {
    signal input in[2];
    signal output {binary} out <== IsZero()(in[0] - in[1]);
}

/**
 * Tells whether a >= b, for numbers less than 2^N apart; others have no witness.
 *
 * a - b + 2^N is decomposed into N + 1 bits, so that a - b is one of the integers from -2^N to 2^N - 1, and the top
 * bit is its sign. Which integers a and b stand for is up to the caller: with both in a range of 2^N it is their
 * order; with one of them trusted, the other lies within 2^N of it.
 *
 * @param N               1..252
 * @input in[2]           a and b, any field elements
 * @output out {binary}   1 if a >= b, else 0
 */
template AtLeast(N) {
    assert(N >= 1 && N <= 252);
    signal input in[2];
    signal output {binary} out;
    signal {binary} bits[N + 1] <== Bits(N + 1)(in[0] - in[1] + (1 << N));
    out <== bits[N];
}
