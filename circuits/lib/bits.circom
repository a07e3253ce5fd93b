pragma circom 2.2.0;

/**
 * Enforces that a signal is 0 or 1.
 *
 * @input in              any field element
 * @output out {binary}   the same
 */
template Bit() {
    signal input in;
    signal output {binary} out;
    in * (in - 1) === 0;
    out <== in;
}

/** Bit() for each of N signals. */
template BitArray(N) {
    signal input in[N];
    signal output {binary} out[N];
    for (var i = 0; i < N; i++) out[i] <== Bit()(in[i]);
}

/**
 * Decomposes a number below 2^N into its bits, lowest first; a number that does not fit has no witness.
 *
 * N is at most 253: 2^253 < r, so that no two bit strings stand for the same field element.
 *
 * @param N               width, 1..253
 * @input in              any field element
 * @output out {binary}   the bits
 */
template Bits(N) {
    assert(N >= 1 && N <= 253);
    signal input in;
    signal output {binary} out[N];
    var sum = 0;
    for (var i = 0; i < N; i++) {
        out[i] <-- (in >> i) & 1; // pinned by the two lines below
        out[i] * (out[i] - 1) === 0;
        sum += out[i] * (1 << i);
    }
    sum === in;
}

/** The number that N bits stand for, lowest first. N is at most 253. */
template FromBits(N) {
    assert(N >= 1 && N <= 253);
    signal input {binary} in[N];
    signal output out;
    var sum = 0;
    for (var i = 0; i < N; i++) sum += in[i] * (1 << i);
    out <== sum;
}

/**
 * Enforces that the number with the given bits is at most C.
 *
 * From the top: `tight` is 1 while all bits so far equal those of C. Under a 1 of C it stays 1 only if the bit is
 * 1 too; under a run of 0s of C no bit may be 1 while it is 1, otherwise the number would be larger. A sum of a
 * run's bits is 0 only if each is, because there are fewer than r of them.
 *
 * @param N              width, 1..254
 * @param C              the bound, below 2^N
 * @input in {binary}    bits, lowest first
 */
template AtMostConstant(N, C) {
    signal input {binary} in[N];
    signal tight[N + 1];
    tight[N] <== 1;
    var run = 0;
    for (var i = N - 1; i >= 0; i--) {
        if (((C >> i) & 1) == 1) {
            tight[i] <== tight[i + 1] * in[i];
        } else {
            tight[i] <== tight[i + 1];
            run += in[i];
            var ends = i == 0;
            if (i > 0) { if (((C >> (i - 1)) & 1) == 1) ends = 1; }
            if (ends) {
                tight[i + 1] * run === 0;
                run = 0;
            }
        }
    }
}
