pragma circom 2.2.0;

include "poseidon.circom";

/** Poseidon of 1 to 16 field elements, circomlib's parameters: the only place where its template is used. */
template Hash(N) {
    signal input in[N];
    signal output out <== Poseidon(N)(in);
}

/**
 * Chained Poseidon of N field elements behind a domain tag, in blocks of 15 with the state in front.
 *
 * N is fixed by the template, so that no two inputs of different length meet. Same as `poseidonChain` in
 * `src/crypto/poseidon.ts`.
 */
template HashChain(N) {
    signal input tag;
    signal input in[N];
    signal output out;
    var blocks = (N + 14) \ 15;
    signal state[blocks + 1];
    state[0] <== tag;
    component hash[blocks];
    for (var b = 0; b < blocks; b++) {
        var length = b == blocks - 1 ? N - 15 * b : 15;
        hash[b] = Hash(length + 1);
        hash[b].in[0] <== state[b];
        for (var i = 0; i < length; i++) hash[b].in[i + 1] <== in[15 * b + i];
        state[b + 1] <== hash[b].out;
    }
    out <== state[blocks];
}
